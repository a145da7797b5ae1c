//= attack = "Uses the kernel's keyrings, which belong to a user rather than a box."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <linux/keyctl.h>
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
  refused("add a key", syscall(SYS_add_key, "user", "mine", "secret", 6, KEY_SPEC_USER_KEYRING));
  refused("request a key", syscall(SYS_request_key, "user", "mine", 0, KEY_SPEC_USER_KEYRING));
  refused("look at the session's", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
  refused("join a session", syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "mine"));
  return escaped;
}
