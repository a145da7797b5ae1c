//= attack = "Takes the kernel's memory: 500 pipes in each of 30 processes, all full and none read."
//= verdict = ["memory_exceeded", "wall_time_exceeded"]
//= limits = { memory_bytes = 33554432, cpu_seconds = 2.0, wall_seconds = 1.0 }
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

int main(void) {
  static char block[1 << 16];
  for (int i = 0; i < 5; i++) fork();
  int ends[2];
  for (int i = 0; i < 500 && pipe2(ends, O_NONBLOCK) == 0; i++)
    while (write(ends[1], block, sizeof block) > 0) {
    }
  for (;;) pause();
}
