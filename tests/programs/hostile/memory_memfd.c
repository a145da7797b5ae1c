//= attack = "Takes memory as a file without a name (memfd), outside every file system with a size."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, disk_bytes = 268435456, cpu_seconds = 2.0, wall_seconds = 3.0 }
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
  static char block[1 << 20];
  int file = memfd_create("hog", 0);
  while (write(file, block, sizeof block) > 0) {
  }
  return 1;
}
