//= attack = "Sleeps past its time on the clock."
//= verdict = "wall_time_exceeded"
//= limits = { wall_seconds = 0.5 }
#include <unistd.h>

int main(void) {
  sleep(3600);
}
