//= attack = "Has the assembler put /etc/passwd into the program: it has to be the sandbox's own, not the host's."
//= verdict = "ok"
#include <stdio.h>
#include <string.h>

__asm__(".data\npasswd: .incbin \"/etc/passwd\"\n.byte 0\n.text");
extern const char passwd[];

int main(void) {
  // The image has a user that no host has.
  if (strstr(passwd, "\njob:x:10001:")) return 0;
  puts("ESCAPED: the host's /etc/passwd");
  return 1;
}
