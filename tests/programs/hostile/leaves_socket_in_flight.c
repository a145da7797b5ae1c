//= attack = "Sends a listening abstract socket through a socket pair that it then sends through itself: no process holds it, and only the kernel's garbage collection ends it."
//= verdict = "ok"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int send_descriptors(int through, int first, int second) {
  char byte = 'x';
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(2 * sizeof(int))];
  } control = {.header = {CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  int descriptors[] = {first, second};
  memcpy(CMSG_DATA(&control.header), descriptors, sizeof descriptors);
  struct iovec data = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  return sendmsg(through, &message, 0) == 1;
}

int main(void) {
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), pair[2];
  struct sockaddr_un abstract = {AF_UNIX, "\0in flight"};
  if (bind(listener, (void *)&abstract, sizeof abstract) || listen(listener, 5)) return 1;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return 1;
  if (!send_descriptors(pair[0], listener, pair[1]) || !send_descriptors(pair[1], listener, pair[0])) return 1;
  puts("sent");
}
