//= attack = "Leaves a daemon behind that keeps standard output open and goes on writing to it: neither the verdict nor the next job may wait for it."
//= verdict = "ok"
//= stdout = "parent"
//= limits = { wall_seconds = 3.0 }
#include <signal.h>
#include <unistd.h>

int main(void) {
  write(1, "parent\n", 7);
  if (fork() == 0) {
    setsid();
    signal(SIGHUP, SIG_IGN);
    if (fork() > 0) _exit(0);
    for (;;) {
      sleep(1);
      write(1, "daemon\n", 7);
    }
  }
}
