//= attack = "Takes memory with malloc and writes to it."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 2.0, wall_seconds = 3.0 }
#include <stdlib.h>
#include <string.h>

int main(void) {
  for (;;) {
    volatile char *memory = malloc(1 << 20);
    if (memory) memset((char *)memory, 1, 1 << 20);
  }
}
