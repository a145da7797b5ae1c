//= attack = "Makes system calls by their x32 numbers, a second door that filters by number forget."
//= verdict = "ok"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int escaped;

// Refused is whoever gets an error, and whoever is killed for it.
static void try(const char *what, long number, void *argument) {
  int status;
  if (fork() == 0) {
    long result = syscall(0x40000000 | number, argument, argument, argument, 0, 0);
    _exit(result < 0 && (errno == EPERM || errno == ENOSYS) ? 0 : 1);
  }
  wait(&status);
  if (status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)) return;
  printf("ESCAPED: %s\n", what);
  escaped = 1;
}

int main(void) {
// Other processors have no such door.
#ifdef __x86_64__
  try("getpid", SYS_getpid, 0);
  try("mount", SYS_mount, "/tmp");
  try("unshare", SYS_unshare, (void *)0x10000000);
  try("execve", 520, 0);  // these two have numbers of their own there
  try("ptrace", 521, 0);
#endif
  return escaped;
}
