//= attack = "Kills itself with SIGKILL, as the kernel does when memory runs out: it must not be taken for that."
//= verdict = "runtime_error"
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), SIGKILL);
}
