//= attack = "Neither reads nor closes standard input while ten megabytes wait to be sent: it holds itself up, and nobody else."
//= verdict = "wall_time_exceeded"
//= stdin_bytes = 10485760
//= limits = { wall_seconds = 0.7 }
#include <unistd.h>

int main(void) {
  for (;;) pause();
}
