//= attack = "Leaves a POSIX message queue behind, with a message in it."
//= verdict = "ok"
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>

int main(void) {
  mqd_t queue = mq_open("/left", O_CREAT | O_EXCL | O_WRONLY, 0666, 0);
  if (queue < 0) {
    perror("ESCAPED: what an earlier job left");
    return 1;
  }
  return mq_send(queue, "secret", 6, 0) != 0;
}
