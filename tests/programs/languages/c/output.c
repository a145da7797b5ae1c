//= verdict = "output_exceeded"
//= limits = { output_bytes = 65536 }
//= says = "all work and no play"
#include <stdio.h>

int main(void) {
  for (;;) puts("all work and no play makes jack a dull boy");
}
