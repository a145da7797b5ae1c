//= attack = "Uses processor time in eight processes, each below the limit alone."
//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5, wall_seconds = 5.0 }
#include <unistd.h>

int main(void) {
  for (int i = 0; i < 3; i++) fork();
  for (;;) {
  }
}
