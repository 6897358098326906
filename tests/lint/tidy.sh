#!/bin/sh
# clang-tidy over src/ with the checks of .clang-tidy. usage: tests/lint/tidy.sh BUILD (a build made with clang)
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd) || exit 2
cd "$root" || exit 2
if ! command -v clang-tidy >/dev/null || [ ! -s "$build/compile_commands.json" ]; then
  echo "clang-tidy is not installed, or $build is not a build folder: nothing was checked"
  exit 2
fi
# What is not compiled in this build, and what only the build itself runs, has no entry in compile_commands.json.
files=$(find src -name '*.c' ! -name '*_linked.c' ! -name '*_sanitized.c' ! -path '*/gen/*' | sort)
if [ -z "$files" ]; then
  echo "no file was found below $root/src"
  exit 2
fi
# What it says on stderr is how many warnings of other people's headers it left out.
echo "$files" | xargs -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet 2>/dev/null
status=$?
if [ $status != 0 ]; then
  echo "clang-tidy found something (see above), or could not run; .clang-tidy says what it looks for"
  exit 1
fi
