//= attack = "Does what only the host's administrator does: swap, reboot, log, quotas, accounting, clocks, input and output ports. Where that worked it would change nothing."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int escaped;

// A call whose arguments are looked at has got through, whatever it then says of them.
static void refused(const char *what, long result) {
  if (result < 0 && (errno == EPERM || errno == ENOSYS)) return;
  printf("ESCAPED: %s: %s\n", what, result < 0 ? strerror(errno) : "it succeeded");
  escaped = 1;
}

int main(void) {
  refused("swapon", syscall(SYS_swapon, "/tmp/none", 0));
  refused("swapoff", syscall(SYS_swapoff, "/tmp/none"));
  refused("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
  char line[64];
  refused("syslog", syscall(SYS_syslog, 3, line, sizeof line));
  refused("quotactl", syscall(SYS_quotactl, QCMD(Q_SYNC, USRQUOTA), 0, 0, 0));
  refused("acct", syscall(SYS_acct, "/tmp/none"));
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  refused("settimeofday", syscall(SYS_settimeofday, &(struct timeval){now.tv_sec, now.tv_nsec / 1000}, 0));
  refused("clock_settime", syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
  struct timex steps = {.modes = ADJ_TICK, .tick = 10000};
  refused("adjtimex", syscall(SYS_adjtimex, &steps));
  refused("clock_adjtime", syscall(SYS_clock_adjtime, CLOCK_REALTIME, &steps));
#ifdef SYS_iopl
  refused("iopl", syscall(SYS_iopl, 3));
  refused("ioperm", syscall(SYS_ioperm, 0x80, 1, 1));
  refused("modify_ldt", syscall(SYS_modify_ldt, 0, line, sizeof line));
#endif
  return escaped;
}
