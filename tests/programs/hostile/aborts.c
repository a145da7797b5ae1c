//= attack = "Calls abort, which process 1 of a container would survive."
//= verdict = "runtime_error"
#include <stdlib.h>

int main(void) {
  abort();
}
