# shellcheck shell=bash
# Helpers of every script here: messages, waiting, addresses. Source it; it has no effects of its own
# beyond strict mode and the umask.
set -euo pipefail
umask 022 # servers run as another user when root starts them, and must read what we write

REPO_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

info() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# print_usage FILE - the comment block at the head of a script is its --help
print_usage() { awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$1"; }

now_ms() { printf '%s' $((${EPOCHREALTIME/[.,]/} / 1000)); }

# seconds_since START_MS - "4.2"
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# log_tail FILE [LINES] - the end of a log, indented, on stderr
log_tail() {
  [ -s "$1" ] || return 0
  printf -- '--- the end of %s\n' "$1" >&2
  tail -n "${2:-25}" "$1" | sed 's/^/    /' >&2
}

# wait_until SECONDS COMMAND... - polls, each POLL seconds (default 0.1); returns 1 at the deadline
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep "${POLL:-0.1}"
  done
}

# need COMMAND... - fails with the names of all that are missing
need() {
  local command missing=()
  for command in "$@"; do
    command -v "$command" >/dev/null || missing+=("$command")
  done
  [ ${#missing[@]} -eq 0 ] || die "not installed: ${missing[*]} (scripts/setup.sh installs all that is needed)"
}

# host_of ADDRESS, port_of ADDRESS - of "host:port" or "http://host:port/"
host_of() {
  local address=${1#*://}
  address=${address%%/*}
  printf '%s' "${address%:*}"
}
port_of() {
  local address=${1#*://} port
  address=${address%%/*}
  port=${address##*:}
  [[ $address == *:* && $port =~ ^[0-9]+$ ]] || die "no port in '$1' (expected host:port)"
  printf '%s' "$port"
}
