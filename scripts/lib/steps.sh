# Telling people what happens and how long it takes. Sourced by the scripts beside this folder.

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' green='' red='' plain=''
fi

# step TEXT COMMAND...: says what begins, runs it, and says how long it took. Ends the script where it fails.
step() {
  local text=$1 begin=$EPOCHREALTIME
  shift
  printf '%s▸ %s%s\n' "$bold" "$text" "$plain"
  "$@" || { printf '%s✗ %s failed after %s%s\n' "$red" "$text" "$(since "$begin")" "$plain" >&2; exit 1; }
  printf '%s✓ %s (%s)%s\n' "$green" "$text" "$(since "$begin")" "$plain"
}

# since EPOCHREALTIME: the time since then, in seconds.
since() {
  local begin=${1/[.,]/} now=${EPOCHREALTIME/[.,]/}
  printf '%d.%d s' $(((now - begin) / 1000000)) $(((now - begin) / 100000 % 10))
}

fail() {
  printf '%s✗ %s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}

# wait_for SECONDS COMMAND...: tries until it succeeds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# as_root COMMAND...: as root, directly or through sudo where that asks for no password.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

may_be_root() {
  ((EUID == 0)) || sudo -n true 2>/dev/null
}

# install_packages NAME...: from Debian. A repository that does not answer need not be the one they come from.
install_packages() {
  as_root apt-get update --quiet=2 -o Acquire::Retries=3 || true
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet=2 --no-install-recommends -o Acquire::Retries=3 "$@" >/dev/null
}
