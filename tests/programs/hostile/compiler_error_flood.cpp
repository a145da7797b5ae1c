//= attack = "Has the compiler complain without end: every level of a recursion is an error of its own with all levels before it."
//= verdict = "compile_error"
//= compile = ["output_exceeded", "memory_exceeded", "cpu_time_exceeded"]
//= compile_args = ["-ftemplate-depth=100000", "-ftemplate-backtrace-limit=0", "-fmax-errors=0"]
template <int Level>
struct Error {
  static_assert(Level < 0, "so long as this is");
  static constexpr int value = Error<Level - 1>::value;
};

int main() {
  return Error<20000>::value;
}
