//= attack = "Takes memory as System V segments that it detaches from, so that no process holds them."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 2.0, wall_seconds = 3.0 }
#include <string.h>
#include <sys/shm.h>

int main(void) {
  for (;;) {
    int segment = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600);
    char *memory = shmat(segment, 0, 0);
    if (memory == (char *)-1) return 1;
    memset(memory, 1, 8 << 20);
    shmdt(memory);
  }
}
