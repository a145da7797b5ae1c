# What a fresh machine needs. Sourced by the scripts beside this folder, after steps.sh.

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
root=$(dirname "$root")
cd "$root" || exit 1

# Docker is stopped at the end where it had to be started by hand: nothing stays that was not there.
started_docker=''

install_tools() {
  may_be_root || fail "curl, gcc and python3 are needed. As root: apt-get install curl gcc libc6-dev python3"
  install_packages ca-certificates curl gcc libc6-dev python3
}

# Only the programs: a server of Debian's own making is neither needed nor left running.
install_postgresql() {
  may_be_root || fail "the tests need PostgreSQL. As root: apt-get install postgresql"
  as_root mkdir -p /etc/postgresql-common/createcluster.d
  echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.d/ruche.conf >/dev/null
  install_packages postgresql
}

# set_up_postgresql: what the tests of the store need beside set_up.
set_up_postgresql() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ||
    step "Installing PostgreSQL from Debian's packages" install_postgresql
}

install_browser() {
  may_be_root || fail "the page's tests need Node 20 with npm, and Chromium. As root: apt-get install nodejs npm chromium"
  local missing=()
  command -v npm >/dev/null || missing+=(nodejs npm)
  command -v chromium >/dev/null || missing+=(chromium)
  install_packages "${missing[@]}"
}

# set_up_browser: what the page is built and tried with.
set_up_browser() {
  { command -v npm && command -v chromium; } >/dev/null ||
    step "Installing a browser from Debian's packages" install_browser
  [[ $(node -p 'process.versions.node.split(".")[0]') -ge 20 ]] ||
    fail "the page is built with Node 20 or newer, and this is $(node --version): see https://nodejs.org"
}

set_up() {
  command -v cargo >/dev/null || fail "Rust is not installed: see https://rustup.rs"
  if ! { command -v curl && command -v cc && command -v python3; } >/dev/null; then
    step "Installing tools from Debian's packages" install_tools
  fi
  # Where no registry can be reached, the images' base comes from a Debian mirror.
  if ! command -v mmdebstrap debootstrap >/dev/null && command -v apt-get >/dev/null && may_be_root; then
    step "Installing mmdebstrap from Debian's packages" install_packages mmdebstrap
  fi
  # One that `docker-engine start` has left running for a longer time is not this script's to stop.
  [[ -e /proc/$(cat /run/ruche-dockerd/pid 2>/dev/null || echo none) ]] || started_docker=yes
  scripts/docker-engine start
}

tear_down() {
  [[ -z $started_docker ]] || scripts/docker-engine stop
}

# What demos and tests run. `runner images build` builds all languages: five gigabytes, and a quarter of an hour.
basic_images=(python gcc jdk node)

# build_images PROFILE [LANGUAGE...]
build_images() {
  local profile=$1
  shift
  step "Building the language images (once per machine)" as_root "target/$profile/runner" images build "$@"
}

# selftest PROFILE: a runner offers nothing before its sandboxes have withstood the hostile programs.
selftest() {
  step "Attacking the sandbox (once per machine)" as_root "target/$1/runner" selftest --unless-passed
}
