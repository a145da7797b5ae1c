//= attack = "Opens the kernel interfaces through which most kernels have been taken over: bpf, perf, io_uring, userfaultfd, fanotify."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
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
  union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  refused("bpf map", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
  refused("bpf program", syscall(SYS_bpf, BPF_PROG_LOAD, &map, sizeof map));
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .exclude_kernel = 1};
  refused("perf events", syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
  char parameters[256] = {0};
  refused("io_uring_setup", syscall(SYS_io_uring_setup, 8, parameters));
  refused("io_uring_enter", syscall(SYS_io_uring_enter, 0, 1, 0, 0, 0, 0));
  refused("io_uring_register", syscall(SYS_io_uring_register, 0, 0, 0, 0));
  refused("userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC | 1));
  refused("fanotify", syscall(SYS_fanotify_init, 0, O_RDONLY));
  refused("vhangup", syscall(SYS_vhangup));
  return escaped;
}
