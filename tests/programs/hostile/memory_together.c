//= attack = "Eight processes, each well below the memory limit, are far above it together."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 2.0, wall_seconds = 1.0 }
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  for (int i = 0; i < 8; i++)
    if (fork() == 0) {
      volatile char *memory = malloc(16 << 20);
      if (memory) memset((char *)memory, 1, 16 << 20);
      pause();
    }
  while (wait(0) > 0) {
  }
}
