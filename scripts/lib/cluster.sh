# A controller and two runners on this machine. Sourced by demo and up, after setup.sh.

bin=target/release
logs=$(mktemp -d)
pids=()
names=(lab-1 lab-2)
clients=127.0.0.1:7000 runners=127.0.0.1:7001 http=127.0.0.1:7080

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# launch NAME WRAPPER COMMAND...: starts a part of the cluster in the background. It writes its number down
# itself: what the shell knows here may be a subshell or sudo, and neither hands a signal on.
launch() {
  local name=$1 wrapper=$2
  shift 2
  # shellcheck disable=SC2016 # for the inner shell to expand
  "$wrapper" sh -c 'echo $$ >"$0"; exec "$@"' "$logs/$name.pid" "$@" >"$logs/$name.out" 2>"$logs/$name.log" &
  pids+=($!)
}

start_controller() {
  if ! { port_is_free 7000 && port_is_free 7001 && port_is_free 7080; }; then
    # Another cluster is up, maybe this one's twin, and two runners of a host may not share a name.
    clients=127.0.0.1:0 runners=127.0.0.1:0 http=127.0.0.1:0 names=("lab-1-$$" "lab-2-$$")
  fi
  launch controller env "$bin/controller" --clients "$clients" --runners "$runners" --http "$http" \
    --data-dir "$logs/data"
  wait_for 20 grep -q '^listening' "$logs/controller.out" || return 1
  local pair pairs
  # The line reads: listening clients=ADDRESS runners=ADDRESS http=ADDRESS
  read -ra pairs < <(grep '^listening' "$logs/controller.out")
  for pair in "${pairs[@]}"; do
    case $pair in clients=*) clients=${pair#*=} ;; runners=*) runners=${pair#*=} ;; http=*) http=${pair#*=} ;; esac
  done
  export RUCHE_MASTER=$clients
}

start_runners() {
  local name
  for name in "${names[@]}"; do
    launch "$name" as_root "$bin/runner" start --name "$name" --controller "$runners" --max-jobs 2
  done
  for name in "${names[@]}"; do
    wait_for 60 grep -q '^ready' "$logs/$name.out" || return 1
  done
}

stop_cluster() {
  local name pid
  # The runners first, so that the controller sees them leave.
  for name in "${names[@]}" controller; do
    pid=$(cat "$logs/$name.pid" 2>/dev/null) || continue
    as_root kill -TERM "$pid" 2>/dev/null || continue
    wait_for 30 test ! -e "/proc/$pid" || as_root kill -KILL "$pid"
  done
}

show_logs() {
  local log
  for log in "$logs"/*.log; do
    printf '\n--- the end of %s ---\n' "$(basename "$log")"
    tail -n 15 "$log"
  done >&2
}
