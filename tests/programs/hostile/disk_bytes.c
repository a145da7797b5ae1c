//= attack = "Fills every place it may write to."
//= verdict = "ok"
//= limits = { disk_bytes = 16777216, memory_bytes = 134217728, cpu_seconds = 2.0, wall_seconds = 3.0 }
//= flags = ["disk_full"]
//= stdout = "No space left on device, 16 MiB or less"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  static char block[1 << 12];
  const char *places[] = {"/box/a", "/tmp/a", "/dev/shm/a"};
  long total = 0;
  int error = 0;
  for (int i = 0; i < 3; i++) {
    int file = open(places[i], O_CREAT | O_WRONLY, 0600);
    // 12 MiB in each: below the largest file, above what is there for all of them.
    for (long size = 0; size < 12 << 20 && file >= 0; size += sizeof block) {
      if (write(file, block, sizeof block) < (ssize_t)sizeof block) {
        error = errno;
        break;
      }
      total += sizeof block;
    }
  }
  printf("%s, %s\n", strerror(error), total <= 16 << 20 ? "16 MiB or less" : "more than 16 MiB");
}
