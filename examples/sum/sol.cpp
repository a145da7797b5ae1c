// Reads a number n and then n numbers, and writes their sum.
#include <iostream>

int main() {
    long long n, number, sum = 0;
    std::cin >> n;
    while (n-- > 0 && std::cin >> number) sum += number;
    std::cout << sum << '\n';
}
