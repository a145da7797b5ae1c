//= attack = "Changes the host name and the domain name."
//= verdict = "ok"
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  char before[65], after[65];
  gethostname(before, sizeof before);
  int escaped = 0;
  if (sethostname("mine", 4) == 0) escaped += puts("ESCAPED: sethostname");
  if (setdomainname("mine", 4) == 0) escaped += puts("ESCAPED: setdomainname");
  gethostname(after, sizeof after);
  if (strcmp(before, after)) escaped += puts("ESCAPED: the host name has changed");
  return escaped > 0;
}
