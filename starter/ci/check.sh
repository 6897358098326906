#!/bin/sh
# Checks every bundle and packs it into dist/. Needs neither network nor keys. Arguments go to `sentinel test`.
set -eu
mkdir -p dist
for manifest in policies/*/bundle.yaml; do
  bundle=${manifest%/bundle.yaml}
  sentinel policy validate "$bundle"
  sentinel policy lint "$bundle"
  sentinel policy pack "$bundle" --out "dist/${bundle##*/}.bundle"
done
sentinel test --report junit=junit.xml --report cobertura=coverage.xml \
  --min-rule 100 --min-condition 100 --mutate "$@" policies
