#!/bin/sh
# Signs what changed and puts it in force. The environment holds AWS credentials that may do what iam/ allows the
# publisher, and SENTINEL_SIGNING_KEY with the private key, unless KMS signs.
set -eu
. ci/key.sh
for manifest in policies/*/bundle.yaml; do
  bundle=${manifest%/bundle.yaml}
  sentinel policy push "${bundle##*/}" "$bundle" --config config.yaml --key "$key" --yes
done
