# shellcheck shell=bash
# The base of all images: debian:bookworm-slim, or a stand-in made by mmdebstrap where it cannot be pulled.
# Source it after scripts/containers/packages.sh.
REAL_BASE=debian:bookworm-slim
STAND_IN_BASE=sluice-stand-in/debian:bookworm-slim

# provide_base - sets BASE_IMAGE
provide_base() {
  export BASE_IMAGE=$REAL_BASE
  ! pull "$REAL_BASE" || return 0
  BASE_IMAGE=$STAND_IN_BASE
  ! docker image inspect "$STAND_IN_BASE" >/dev/null 2>&1 || return 0
  docker import -c 'CMD ["bash"]' "$(cached bookworm make_base)/base.tar" "$STAND_IN_BASE" >/dev/null
}

# make_base DIR - into DIR/base.tar. The hook merges /usr from the start; else the package usrmerge would, and bring perl.
make_base() {
  local tools mirror=http://deb.debian.org
  tools=$(cached mmdebstrap unpack_packages mmdebstrap)
  PATH=$tools/usr/bin:$PATH timeout 600 mmdebstrap -q --variant=minbase \
    --hook-dir="$tools/usr/share/mmdebstrap/hooks/merged-usr" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    bookworm "$1/base.tar" "deb $mirror/debian bookworm main" "deb $mirror/debian bookworm-updates main" \
    "deb $mirror/debian-security bookworm-security main" >"$1/log" 2>&1 || { log_tail "$1/log" && die 'mmdebstrap failed'; }
}
