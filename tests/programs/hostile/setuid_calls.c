//= attack = "Becomes another user: root by every call there is, with groups and capabilities to go with it."
//= verdict = "ok"
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int escaped;

static void refused(const char *what, long result) {
  if (result < 0) return;
  printf("ESCAPED: %s\n", what);
  escaped = 1;
}

int main(void) {
  for (unsigned id = 0; id <= 65535; id += 65535) {
    refused("setuid", setuid(id));
    refused("setgid", setgid(id));
    refused("setreuid", setreuid(id, id));
    refused("setregid", setregid(id, id));
    refused("setresuid", setresuid(id, id, id));
    refused("setresgid", setresgid(id, id, id));
    refused("setgroups", setgroups(1, &(gid_t){id}));
    setfsuid(id);
    setfsgid(id);
    // These two tell only what was before.
    refused("setfsuid", setfsuid(-1) == (int)id ? 0 : -1);
    refused("setfsgid", setfsgid(-1) == (int)id ? 0 : -1);
  }
  refused("setgroups to none", setgroups(0, 0));
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct all[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
  refused("capset", syscall(SYS_capset, &header, all));
  refused("an ambient capability", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0));
  refused("keeping capabilities", prctl(PR_SET_SECUREBITS, 1, 0, 0, 0));
  refused("new privileges", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  refused("no filter", prctl(PR_SET_SECCOMP, 0, 0, 0, 0));
  return escaped;
}
