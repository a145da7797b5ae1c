//= attack = "Reads and writes other processes' memory, takes their descriptors, compares and advises them."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int escaped;

// A call whose arguments are looked at has got through, whatever it then says of them.
static void refused(const char *what, long result) {
  if (result < 0 && (errno == EPERM || errno == ENOSYS)) return;
  printf("ESCAPED: %s: %s\n", what, result < 0 ? strerror(errno) : "it succeeded");
  escaped = 1;
}

static void look_into(int process) {
  // A child is a copy: what is here is there too.
  static char here[16], there[16];
  struct iovec ours = {here, sizeof here}, theirs = {there, sizeof there};
  refused("read memory", process_vm_readv(process, &ours, 1, &theirs, 1, 0));
  refused("write memory", process_vm_writev(process, &ours, 1, &theirs, 1, 0));
  refused("compare", syscall(SYS_kcmp, process, getpid(), KCMP_VM, 0, 0));
  int descriptor = syscall(SYS_pidfd_open, process, 0);
  refused("take a descriptor", syscall(SYS_pidfd_getfd, descriptor, 0, 0));
  refused("advise", syscall(SYS_process_madvise, descriptor, &theirs, 1, MADV_COLD, 0));
}

int main(void) {
  int child = fork();
  if (child == 0)
    for (;;) pause();
  look_into(child);
  look_into(1);
  kill(child, SIGKILL);
  wait(0);
  return escaped;
}
