//= attack = "Takes shared anonymous memory with mmap, filled by the kernel itself (MAP_POPULATE)."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 2.0, wall_seconds = 3.0 }
#define _GNU_SOURCE
#include <sys/mman.h>

int main(void) {
  for (;;) mmap(0, 16 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}
