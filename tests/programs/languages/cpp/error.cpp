//= verdict = "compile_error"
//= says = "error.cpp:5"
int main() {
  int x = 1;
  retrun x;
}
