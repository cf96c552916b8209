#!/bin/bash
# chroot.sh [DIR] - proves, as root, that a clean clone works on a fresh Debian 12 that has git and make
# and nothing else: "make run" answers, "make test" is green, no web server of the system was started.
#
# DIR (/var/tmp/charla-chroot) keeps the base system between runs. The mirror is this machine's own,
# taken from its apt sources. Everything runs in namespaces of its own: nothing stays mounted, nothing
# stays alive. Needs: debootstrap, curl.
set -euo pipefail
cd "$(dirname "$0")/.."

SUITE=bookworm
DIR=${1:-/var/tmp/charla-chroot}
START_SECONDS=900 # packages are downloaded and everything is built

say() { echo "chroot: $*"; }
die() {
	echo "chroot: $*" >&2
	exit 1
}

# The sources of this machine that are Debian's, in either form that apt knows.
sources() {
	local f
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
		[ ! -r "$f" ] || ! grep -qE "^(Suites:.*|deb .*) $SUITE( |\$)" "$f" || echo "$f"
	done
}

mirror() {
	local f
	for f in $(sources); do
		case $f in
		*.sources) awk '$1 == "URIs:" { print $2; exit }' "$f" ;;
		*) awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; exit } }' "$f" ;;
		esac
	done | head -n 1
}

make_base() {
	[ ! -e "$DIR/base/.complete" ] || return 0
	local from
	from=$(mirror)
	[ -n "$from" ] || die "this machine's apt sources name no mirror of Debian $SUITE"
	say "making the base system in $DIR/base"
	rm -rf "$DIR/base"
	mkdir -p "$DIR"
	debootstrap --variant=minbase --include=git,make,ca-certificates "$SUITE" "$DIR/base" "$from" > "$DIR/debootstrap.log"
	touch "$DIR/base/.complete"
}

# A copy of the base with this machine's way to the network, and a clean clone in /srv/charla.
prepare() {
	local f
	rm -rf "$DIR/run"
	cp -a "$DIR/base" "$DIR/run"
	rm -f "$DIR/run/etc/apt/sources.list" "$DIR/run/usr/sbin/policy-rc.d"
	for f in $(sources) /etc/apt/apt.conf.d/*proxy*; do
		[ ! -e "$f" ] || install -D -m 644 "$f" "$DIR/run$f"
	done
	cp -L /etc/resolv.conf /etc/hosts "$DIR/run/etc/"
	cp -a /etc/ssl/certs/. "$DIR/run/etc/ssl/certs/"
	cp -aL /usr/local/share/ca-certificates/. "$DIR/run/usr/local/share/ca-certificates/" 2>/dev/null || :
	git clone -q --no-local . "$DIR/run/srv/charla"
}

free_port() {
	local port
	for _ in {1..100}; do
		port=$((20000 + RANDOM % 10000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
	die "no free port"
}

inside() {
	chroot "$DIR/run" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

no_service_runs() {
	local found
	found=$(for f in /proc/[0-9]*/comm; do cat "$f" 2>/dev/null || :; done | grep -xE 'lighttpd|apache2|supervisord|nginx' || :)
	[ -z "$found" ] || die "a service of the system was started: $found"
	[ ! -e "$DIR/run/usr/sbin/policy-rc.d" ] || die "policy-rc.d was left behind"
}

check_make_run() {
	local http push log=$DIR/make-run.log pid page
	http=$(free_port)
	push=$(free_port)
	say "make run (log: $log)"
	inside make -C /srv/charla run "HTTP_PORT=$http" "PUSH_PORT=$push" > "$log" 2>&1 &
	pid=$!
	for ((i = 0; i < START_SECONDS * 2; i++)); do
		! grep -q "^Charla: http://127.0.0.1:$http/$" "$log" || break
		kill -0 "$pid" 2>/dev/null || { tail -n 30 "$log"; die "make run ended"; }
		sleep 0.5
	done
	# whole before it is looked at: grep -q leaves early, and curl's broken pipe would be a failure
	page=$(curl -sf --retry 5 --retry-connrefused "http://127.0.0.1:$http/") || die "no answer"
	[[ $page == *"<title>Charla"* ]] || die "no page: $page"
	curl -sf "http://127.0.0.1:$http/vendor/pusher.min.js" > /dev/null || die "the page's libraries are missing"
	page=$(curl -sf "http://127.0.0.1:$http/api/health") || die "no health"
	[[ $page == *'"ready":true'* ]] || die "not ready: $page"
	say "make run answers after $i half seconds"
	# TERM and not INT: a background process of a script ignores INT
	pkill -TERM --parent "$(pgrep --parent "$pid" -x make || echo "$pid")" || :
	for ((i = 0; i < 40; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.5
	done
	! kill -0 "$pid" 2>/dev/null || die "make run did not stop"
	wait "$pid" || :
	no_service_runs
}

check_make_test() {
	say "make test (log: $DIR/make-test.log)"
	inside make -C /srv/charla test > "$DIR/make-test.log" 2>&1 ||
		{ tail -n 60 "$DIR/make-test.log"; die "make test failed"; }
	grep -E '^. (tests|pass|fail) ' "$DIR/make-test.log" || :
	no_service_runs
	# what git does not ignore is as it was cloned
	[ -z "$(inside git -C /srv/charla status --porcelain)" ] || die "make test left files that git does not ignore"
}

in_namespaces() {
	mount --make-rprivate /
	mount -t proc proc /proc
	mount -t proc proc "$DIR/run/proc"
	mount --rbind /dev "$DIR/run/dev"
	mount -t sysfs sysfs "$DIR/run/sys"
	check_make_run
	check_make_test
	say "a clean clone works on a fresh Debian $SUITE"
}

[ "$(id -u)" -eq 0 ] || die "chroot needs root"
if [ "${CHARLA_IN_NAMESPACES:-}" = 1 ]; then
	in_namespaces
else
	make_base
	prepare
	CHARLA_IN_NAMESPACES=1 exec unshare --mount --pid --fork --kill-child "$PWD/tests/chroot.sh" "$DIR"
fi
