//= attack = "Leaves a daemon with listening sockets behind: TCP, UDP, a path and an abstract name."
//= verdict = "ok"
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int failed(const char *what) {
  perror(what);
  return 1;
}

int main(void) {
  int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
  int path = socket(AF_UNIX, SOCK_STREAM, 0), name = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(7001)};
  struct sockaddr_un at = {AF_UNIX, "/tmp/socket"}, abstract = {AF_UNIX, "\0left behind"};
  if (bind(tcp, (void *)&any, sizeof any) || listen(tcp, 5)) return failed("tcp");
  if (bind(udp, (void *)&any, sizeof any)) return failed("udp");
  if (bind(path, (void *)&at, sizeof at) || listen(path, 5)) return failed("path");
  if (bind(name, (void *)&abstract, sizeof abstract) || listen(name, 5)) return failed("abstract");
  if (fork() == 0) {
    setsid();
    for (;;) pause();
  }
}
