//= attack = "Takes the kernel's memory: 400 socket pairs in each of 32 processes, all full and none read."
//= verdict = ["memory_exceeded", "wall_time_exceeded"]
//= limits = { memory_bytes = 33554432, cpu_seconds = 2.0, wall_seconds = 1.0 }
#define _GNU_SOURCE
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  static char block[1 << 15];
  for (int i = 0; i < 5; i++) fork();
  int ends[2];
  for (int i = 0; i < 400 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0; i++)
    while (write(ends[0], block, sizeof block) > 0) {
    }
  for (;;) pause();
}
