# shellcheck shell=bash
# Where the stack lives, and as whom its servers run.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
source "$REPO_DIR/scripts/lib/settings.sh"
source "$REPO_DIR/scripts/lib/process.sh"

# PostgreSQL and OpenSearch refuse to run as root; then all servers run as this user instead.
STACK_USER=$(id -un)
[ "$(id -u)" != 0 ] || STACK_USER=${SLUICE_STACK_USER:-postgres}

as_stack_user() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid="$STACK_USER" --regid="$STACK_USER" --init-groups -- "$@"
  else
    "$@"
  fi
}

# own PATH... - the servers write there
own() { [ "$(id -u)" != 0 ] || chown -R "$STACK_USER": "$@"; }

# reachable DIR - can the servers' user get to this folder, or to where it will be made?
reachable() {
  local dir=$1
  [ "$(id -u)" = 0 ] || return 0
  while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
  as_stack_user test -x "$dir"
}

# place NAME CHOSEN DEFAULT FALLBACK - prints the folder to use. Below a folder that only root may enter (/root)
# the servers would see nothing, so there the default gives way to the fallback, and a chosen folder is an error.
place() {
  local name=$1 chosen=$2 default=$3 fallback=$4
  if [ -z "$chosen" ]; then
    if reachable "$default"; then printf '%s' "$default"; else printf '%s' "$fallback"; fi
    return
  fi
  chosen=$(realpath -m "$chosen")
  [ ! -d "$chosen" ] || [ ! -O "$chosen" ] || chmod a+rx "$chosen" # as mktemp -d makes it, only we may enter
  reachable "$chosen" || die "$name=$chosen: the user '$STACK_USER', as whom the servers run, may not enter it; \
choose a folder outside of root-only folders, or make its parents a+x"
  printf '%s' "$chosen"
}

if [ "$(id -u)" = 0 ] && ! id -u "$STACK_USER" >/dev/null 2>&1; then
  die "the servers must not run as root, and there is no user '$STACK_USER' \
(it comes with the package postgresql-common; SLUICE_STACK_USER names another)"
fi

STACK_DIR=$(place SLUICE_STACK_DIR "${SLUICE_STACK_DIR:-}" "$REPO_DIR/.stack" \
  "/var/lib/sluice/stack-$(cksum <<<"$REPO_DIR" | cut -d' ' -f1)")
CACHE_DIR=$(place SLUICE_CACHE "${SLUICE_CACHE:-}" "${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/sluice" /var/cache/sluice)
RUN_DIR=$STACK_DIR/run
LOG_DIR=$STACK_DIR/logs
DATA_DIR=$STACK_DIR/data

pidfile() { printf '%s/%s.pid' "$RUN_DIR" "$1"; }
logfile() { printf '%s/%s.log' "$LOG_DIR" "$1"; }
