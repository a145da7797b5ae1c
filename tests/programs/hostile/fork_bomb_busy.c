//= attack = "A fork bomb whose every process forks without a pause."
//= verdict = ["cpu_time_exceeded", "wall_time_exceeded"]
//= limits = { cpu_seconds = 0.5, wall_seconds = 1.0 }
//= flags = ["process_limit"]
#include <unistd.h>

int main(void) {
  for (;;) fork();
}
