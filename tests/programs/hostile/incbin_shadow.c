//= attack = "Has the assembler put /etc/shadow into the program (.incbin), which prints it."
//= verdict = "compile_error"
//= compile = "compile_error"
#include <stdio.h>

__asm__(".data\nshadow: .incbin \"/etc/shadow\"\n.byte 0\n.text");
extern const char shadow[];

int main(void) {
  printf("ESCAPED: %.32s\n", shadow);
}
