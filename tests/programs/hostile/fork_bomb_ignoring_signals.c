//= attack = "A fork bomb that ignores and blocks every signal that can be."
//= verdict = ["cpu_time_exceeded", "wall_time_exceeded"]
//= limits = { cpu_seconds = 0.5, wall_seconds = 1.0 }
//= flags = ["process_limit"]
#include <signal.h>
#include <unistd.h>

int main(void) {
  for (int number = 1; number <= SIGRTMAX; number++) signal(number, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  for (;;) fork();
}
