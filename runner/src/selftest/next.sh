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
  grep -q '^ *[0-9]*: [0-9A-F]*:[0-9A-F]* 0*:0000 0A' /proc/net/tcp /proc/net/tcp6 && echo "a listening socket"
  [ "$(uname -n)" = box ] || echo "the host name $(uname -n)"
)
echo "${found:-clean}"
