//= stdout = "42\n"
//= path = "src/start.c"
//= files."src/lib/twice.h" = "int twice(int n);\n"
//= files."src/lib/twice.c" = "int twice(int n) { return 2 * n; }\n"
//= files.Makefile = "out/answer: src/start.c src/lib/twice.c\n\tmkdir -p out\n\t$(CC) -o $@ $^\n"
#include <stdio.h>
#include "lib/twice.h"

int main(void) { printf("%d\n", twice(21)); }
