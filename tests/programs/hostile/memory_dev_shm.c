//= attack = "Takes memory as a file in /dev/shm, which belongs to no process that could be killed for it."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, disk_bytes = 268435456, cpu_seconds = 2.0, wall_seconds = 3.0 }
#include <fcntl.h>
#include <unistd.h>

int main(void) {
  static char block[1 << 20];
  int file = open("/dev/shm/hog", O_CREAT | O_WRONLY, 0600);
  while (write(file, block, sizeof block) > 0) {
  }
  return 1;
}
