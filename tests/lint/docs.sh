#!/bin/sh
# The generated pages of docs/ are what the program's tables say. usage: tests/lint/docs.sh GEN_DOCS [--write]
set -u
status=0
for page in commands errors; do
  if [ "${2:-}" = --write ]; then
    "$1" $page >docs/$page.md
  elif ! "$1" $page | diff -u docs/$page.md - ; then
    echo "docs/$page.md is not what the tables say; run: tests/lint/docs.sh $1 --write"
    status=1
  fi
done
exit $status
