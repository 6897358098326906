# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used where it is sourced
# What scripts/demo and scripts/test share: what a machine needs, and building.

SNT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SNT_BUILD=${SENTINEL_BUILD_ROOT:-$SNT_ROOT/build}
JOBS=$(nproc)

SNT_PACKAGES_BUILD=(gcc cmake ninja-build pkg-config lua5.4 liblua5.4-dev lua-cjson lua-cjson-dev libyaml-dev
  libssl-dev libcurl4-openssl-dev libjansson-dev libexpat1-dev libzstd-dev libseccomp-dev libmaxminddb-dev
  libsystemd-dev libtss2-dev musl-dev libcmocka-dev python3 python3-venv tzdata ca-certificates openssl curl)
SNT_PACKAGES_TEST=(lua-busted lua-check clang-format faketime git dbus gnome-keyring libsecret-tools keyutils zsh fish
  groff xvfb xdotool zenity pinentry-gnome3 pinentry-curses gcr openssh-client swtpm swtpm-tools tpm2-tools
  libtss2-tcti-swtpm0 pass gnupg golang-docker-credential-helpers python3-jwcrypto python3-dbus iproute2 zstd)
SNT_PACKAGES_FULL=(clang clang-tidy valgrind)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\033[1m' GREEN=$'\033[32m' RED=$'\033[31m' DIM=$'\033[2m' PLAIN=$'\033[0m'
else
  BOLD='' GREEN='' RED='' DIM='' PLAIN=''
fi

say() { printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN"; }
fail() {
  printf '%sfailed: %s%s\n' "$RED" "$*" "$PLAIN" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# Installs the Debian packages that are missing.
install_packages() {
  local missing=() name
  for name in "$@"; do
    if ! dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed'; then
      missing+=("$name")
    fi
  done
  if [ ${#missing[@]} = 0 ]; then
    return
  fi
  say "installing from Debian: ${missing[*]}"
  local log=$SNT_BUILD/install.log
  mkdir -p "$SNT_BUILD"
  if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "these packages cannot be installed: ${missing[*]}"
  fi
}

# The package that holds clang's sanitizer and fuzzer runtime: its name has the version of this distribution's clang.
clang_runtime_package() {
  local version
  version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\).*/\1/p' | head -n 1)
  echo "libclang-rt-${version:-14}-dev"
}

python_fits() {
  "$1" - <<'P' >/dev/null 2>&1
import sys
from importlib.metadata import version
import boto3, moto.server, awscli
def number(name):
    return tuple(int(part) for part in version(name).split(".")[:2])
sys.exit(0 if number("awscli") >= (1, 29) and number("boto3") >= (1, 28) and number("moto") >= (5, 0) else 1)
P
}

# Sets PYTHON: one that has moto, boto3 and the AWS CLI; else a virtual environment of the build folder gets them.
find_python() {
  local candidate
  for candidate in "$SNT_BUILD/venv/bin/python" "$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)"; do
    if [ -x "$candidate" ] && python_fits "$candidate"; then
      PYTHON=$candidate
      return
    fi
  done
  say "installing moto, boto3 and the AWS CLI into $SNT_BUILD/venv"
  mkdir -p "$SNT_BUILD"
  local log=$SNT_BUILD/venv.log
  if ! { python3 -m venv "$SNT_BUILD/venv" &&
    "$SNT_BUILD/venv/bin/pip" install -q -r "$SNT_ROOT/scripts/requirements.txt"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "moto, boto3 and the AWS CLI cannot be installed"
  fi
  PYTHON=$SNT_BUILD/venv/bin/python
  python_fits "$PYTHON" || fail "the virtual environment $SNT_BUILD/venv does not work; remove it and try again"
}

# build NAME CMAKE-FLAG...: configures and builds build/NAME; says nothing when nothing is to be done. A folder that was
# configured by hand keeps its generator.
build() {
  local name=$1
  shift
  local folder=$SNT_BUILD/$name log=$SNT_BUILD/$name.log generator=()
  mkdir -p "$folder"
  [ -f "$folder/CMakeCache.txt" ] || generator=(-G Ninja)
  if ! { cmake -S "$SNT_ROOT" -B "$folder" ${generator[@]+"${generator[@]}"} "$@" &&
    cmake --build "$folder" -j "$JOBS"; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    fail "the build $name does not build; the whole output is in $log"
  fi
}
