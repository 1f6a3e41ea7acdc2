# shellcheck shell=bash
# Background processes by pid file, and who listens on a port.
# A pid file holds "PID STARTTIME": a pid that the kernel has given to another process is never taken for ours.

# start_time PID - in clock ticks since boot; fails when there is no such process or it is a zombie
start_time() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  local -a field
  read -ra field <<<"${stat##*) }" # the name before it may hold spaces
  [ "${field[0]}" != Z ] || return 1
  printf '%s' "${field[19]}"
}

# recorded_pid PIDFILE - prints the pid if that very process still runs
recorded_pid() {
  local pid started
  [ -s "$1" ] && read -r pid started <"$1" || return 1
  [ "$(start_time "$pid")" = "$started" ] || return 1
  printf '%s' "$pid"
}

# start_process PIDFILE LOG COMMAND... - in a session of its own, all descriptors but the log closed
start_process() {
  local pidfile=$1 log=$2 pid
  shift 2
  [ ! -f "$log" ] || mv -f "$log" "$log.1"
  rm -f "$pidfile"
  # The inner shell notes its own pid, for setsid may fork before it runs the command.
  # It closes what it inherits, or whoever reads a caller's pipe would wait for the server's end.
  # shellcheck disable=SC2016
  setsid bash -c 'for fd in /proc/$$/fd/*; do fd=${fd##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done
    echo $$ >"$1"; shift; exec "$@"' - "$pidfile" "$@" >"$log" 2>&1 </dev/null &
  wait_until 5 test -s "$pidfile" || die "could not start: $*"
  pid=$(<"$pidfile")
  printf '%s %s\n' "$pid" "$(start_time "$pid" || echo 0)" >"$pidfile"
}

# stop_process PIDFILE SIGNAL SECONDS - SIGKILL after the deadline; succeeds if nothing runs
stop_process() {
  local pid
  if pid=$(recorded_pid "$1"); then
    kill -"$2" "$pid" 2>/dev/null || true
    if ! wait_until "$3" gone "$1"; then
      warn "pid $pid ignored SIG$2 for $3 s: SIGKILL"
      signal_tree "$1" KILL
      wait_until 5 gone "$1" || die "pid $pid survives SIGKILL"
    fi
  fi
  rm -f "$1"
}
gone() { ! recorded_pid "$1" >/dev/null; }

# signal_tree PIDFILE SIGNAL - the process and its children, so that a killed PostgreSQL leaves no backend
signal_tree() {
  local pid child children
  pid=$(recorded_pid "$1") || return 1
  children=$(pgrep -P "$pid" || true)
  kill -"$2" "$pid"
  for child in $children; do kill -"$2" "$child" 2>/dev/null || true; done
}

# listener_of PORT - "name (pid N)" of the process that listens there; fails if none does
listener_of() {
  local line
  line=$(ss -H -l -t -n -p "sport = :$1" | head -1)
  [ -n "$line" ] || return 1
  if [[ $line =~ \(\(\"([^\"]+)\",pid=([0-9]+) ]]; then
    printf '%s (pid %s)' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
  else
    printf 'a process of another user'
  fi
}

# listens PID PORT
listens() { [[ $(ss -H -l -t -n -p "sport = :$2") == *",pid=$1,"* ]]; }

# free_ports N - N distinct ports that nothing listens on, below the kernel's ephemeral range
free_ports() {
  local port found=' ' count=0
  while [ "$count" -lt "$1" ]; do
    port=$((20000 + RANDOM % 12000))
    if [[ $found != *" $port "* ]] && ! listener_of "$port" >/dev/null; then
      found+="$port " count=$((count + 1))
    fi
  done
  printf '%s' "${found# }"
}
