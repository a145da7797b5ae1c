//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
#include <stdio.h>

int main(void) {
  puts("before");
  return 7;
}
