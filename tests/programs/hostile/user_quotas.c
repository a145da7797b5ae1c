//= attack = "Takes all that the kernel counts for each user rather than each process: inotify instances, queued signals, message queues, pipe pages; every box of the host has the same user."
//= verdict = "ok"
//= limits = { wall_seconds = 3.0 }
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(void) {
  int instances = 0, signals = 0, queues = 0, pipes = 0, ends[2];
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &blocked, 0);
  while (instances < 400 && inotify_init() >= 0) instances++;
  while (signals < 100000 && sigqueue(getpid(), SIGRTMIN, (union sigval){0}) == 0) signals++;
  for (char name[16]; queues < 1000; queues++) {
    snprintf(name, sizeof name, "/%d", queues);
    mqd_t queue = mq_open(name, O_CREAT | O_WRONLY, 0600, 0);
    if (queue < 0) break;
    close(queue);
  }
  while (pipes < 200 && pipe(ends) == 0 && fcntl(ends[0], F_SETPIPE_SZ, 1 << 20) > 0) pipes++;
  fprintf(stderr, "%d inotify instances, %d signals, %d queues, %d pipes\n", instances, signals, queues, pipes);
}
