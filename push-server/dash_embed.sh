#!/bin/sh
# Turn the dashboard's files into the table that dash_files.c searches.
# usage: push-server/dash_embed.sh NAME=FILE ... > build/gen/dash_table.c
set -eu
printf '/* made by push-server/dash_embed.sh; do not edit */\n#include "dash_files.h"\n\n'
printf 'const struct dash_file dash_files[] = {\n'
for pair in "$@"; do
	printf '\t{ .name = "%s", .text =\n' "${pair%%=*}"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^.*$/\t  "&\\n"/' "${pair#*=}"
	printf '\t},\n'
done
printf '};\nconst size_t dash_file_count = sizeof dash_files / sizeof *dash_files;\n'
