//= attack = "Asks for internet protocols that live in modules of their own (DCCP, SCTP, UDP-Lite, MPTCP, L2TP): the kernel would load them for anybody."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
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

static const struct {
  const char *name;
  int type, protocol;
} kinds[] = {{"DCCP", SOCK_DCCP, IPPROTO_DCCP},          {"SCTP", SOCK_SEQPACKET, IPPROTO_SCTP},
             {"SCTP", SOCK_STREAM, IPPROTO_SCTP},        {"UDP-Lite", SOCK_DGRAM, IPPROTO_UDPLITE},
             {"MPTCP", SOCK_STREAM, IPPROTO_MPTCP},      {"L2TP", SOCK_DGRAM, 115},
             {"an unknown protocol", SOCK_STREAM, 254}};

int main(void) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    refused(kinds[i].name, socket(AF_INET, kinds[i].type, kinds[i].protocol));
    refused(kinds[i].name, socket(AF_INET6, kinds[i].type, kinds[i].protocol));
  }
  return escaped;
}
