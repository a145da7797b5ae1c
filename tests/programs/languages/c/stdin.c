//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
#include <stdio.h>

int main(void) {
  for (int c; (c = getchar()) != EOF;) putchar(c);
}
