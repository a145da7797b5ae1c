//= attack = "A fork bomb whose processes each take memory, after asking the kernel to spare them when it runs out (oom_score_adj)."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 3.0, wall_seconds = 5.0 }
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
    char *memory = malloc(4 << 20);
    if (memory) memset(memory, 1, 4 << 20);
    *(volatile char *)memory;
    fork();
  }
}
