# shellcheck shell=bash
# What a Docker Engine changes in the machine's network: noted before, put back after.
# Source it after scripts/lib/common.sh.

list_links() { find /sys/class/net -mindepth 1 -printf '%f\n' | sort; }
forward_policy() { iptables-save -t filter 2>/dev/null | sed -n 's/^:FORWARD \([A-Z]*\).*/\1/p'; }

# list_rules - rules, chains and policies; an empty table, which the kernel keeps once it has been asked for, is nothing
list_rules() { iptables-save 2>/dev/null | sed -E '/^(#|\*|COMMIT|:[A-Z]+ ACCEPT)/d; s/ \[[0-9]+:[0-9]+\]$//'; }

# note_network DIR
note_network() {
  mkdir -p "$1"
  cat /proc/sys/net/ipv4/ip_forward >"$1/ip_forward"
  list_links >"$1/links"
  list_rules >"$1/rules"
  forward_policy >"$1/policy"
}

# restore_network DIR - once the engine is gone. Only what Docker made is removed: others may have changed theirs meanwhile.
restore_network() {
  local link policy
  for link in $(list_links | comm -13 "$1/links" -); do
    case $link in docker0 | br-* | veth*) ip link delete "$link" 2>/dev/null ;; esac
  done
  iptables-save | grep -vE 'DOCKER|docker0|\bbr-[0-9a-f]{12}\b' | iptables-restore
  policy=$(<"$1/policy")
  iptables -P FORWARD "${policy:-ACCEPT}"
  cat "$1/ip_forward" >/proc/sys/net/ipv4/ip_forward
}

network_restored() {
  [ "$(list_links)" = "$(<"$1/links")" ] && [ "$(list_rules)" = "$(<"$1/rules")" ] &&
    [ "$(</proc/sys/net/ipv4/ip_forward)" = "$(<"$1/ip_forward")" ]
}
