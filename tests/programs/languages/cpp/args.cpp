//= args = ["a b", "--flag", "é"]
//= stdout = "a b|--flag|é\n"
#include <iostream>

int main(int count, char **args) {
  for (int i = 1; i < count; i++) std::cout << (i > 1 ? "|" : "") << args[i];
  std::cout << '\n';
}
