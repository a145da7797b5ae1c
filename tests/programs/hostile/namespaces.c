//= attack = "Makes and enters namespaces of every kind, with unshare, setns, clone and clone3: in a user namespace of its own it would have every capability."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int escaped;

// A call whose arguments are looked at has got through, whatever it then says of them.
static void refused(const char *what, long result) {
  if (result < 0 && (errno == EPERM || errno == ENOSYS)) return;
  printf("ESCAPED: %s: %s\n", what, result < 0 ? strerror(errno) : "it succeeded");
  escaped = 1;
}

static const struct {
  const char *name;
  unsigned long flag;
} kinds[] = {{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},   {"pid", CLONE_NEWPID},       {"net", CLONE_NEWNET},
             {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},  {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME}};

static long cloned(long result) {
  if (result == 0) _exit(0);
  return result;
}

int main(void) {
  unsigned long all = 0;
  for (int i = 0; i < 8; i++) {
    char what[64], path[64];
    unsigned long flag = kinds[i].flag;
    all |= flag;
    snprintf(what, sizeof what, "a new %s namespace", kinds[i].name);
    refused(what, syscall(SYS_unshare, flag));
    refused(what, syscall(SYS_unshare, flag | CLONE_NEWUSER));
    // The time namespace has no flag in clone: its bit belongs to the signal there.
    if (flag != CLONE_NEWTIME) {
      refused(what, cloned(syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0)));
      refused(what, cloned(syscall(SYS_clone, flag | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)));
      // The half of the flags that the kernel does not look at must not hide the other half.
      refused(what, cloned(syscall(SYS_clone, flag | SIGCHLD | 1UL << 40, 0, 0, 0, 0)));
    }
    struct clone_args arguments = {.flags = flag, .exit_signal = SIGCHLD};
    refused(what, cloned(syscall(SYS_clone3, &arguments, sizeof arguments)));
    snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i].name);
    refused("setns by a file", syscall(SYS_setns, open(path, O_RDONLY), 0));
  }
  refused("all at once", syscall(SYS_unshare, all));
  refused("a box of its own", cloned(syscall(SYS_clone, 0x3c021011, 0, 0, 0, 0)));
  refused("setns by a process", syscall(SYS_setns, syscall(SYS_pidfd_open, 1, 0), CLONE_NEWNS));
  while (wait(0) > 0) {
  }
  return escaped;
}
