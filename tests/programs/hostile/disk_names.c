//= attack = "Takes the kernel's memory with long names: every file has hundreds of hard links of 255 bytes, which cost no blocks."
//= verdict = ["ok", "memory_exceeded"]
//= limits = { disk_bytes = 16777216, memory_bytes = 67108864, cpu_seconds = 3.0, wall_seconds = 5.0 }
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  close(open("/tmp/file", O_CREAT | O_WRONLY, 0600));
  char name[256 + 5];
  for (int i = 0; i < 1000000; i++) {
    snprintf(name, sizeof name, "/tmp/%0255d", i);
    if (link("/tmp/file", name) < 0) return 0;
  }
  puts("ESCAPED: a million names");
  return 1;
}
