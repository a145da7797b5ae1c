//= attack = "A fork bomb that costs no processor time: processes up to the limit, all asleep."
//= verdict = "wall_time_exceeded"
//= limits = { cpu_seconds = 2.0, wall_seconds = 0.7 }
//= flags = ["process_limit"]
#include <unistd.h>

int main(void) {
  while (fork() > 0) {
  }
  for (;;) pause();
}
