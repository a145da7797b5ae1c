//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5 }
int main(void) {
  for (volatile int i = 0;; i++) {
  }
}
