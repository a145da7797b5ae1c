//= verdict = "compile_error"
//= says = "makefile_line.c:6"
//= files.Makefile = "main: makefile_line.c\n\t$(CC) -o main $^\n"
int main(void) {
  int x = 1;
  retrun x;
}
