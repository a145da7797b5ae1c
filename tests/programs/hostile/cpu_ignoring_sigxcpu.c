//= attack = "Spins and ignores SIGXCPU."
//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5, wall_seconds = 5.0 }
#include <signal.h>

int main(void) {
  signal(SIGXCPU, SIG_IGN);
  for (;;) {
  }
}
