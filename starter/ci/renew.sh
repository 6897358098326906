#!/bin/sh
# Signs what is in force again, for another 30 days. Run it once a week: a bundle whose signature has run out is refused.
set -eu
. ci/key.sh
for manifest in policies/*/bundle.yaml; do
  bundle=${manifest%/bundle.yaml}
  sentinel policy sign "${bundle##*/}" --renew --valid 30d --config config.yaml --key "$key" --yes
done
