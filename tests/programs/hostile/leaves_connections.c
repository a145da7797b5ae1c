//= attack = "Leaves TCP connections behind that outlive their process: one waiting out its end (TIME_WAIT), one with data that nobody will read."
//= verdict = "ok"
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7002)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 5)) {
    perror("ESCAPED: what an earlier job left of its connections");
    return 1;
  }
  static char block[1 << 16];
  for (int i = 0; i < 2; i++) {
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(client, (void *)&address, sizeof address);
    int server = accept(listener, 0, 0);
    if (i == 1) send(server, block, sizeof block, MSG_DONTWAIT);
    // The side that ends first is the one that waits: the port of the listener stays taken.
    shutdown(server, SHUT_WR);
    char byte;
    if (i == 0) read(client, &byte, 1);
    if (i == 0) close(client);
  }
}
