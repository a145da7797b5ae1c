/* Greets whoever is named on the first line of standard input, and counts a little. */
#include <stdio.h>
#include <string.h>

int main(void) {
  char name[64] = "world";
  if (fgets(name, sizeof name, stdin)) name[strcspn(name, "\n")] = '\0';
  printf("Hello, %s! C says:", name);
  for (int i = 0, a = 1, b = 1, next; i < 10; i++, next = a + b, a = b, b = next) printf(" %d", a);
  puts("");
  return 0;
}
