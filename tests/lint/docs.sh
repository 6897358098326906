#!/bin/sh
# The generated pages of docs/, and the tables in docs/configuration.md and docs/doctor.md, are what the program's tables
# say, and docs/lua-api.md what the comments of its Lua do. The manual page is one that groff reads without a warning.
# usage: tests/lint/docs.sh GEN_DOCS [--write]
set -u
status=0

differs() { # differs FILE: says what to do
  echo "$1 is not what the tables say; run: tests/lint/docs.sh $gen_docs --write"
  status=1
}

check_page() { # check_page NAME FILE [--write]: a page that is generated as a whole
  if [ "${3:-}" = --write ]; then
    "$gen_docs" "$1" >"$2"
  elif ! "$gen_docs" "$1" | diff -u "$2" -; then
    differs "$2"
  fi
}

check_table() { # check_table NAME FILE [--write]: a table between the lines <!-- NAME --> and <!-- /NAME -->
  "$gen_docs" "$1" >"$scratch/wanted" || exit 1
  sed -n "/^<!-- $1 -->\$/,/^<!-- \\/$1 -->\$/p" "$2" >"$scratch/given"
  if [ "${3:-}" = --write ] && [ -s "$scratch/given" ]; then
    sed -e "/^<!-- \\/$1 -->\$/r $scratch/wanted" -e "/^<!-- $1 -->\$/,/^<!-- \\/$1 -->\$/d" "$2" >"$scratch/page" &&
      cat "$scratch/page" >"$2"
  elif ! diff -u "$scratch/given" "$scratch/wanted"; then
    [ -s "$scratch/given" ] || echo "$2 lacks the lines <!-- $1 --> and <!-- /$1 -->; put them back first"
    differs "$2"
  fi
}

gen_docs=$1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
check_page commands docs/commands.md "${2:-}"
check_page errors docs/errors.md "${2:-}"
check_page man docs/sentinel.1 "${2:-}"
check_table settings docs/configuration.md "${2:-}"
check_table checks docs/doctor.md "${2:-}"

if command -v groff >/dev/null; then
  groff -man -ww -Tutf8 -z docs/sentinel.1 2>"$scratch/warnings"
  if [ -s "$scratch/warnings" ]; then
    cat "$scratch/warnings"
    echo "docs/sentinel.1 is not a clean manual page; correct tests/tools/gen_man.c"
    status=1
  fi
fi

if command -v lua5.4 >/dev/null; then
  lua5.4 tests/tools/lua_api.lua >"$scratch/api" || exit 1
  if [ "${2:-}" = --write ]; then
    cat "$scratch/api" >docs/lua-api.md
  elif ! diff -u docs/lua-api.md "$scratch/api"; then
    differs docs/lua-api.md
  fi
else
  echo "docs/lua-api.md is not checked: there is no lua5.4"
fi
exit $status
