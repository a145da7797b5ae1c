//= attack = "Recurses until the stack is used up."
//= verdict = "runtime_error"
static int depth(volatile int level) {
  volatile char room[4096] = {0};
  return level < 0 ? room[0] : depth(level + 1) + room[level & 4095];
}

int main(void) {
  return depth(0);
}
