//= attack = "Makes sockets that reach past the network namespace or into old corners of the kernel: to the hypervisor, to the kernel itself, raw packets, ciphers, protocols that nobody uses."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_alg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int escaped;

// A call whose arguments are looked at has got through, whatever it then says of them.
static void refused(const char *what, long result) {
  if (result < 0 && (errno == EPERM || errno == ENOSYS)) return;
  printf("ESCAPED: %s: %s\n", what, result < 0 ? strerror(errno) : "it succeeded");
  escaped = 1;
}

int main(void) {
  for (int family = 0; family < 64; family++) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
    for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
      char what[64];
      int pair[2];
      snprintf(what, sizeof what, "a socket of family %d and type %d", family, type);
      refused(what, socket(family, type, 0));
      // The kernel loads a family's module before it knows whether there are pairs of it.
      snprintf(what, sizeof what, "a pair of sockets of family %d and type %d", family, type);
      refused(what, socketpair(family, type, 0, pair));
    }
  }
  for (int protocol = 1; protocol < 256; protocol++) {
    refused("a raw socket", socket(AF_INET, SOCK_RAW, protocol));
    refused("a raw socket (IPv6)", socket(AF_INET6, SOCK_RAW, protocol));
  }
  return escaped;
}
