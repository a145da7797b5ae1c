//= verdict = "compile_error"
//= says = "error.c:5"
int main(void) {
  int x = 1;
  retrun x;
}
