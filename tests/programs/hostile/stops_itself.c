//= attack = "Stops itself and its children with SIGSTOP, so that it neither runs nor ends."
//= verdict = "wall_time_exceeded"
//= limits = { wall_seconds = 0.5 }
#include <signal.h>
#include <unistd.h>

int main(void) {
  for (int i = 0; i < 4; i++) fork();
  raise(SIGSTOP);
}
