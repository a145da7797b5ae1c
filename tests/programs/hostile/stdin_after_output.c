//= attack = "Writes ten megabytes before it reads the first of ten megabytes that are being sent to it: whoever writes to it before reading from it waits for ever."
//= verdict = "ok"
//= stdin_bytes = 10485760
//= limits = { output_bytes = 11534336, wall_seconds = 10.0 }
#include <string.h>
#include <unistd.h>

int main(void) {
  static char block[1 << 16];
  memset(block, 'y', sizeof block);
  for (long left = 10 << 20; left > 0;) {
    ssize_t written = write(1, block, sizeof block);
    if (written < 0) return 1;
    left -= written;
  }
  long seen = 0;
  for (ssize_t more; (more = read(0, block, sizeof block)) > 0;) seen += more;
  return seen != 10 << 20;
}
