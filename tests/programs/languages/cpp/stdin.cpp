//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
#include <iostream>
#include <string>

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << line << '\n';
}
