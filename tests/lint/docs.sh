#!/bin/sh
# The generated pages of docs/, and the table in docs/configuration.md, are what the program's tables say, and
# docs/lua-api.md what the comments of its Lua do.
# usage: tests/lint/docs.sh GEN_DOCS [--write]
set -u
status=0
table=docs/configuration.md

differs() { # differs FILE: says what to do
  echo "$1 is not what the tables say; run: tests/lint/docs.sh $gen_docs --write"
  status=1
}

gen_docs=$1
for page in commands errors; do
  if [ "${2:-}" = --write ]; then
    "$gen_docs" $page >docs/$page.md
  elif ! "$gen_docs" $page | diff -u docs/$page.md -; then
    differs docs/$page.md
  fi
done

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
"$gen_docs" settings >"$scratch/wanted" || exit 1
sed -n '/^<!-- settings -->$/,/^<!-- \/settings -->$/p' $table >"$scratch/given"
if [ "${2:-}" = --write ] && [ -s "$scratch/given" ]; then
  sed -e "/^<!-- settings -->\$/r $scratch/wanted" -e '/^<!-- settings -->$/,/^<!-- \/settings -->$/d' $table \
    >"$scratch/page" && cat "$scratch/page" >$table
elif ! diff -u "$scratch/given" "$scratch/wanted"; then
  [ -s "$scratch/given" ] || echo "$table lacks the lines <!-- settings --> and <!-- /settings -->; put them back first"
  differs $table
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
