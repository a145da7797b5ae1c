//= attack = "Ignores SIGCHLD and spins in one short-lived child after the other: no parent's account ever shows their time."
//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5, wall_seconds = 5.0 }
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    if (fork() == 0) {
      while (clock() < CLOCKS_PER_SEC / 50) {
      }
      _exit(0);
    }
    wait(0);
  }
}
