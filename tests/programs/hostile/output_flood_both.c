//= attack = "Two processes flood standard output and standard error at the same time, each below the limit alone."
//= verdict = "output_exceeded"
//= limits = { output_bytes = 1048576, cpu_seconds = 2.0, wall_seconds = 3.0 }
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  static char block[700 * 1024];
  memset(block, '\n', sizeof block);
  int descriptor = fork() == 0 ? 1 : 2;
  for (size_t written = 0; written < sizeof block;) {
    ssize_t more = write(descriptor, block + written, sizeof block - written);
    if (more <= 0) return 1;
    written += more;
  }
  wait(0);
}
