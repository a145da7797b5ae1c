//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
#include <iostream>

int main() {
  std::cout << "before\n";
  return 7;
}
