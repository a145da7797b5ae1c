//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5 }
int main() {
  for (volatile int i = 0;;) i = i + 1;
}
