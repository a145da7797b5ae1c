//= attack = "Makes contexts for asynchronous input and output (io_setup): how many there are is counted for the whole host, and who takes them all stops the host's databases."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int escaped;

// A call whose arguments are looked at has got through, whatever it then says of them.
static void refused(const char *what, long result) {
  if (result < 0 && (errno == EPERM || errno == ENOSYS)) return;
  printf("ESCAPED: %s: %s\n", what, result < 0 ? strerror(errno) : "it succeeded");
  escaped = 1;
}

int main(void) {
  unsigned long context = 0;
  refused("io_setup", syscall(SYS_io_setup, 1, &context));
  return escaped;
}
