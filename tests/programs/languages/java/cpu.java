//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5 }
class Main {
  public static void main(String[] args) {
    for (long i = 0; ; i++) {}
  }
}
