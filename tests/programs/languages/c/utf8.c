//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
#include <stdio.h>

int main(void) {
  char line[100];
  printf("wörld 🐝 %s", fgets(line, sizeof line, stdin));
}
