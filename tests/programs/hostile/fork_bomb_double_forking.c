//= attack = "A fork bomb whose parents exit at once and whose children make sessions of their own, so that no process knows another; its first process ends and leaves it behind."
//= verdict = "ok"
//= limits = { cpu_seconds = 30.0, wall_seconds = 5.0 }
#include <unistd.h>

static void multiply(void) {
  for (;;) {
    setsid();
    fork();
    if (fork() > 0) _exit(0);
  }
}

int main(void) {
  if (fork() == 0) multiply();
  usleep(200000);
}
