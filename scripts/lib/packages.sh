# shellcheck shell=bash
# Debian packages, by the groups of scripts/packages.txt.

missing_packages() {
  local package wanted
  mapfile -t wanted < <(awk -v groups=" $* " '!/^#/ && NF == 2 && index(groups, " " $1 " ") { print $2 }' \
    "$REPO_DIR/scripts/packages.txt" | sort -u)
  for package in "${wanted[@]}"; do
    [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == 'install ok installed' ]] || printf '%s\n' "$package"
  done
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"
}

# install_packages LOG GROUP... - what is missing of these groups
install_packages() {
  local log=$1 missing
  shift
  command -v apt-get >/dev/null || die "no apt-get here; install what scripts/packages.txt lists by hand"
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "to be installed by root (no sudo here): ${missing[*]}"
  info "  installing ${#missing[@]} packages: ${missing[*]}"
  # One broken source among several must not stand in the way; what matters is whether the install succeeds.
  as_root apt-get update -q >"$log" 2>&1 || warn "apt-get update had errors, see $log"
  install_logged "$log" "${missing[@]}"
}

install_logged() {
  local log=$1
  shift
  # Debian's package would create a cluster and start it on 5432. The stack has its own.
  local conf=/etc/postgresql-common/createcluster.conf
  if [[ " $* " == *' postgresql-15 '* ]]; then
    apt_install postgresql-common >>"$log" 2>&1 || apt_failed "$log"
    as_root sed -i.sluice 's/^#* *create_main_cluster.*/create_main_cluster = false/' "$conf"
  fi
  apt_install "$@" >>"$log" 2>&1 || apt_failed "$log"
  [ ! -e "$conf.sluice" ] || as_root mv -f "$conf.sluice" "$conf"
}

apt_failed() {
  log_tail "$1"
  die "apt-get could not install the packages"
}
