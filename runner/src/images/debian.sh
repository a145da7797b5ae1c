# shellcheck shell=sh
# Writes a small Debian root file system to standard output as a tar stream, and what it is doing to standard error.
# Usage: sh debian.sh SUITE. Ends with 69 where the tools for it are not installed.
set -eu

suite=$1
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# A Debian host already knows a mirror that it can reach; elsewhere the tool's own default has to do.
host_mirror() {
    # shellcheck disable=SC2016 # for apt to expand
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n "s|/*\$||; \\|/$1\$|{p;q}"
}

archive=$(host_mirror debian)
security=$(host_mirror debian-security)
: >"$work/sources.list"
if [ -n "$archive" ]; then
    echo "deb $archive $suite main" >>"$work/sources.list"
    echo "deb $archive $suite-updates main" >>"$work/sources.list"
    [ -z "$security" ] || echo "deb $security $suite-security main" >>"$work/sources.list"
fi

# How this host reaches the mirror (proxy, retries, clock checks) holds for builds on it too. Certificates and
# scripts named by path exist on the host only.
apt-config dump Acquire 2>/dev/null |
    grep -E '^Acquire::(http|https|Check-|Retries|ForceIPv|Min-|Max-)' |
    grep -vE ' "";$|::(CAInfo|CAPath|SslCert|SslKey|CrlFile|Proxy-Auto|User-Agent)' >"$work/apt.conf" || true

cat >"$work/dpkg.cfg" <<'DPKG'
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
DPKG

with_mmdebstrap() {
    set -- --variant=apt --format=tar --aptopt="$work/apt.conf" --dpkgopt="$work/dpkg.cfg" "$suite" -
    [ ! -s "$work/sources.list" ] || set -- "$@" "$work/sources.list"
    mmdebstrap "$@"
}

with_debootstrap() {
    root=$work/root
    # shellcheck disable=SC2086 # an unknown mirror is no argument at all
    debootstrap --variant=minbase "$suite" "$root" $archive >&2
    cp "$work/apt.conf" "$root/etc/apt/apt.conf.d/99host"
    cp "$work/dpkg.cfg" "$root/etc/dpkg/dpkg.cfg.d/99small"
    [ ! -s "$work/sources.list" ] || cp "$work/sources.list" "$root/etc/apt/sources.list"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    echo "packing the root file system" >&2
    tar --create --numeric-owner --directory "$root" .
}

if command -v mmdebstrap >/dev/null; then
    with_mmdebstrap
elif command -v debootstrap >/dev/null; then
    with_debootstrap
else
    exit 69
fi
