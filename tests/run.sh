#!/bin/bash
# run.sh (make run) - the whole of Charla on this machine's loopback, in the foreground.
#
# Installs what is missing, builds, starts push server, AI worker, fcgi-app and lighttpd, prints one
# address. Ctrl-C stops all; when one of them dies, all stop. Without a usable AI_API_KEY
# gemini-standin answers. HTTP_PORT, PUSH_PORT and VAR_DIR override; .env is read as it stands.
set -euo pipefail
cd "$(dirname "$0")/.."

BIN=build/release/bin
START_SECONDS=20 # a program that is not there by then will not come
STOP_SECONDS=8   # more than PUSH_DRAIN_SECONDS; who is not gone by then is killed
TELLS_ADDRESS='^push-server listening on\|^gemini-standin http:'
ENV_FILE=${ENV_FILE:-.env}
pids=()   # of our children
names=()  # theirs, in the same order

say() { echo "charla: $*"; }
die() {
	echo "charla: $*" >&2
	exit 1
}

# The first of the names that the environment, then the .env has; else the last argument.
setting() {
	local default=${!#} name value
	for name in "${@:1:$#-1}"; do
		[ -z "${!name:-}" ] || { echo "${!name}"; return; }
	done
	for name in "${@:1:$#-1}"; do
		[ -r "$ENV_FILE" ] || break
		value=$(sed -n "s/^\(export \)\{0,1\}$name=[\"']\{0,1\}\([^\"'#[:space:]]*\).*/\2/p" "$ENV_FILE" | tail -n 1)
		[ -z "$value" ] || { echo "$value"; return; }
	done
	echo "$default"
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

need_free_port() {
	case $2 in
	'' | *[!0-9]*) die "$1=$2 is no port number" ;;
	esac
	! answers "$2" || die "port $2 of 127.0.0.1 is taken: stop who holds it, or choose another one: make run $1=8123"
}

# start NAME COMMAND...: in the background, each line of its output with its name in front. Lines that
# tell an address are kept in NAME.said; the one that is shown as http:// is Charla's.
start() {
	local name=$1 prefix
	shift
	printf -v prefix '%-8s| ' "$name"
	: > "$run_dir/$name.said"
	"$@" > >(trap '' INT TERM && exec sed -u -e "/$TELLS_ADDRESS/w $run_dir/$name.said" \
		-e 's|^gemini-standin http://|gemini-standin |' -e "s/^/$prefix/") \
		2>&1 < /dev/null &
	pids+=($!)
	names+=("$name")
}

# wait_until NAME COMMAND...: until that succeeds, while the youngest child lives.
wait_until() {
	local name=$1 pid=${pids[-1]}
	shift
	for ((i = 0; i < START_SECONDS * 20; i++)); do
		! "$@" || return 0
		kill -0 "$pid" 2>/dev/null || die "$name did not start; its last words are above"
		sleep 0.05
	done
	die "$name is not there after $START_SECONDS seconds"
}

stop_all() {
	local pid i alive
	trap '' INT TERM HUP
	trap - EXIT
	# The web server first, so that nobody comes while the others leave.
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill -TERM "${pids[i]}" 2>/dev/null || :; done
	for ((i = 0; i < STOP_SECONDS * 20; i++)); do
		alive=
		for pid in "${pids[@]}"; do ! kill -0 "$pid" 2>/dev/null || alive=1; done
		[ -n "$alive" ] || break
		sleep 0.05
	done
	for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || :; done
	wait
	[ -z "${run_dir:-}" ] || rm -rf "$run_dir"
}

# One of ours has ended: say which and stop the rest.
watch() {
	local i status=0
	wait -n "${pids[@]}" || status=$?
	for i in "${!pids[@]}"; do
		kill -0 "${pids[i]}" 2>/dev/null || die "${names[i]} has ended (status $status): stopping the rest"
	done
}

# A conf of ours with other values in its block of variables: configure FILE NAME=VALUE...
configure() {
	local script='' pair
	for pair in "${@:2}"; do script+="s|^var\\.${pair%%=*} .*|var.${pair%%=*} = ${pair#*=}|;"; done
	sed "$script" "$1"
}

start_push_server() {
	start push "$BIN/push-server" serve --port="$push_port"
	wait_until push-server test -s "$run_dir/push.said"
}

start_standin() {
	start standin "$BIN/gemini-standin" --port=0 --fault=first=400,delay=40 # as a person reads
	wait_until gemini-standin test -s "$run_dir/standin.said"
	AI_BASE_URL=$(sed 's/^gemini-standin //;q' "$run_dir/standin.said")
	export AI_BASE_URL
	say "no usable AI_API_KEY: a demonstration model answers (gemini-standin)"
}

start_lighttpd() {
	cp conf/lighttpd-common.conf "$run_dir/"
	configure conf/lighttpd.conf www="\"$PWD/www\"" api_socket="\"$run_dir/api.sock\"" \
		push_port="$push_port" bind='"127.0.0.1"' port="$http_port" user='""' \
		upload_dir="\"$run_dir\"" error_log='"/dev/stderr"' > "$run_dir/lighttpd.conf"
	PATH=$PATH:/usr/sbin:/sbin start lighttpd lighttpd -D -f "$run_dir/lighttpd.conf"
	wait_until lighttpd answers "$http_port"
}

http_port=${HTTP_PORT:-8080}
push_port=$(setting PUSH_PORT LARAVEL_WEBSOCKETS_PORT 6001)
need_free_port HTTP_PORT "$http_port"
need_free_port PUSH_PORT "$push_port"

tests/deps.sh run
"${MAKE:-make}" --no-print-directory -s -j2 all gemini-standin
"${MAKE:-make}" --no-print-directory -s www ||
	say "the page's libraries could not be fetched: it sends, polls and shows plain text"

export VAR_DIR
VAR_DIR=$(setting VAR_DIR "$PWD/var")
mkdir -p "$VAR_DIR"
"$BIN/fcgi-app" --check-config > /dev/null || {
	"$BIN/fcgi-app" --check-config >&2
	exit 1
}
# Sockets have short names: not in VAR_DIR, whose path may be long.
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/charla.XXXXXX")
export LARAVEL_WEBSOCKETS_PORT=$push_port PUSH_DRAIN_SECONDS=${PUSH_DRAIN_SECONDS:-1}
export PUSH_SOCKET=$run_dir/push.sock WORKER_SOCKET=$run_dir/worker.sock
trap stop_all EXIT
trap 'echo; say "stopping"; exit 0' INT TERM HUP

start_push_server
! "$BIN/fcgi-app" --is-demo || start_standin
start worker "$BIN/fcgi-app" --worker
wait_until worker test -S "$WORKER_SOCKET"
AI_WORKER=external start app "$BIN/fcgi-app" --listen "$run_dir/api.sock"
wait_until fcgi-app test -S "$run_dir/api.sock"
start_lighttpd
echo "Charla: http://127.0.0.1:$http_port/"
watch
