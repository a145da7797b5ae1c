//= attack = "Ignores SIGPIPE and every failed write and goes on writing for ever in small pieces, from two processes."
//= verdict = "output_exceeded"
//= limits = { output_bytes = 4096, cpu_seconds = 2.0, wall_seconds = 3.0 }
#include <signal.h>
#include <unistd.h>

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  fork();
  for (;;)
    if (write(1, "x\n", 2) < 0) write(2, "y\n", 2);
}
