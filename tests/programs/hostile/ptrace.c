//= attack = "Takes control of another process with ptrace: its parent, a child of its own, the box's first process."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int escaped;

// A call whose arguments are looked at has got through, whatever it then says of them.
static void refused(const char *what, long result) {
  if (result < 0 && (errno == EPERM || errno == ENOSYS)) return;
  printf("ESCAPED: %s: %s\n", what, result < 0 ? strerror(errno) : "it succeeded");
  escaped = 1;
}

int main(void) {
  int child = fork();
  if (child == 0)
    for (;;) pause();
  refused("attach to a child", ptrace(PTRACE_ATTACH, child, 0, 0));
  refused("seize a child", ptrace(PTRACE_SEIZE, child, 0, 0));
  refused("attach to process 1", ptrace(PTRACE_ATTACH, 1, 0, 0));
  refused("seize process 1", ptrace(PTRACE_SEIZE, 1, 0, 0));
  refused("be traced", ptrace(PTRACE_TRACEME, 0, 0, 0));
  kill(child, SIGKILL);
  wait(0);
  return escaped;
}
