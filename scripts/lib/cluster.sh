# A controller and two runners on this machine. Sourced by demo and up, after setup.sh.

bin=target/release
logs=$(mktemp -d)
pids=()
clients=127.0.0.1:7000 runners=127.0.0.1:7001 http=127.0.0.1:7080

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_controller() {
  port_is_free 7000 && port_is_free 7001 && port_is_free 7080 || clients=127.0.0.1:0 runners=127.0.0.1:0 http=127.0.0.1:0
  "$bin/controller" --clients "$clients" --runners "$runners" --http "$http" \
    >"$logs/controller.out" 2>"$logs/controller.log" &
  pids+=($!)
  wait_for 20 grep -q '^listening' "$logs/controller.out" || return 1
  local pair
  for pair in $(grep '^listening' "$logs/controller.out"); do
    case $pair in clients=*) clients=${pair#*=} ;; runners=*) runners=${pair#*=} ;; http=*) http=${pair#*=} ;; esac
  done
  export RUCHE_MASTER=$clients
}

start_runners() {
  local name
  for name in lab-1 lab-2; do
    # Without a shell between: what is stopped by its number has to be the runner itself.
    (exec_as_root "$bin/runner" start --name "$name" --controller "$runners" --max-jobs 2) \
      >"$logs/$name.out" 2>"$logs/$name.log" &
    pids+=($!)
  done
  for name in lab-1 lab-2; do
    wait_for 60 grep -q '^ready' "$logs/$name.out" || return 1
  done
}

stop_cluster() {
  local index
  # The runners first, so that the controller sees them leave.
  for ((index = ${#pids[@]} - 1; index >= 0; index--)); do
    kill -TERM "${pids[index]}" 2>/dev/null || continue
    wait "${pids[index]}" 2>/dev/null || true
  done
  pids=()
}

show_logs() {
  local log
  for log in "$logs"/*.log; do
    printf '\n--- the end of %s ---\n' "$(basename "$log")"
    tail -n 15 "$log"
  done >&2
}
