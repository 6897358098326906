#!/bin/sh
# Says what each bundle would change: who gains and who loses access. usage: ci/compare.sh COMMIT, such as origin/main
set -eu
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
git archive "$1" | tar -x -C "$before"
for manifest in policies/*/bundle.yaml; do
  bundle=${manifest%/bundle.yaml}
  echo "== $bundle"
  if [ ! -e "$before/$manifest" ]; then
    echo "is new"
    continue
  fi
  # Differences end with 1, which is no failure here.
  sentinel policy diff --semantic "$before/$bundle" "$bundle" || [ $? = 1 ]
done
