//= attack = "Sends every signal to the box's first process and to everybody it can reach, by number, group and descriptor."
//= verdict = "ok"
//= stdout = "still here"
//= limits = { wall_seconds = 2.0 }
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  int init = syscall(SYS_pidfd_open, 1, 0);
  for (int number = 1; number <= SIGRTMAX; number++) {
    kill(1, number);
    kill(-1, number);  // everybody but itself and process 1
    sigqueue(1, number, (union sigval){0});
    syscall(SYS_tgkill, 1, 1, number);
    if (init >= 0) syscall(SYS_pidfd_send_signal, init, number, 0, 0);
  }
  // Time for what was sent to arrive.
  usleep(100000);
  puts("still here");
}
