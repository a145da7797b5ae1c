# The job after an attack: says what it finds of the one before.
found=$(
  for folder in /tmp /box /dev/shm /dev/mqueue; do
    for left in "$folder"/* "$folder"/.[!.]*; do
      [ -e "$left" ] || [ -L "$left" ] || continue
      [ "$left" = /box/next.sh ] || echo "the file $left"
    done
  done
  for kind in shm sem msg; do
    [ "$(wc -l <"/proc/sysvipc/$kind")" = 1 ] || echo "a System V $kind"
  done
  # There should be the box's init, and this shell with its children.
  for process in /proc/[0-9]*; do
    [ "$process" = /proc/1 ] || grep -qs next.sh "$process/cmdline" || [ ! -e "$process" ] || echo "a process"
  done
  grep -q @ /proc/net/unix && echo "an abstract socket"
  for protocol in tcp tcp6 udp udp6; do
    [ "$(wc -l <"/proc/net/$protocol")" = 1 ] || echo "a socket: $(tail -n +2 "/proc/net/$protocol")"
  done
  [ "$(uname -n)" = box ] || echo "the host name $(uname -n)"
)
echo "${found:-clean}"
