//= attack = "Floods standard output with lines."
//= verdict = "output_exceeded"
//= limits = { output_bytes = 1048576, cpu_seconds = 2.0, wall_seconds = 3.0 }
#include <string.h>
#include <unistd.h>

int main(void) {
  char block[64 * 1000];
  memset(block, 'x', sizeof block);
  for (size_t end = 63; end < sizeof block; end += 64) block[end] = '\n';
  while (write(1, block, sizeof block) > 0) {
  }
}
