//= stdout = "made\n"
//= files.Makefile = "main: makefile.cpp\n\t$(CXX) -o main makefile.cpp\n"
#include <iostream>

int main() { std::cout << "made\n"; }
