//= attack = "Leaves System V shared memory, semaphores and messages behind, under keys that the next job could guess."
//= verdict = "ok"
#include <stdio.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

int main(void) {
  int flags = IPC_CREAT | IPC_EXCL | 0666;
  int memory = shmget(42, 4096, flags), semaphores = semget(42, 8, flags), queue = msgget(42, flags);
  if (memory < 0 || semaphores < 0 || queue < 0) {
    perror("ESCAPED: what an earlier job left");
    return 1;
  }
  struct { long kind; char text[8]; } message = {1, "secret"};
  return msgsnd(queue, &message, sizeof message.text, 0) != 0;
}
