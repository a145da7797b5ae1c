//= attack = "Closes its outputs and goes on: their end is not its own."
//= verdict = "wall_time_exceeded"
//= limits = { wall_seconds = 0.5 }
#include <unistd.h>

int main(void) {
  close(1);
  close(2);
  for (;;) pause();
}
