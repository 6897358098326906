#!/bin/sh
# clang-tidy over src/ with the checks of .clang-tidy. usage: tests/lint/tidy.sh BUILD (a build made with clang)
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
cd "$root" || exit 2
git ls-files 'src/*.c' | grep -v -e '_linked\.c$' -e '_sanitized\.c$' -e '/gen/' |
  xargs -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet 2>/dev/null
status=$?
[ $status = 0 ] || echo "clang-tidy found something (see above); .clang-tidy says what it looks for and why"
exit $status
