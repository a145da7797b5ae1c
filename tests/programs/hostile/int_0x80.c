//= attack = "Enters the kernel by the 32-bit door (int 0x80), where the numbers mean other calls."
//= verdict = "runtime_error"
//= stdout = "entering"
#include <signal.h>
#include <unistd.h>

int main(void) {
  write(1, "entering\n", 9);
#ifdef __x86_64__
  long result = 20;  // getpid in that door's numbers
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
#else
  // Other processors have no such door: this is how its keeper ends whoever uses it.
  raise(SIGSYS);
#endif
  // Whoever gets here was not killed, and must not end with the signal that the verdict stands for.
  return 0;
}
