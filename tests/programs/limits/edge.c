// Uses as much of one thing as it is told to: `edge KIND AMOUNT PROCESSES`, in milliseconds or KiB altogether.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void burn(long milliseconds) {
  struct timespec used;
  do {
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < milliseconds);
}

static void fill(long kib) {
  char *memory = mmap(0, (size_t)kib << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long at = 0; at < kib << 10; at += 4096) memory[at] = 1;
}

static void write_file(long kib) {
  FILE *file = fopen("/tmp/edge", "w");
  char block[1024];
  memset(block, 'x', sizeof block);
  for (long i = 0; i < kib; i++)
    if (fwrite(block, sizeof block, 1, file) != 1) exit(1);
  if (fclose(file)) exit(1);
}

static void use(const char *kind, long amount) {
  if (!strcmp(kind, "cpu")) burn(amount);
  if (!strcmp(kind, "wall")) nanosleep(&(struct timespec){amount / 1000, amount % 1000 * 1000000}, 0);
  if (!strcmp(kind, "memory")) fill(amount);
  if (!strcmp(kind, "file")) write_file(amount);
  if (!strcmp(kind, "output"))
    for (long i = 0; i < amount; i++) putchar('x');
}

int main(int argc, char **argv) {
  long amount = atol(argv[2]);
  int processes = atoi(argv[3]);
  if (processes == 1) {
    use(argv[1], amount);
    return 0;
  }
  int ready[2];
  if (pipe(ready)) return 1;
  for (int i = 0; i < processes; i++) {
    if (fork()) continue;
    use(argv[1], amount / processes);
    // All at once: nobody leaves before the last has what it wants.
    char byte = 0;
    close(ready[1]);
    return read(ready[0], &byte, 1) < 0;
  }
  close(ready[0]);
  close(ready[1]);
  for (int i = 0; i < processes; i++) wait(0);
}
