//= attack = "Takes descriptors, processor time and file sizes away from the box's first process with prlimit, which asks for no more than the same user."
//= verdict = ["ok", "runtime_error"]
//= limits = { cpu_seconds = 1.0, wall_seconds = 1.0 }
#define _GNU_SOURCE
#include <sys/resource.h>

int main(void) {
  struct rlimit nothing = {0, 0};
  prlimit(1, RLIMIT_NOFILE, &nothing, 0);
  prlimit(1, RLIMIT_NPROC, &nothing, 0);
  prlimit(1, RLIMIT_FSIZE, &nothing, 0);
  prlimit(1, RLIMIT_AS, &nothing, 0);
  prlimit(1, RLIMIT_CPU, &nothing, 0);
}
