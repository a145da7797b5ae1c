//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
#include <iostream>
#include <string>

int main() {
  std::string line;
  std::getline(std::cin, line);
  std::cout << "wörld 🐝 " << line << '\n';
}
