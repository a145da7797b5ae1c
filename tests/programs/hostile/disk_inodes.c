//= attack = "Makes empty files until there is no room for another name."
//= verdict = "ok"
//= limits = { disk_bytes = 16777216, memory_bytes = 134217728, cpu_seconds = 2.0, wall_seconds = 3.0 }
//= flags = ["disk_full"]
//= stdout = "No space left on device"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  for (int i = 0; i < 1000000; i++) {
    char name[32];
    snprintf(name, sizeof name, "/tmp/%d", i);
    int file = open(name, O_CREAT | O_WRONLY, 0600);
    if (file < 0) {
      puts(strerror(errno));
      return 0;
    }
    close(file);
  }
}
