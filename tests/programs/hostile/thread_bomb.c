//= attack = "Threads without end, none of which ends."
//= verdict = "wall_time_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 2.0, wall_seconds = 0.7 }
//= flags = ["process_limit"]
#include <pthread.h>
#include <unistd.h>

static void *sleeper(void *nothing) {
  for (;;) pause();
  return nothing;
}

int main(void) {
  pthread_t thread;
  while (pthread_create(&thread, 0, sleeper, 0) == 0) {
  }
  for (;;) pause();
}
