//= attack = "Loads code into the kernel: modules, and another kernel to start (kexec)."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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
  static char image[4096];
  int file = open("/proc/self/exe", O_RDONLY);
  refused("init_module", syscall(SYS_init_module, image, sizeof image, ""));
  refused("finit_module", syscall(SYS_finit_module, file, "", 0));
  refused("delete_module", syscall(SYS_delete_module, "there is none of this name", O_NONBLOCK));
  refused("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
#ifdef SYS_kexec_file_load
  refused("kexec_file_load", syscall(SYS_kexec_file_load, file, file, 1, "", 0));
#endif
  return escaped;
}
