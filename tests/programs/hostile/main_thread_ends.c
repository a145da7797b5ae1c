//= attack = "Ends its first thread and goes on in another: the process looks dead (a zombie) and uses processor time."
//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5, wall_seconds = 5.0 }
#include <pthread.h>

static void *spin(void *nothing) {
  for (;;) {
  }
  return nothing;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, spin, 0);
  pthread_exit(0);
}
