//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
#include <vector>

int main() {
  std::vector<std::vector<char>> hoard;
  for (;;) hoard.emplace_back(1 << 20, 1);
}
