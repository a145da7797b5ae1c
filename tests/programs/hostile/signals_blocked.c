//= attack = "Blocks SIGTERM and every other signal and waits."
//= verdict = "wall_time_exceeded"
//= limits = { wall_seconds = 0.5 }
#include <signal.h>
#include <unistd.h>

int main(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  for (;;) pause();
}
