#!/bin/bash
# node.sh CONCURRENCY FILE... - runs test files with the tests' own node; BIN: where our programs are.
#
# These tests have deadlines, and a machine that does something else may miss one. So what failed is
# run once more, one file at a time: only what fails again fails the run. What passed then is named at
# the end, because a race of ours would look the same.
set -u
cd "$(dirname "$0")/.."
PATH="$PWD/build/node/bin:$PATH"
failed=$(mktemp)
trap 'rm -f "$failed"' EXIT

run() { # concurrency, files
	local n=$1
	shift
	: > "$failed"
	node --test --test-concurrency="$n" --test-reporter=spec --test-reporter-destination=stdout \
		--test-reporter=./tests/failed-files.mjs --test-reporter-destination="$failed" "$@"
}

run "$@" && exit 0
mapfile -t again < "$failed"
[ ${#again[@]} -gt 0 ] || exit 1
echo "once more: ${again[*]}"
run 1 "${again[@]}" || exit 1
echo "FAILED AT FIRST, PASSED ALONE: ${again[*]}"
