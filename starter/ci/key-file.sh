# Sets key to a file with what SENTINEL_SIGNING_KEY holds, which is gone when the script ends.
key=$(mktemp)
trap 'rm -f "$key"' EXIT
printf '%s\n' "${SENTINEL_SIGNING_KEY:?has to hold the private key of the configuration}" >"$key"
