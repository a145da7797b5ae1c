//= attack = "Divides by zero."
//= verdict = "runtime_error"
#include <signal.h>

int main(void) {
  volatile int zero = 0;
  int result = 1 / zero;
  // Not every processor minds.
  raise(SIGFPE);
  return result;
}
