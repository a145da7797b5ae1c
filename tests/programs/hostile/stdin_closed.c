//= attack = "Closes standard input at once, with ten megabytes waiting to be sent, and goes on for a moment."
//= verdict = "ok"
//= stdin_bytes = 10485760
//= limits = { wall_seconds = 3.0 }
#include <unistd.h>

int main(void) {
  close(0);
  usleep(100000);
}
