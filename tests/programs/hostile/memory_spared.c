//= attack = "Lowers its oom_score_adj, so that the kernel picks somebody else, and takes memory."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 2.0, wall_seconds = 3.0 }
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void ask_for_mercy(const char *score) {
  int file = open("/proc/self/oom_score_adj", O_WRONLY);
  if (file >= 0 && write(file, score, strlen(score)) >= 0) close(file);
}

int main(void) {
  ask_for_mercy("0");
  ask_for_mercy("-1000");
  for (;;) {
    volatile char *memory = malloc(1 << 20);
    if (memory) memset((char *)memory, 1, 1 << 20);
  }
}
