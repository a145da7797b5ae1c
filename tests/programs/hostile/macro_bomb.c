//= attack = "A macro that doubles what it is given, thirty times in each other: a billion words out of one line."
//= verdict = "compile_error"
//= compile = ["memory_exceeded", "cpu_time_exceeded", "wall_time_exceeded"]
#define A(x) x x
#define B(x) A(A(A(A(A(x)))))
#define C(x) B(B(B(x)))

int main(void) {
  return 0 C(C(+1));
}
