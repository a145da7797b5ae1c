//= verdict = "output_exceeded"
//= limits = { output_bytes = 65536 }
//= says = "all work and no play"
class Main {
  public static void main(String[] args) {
    while (true) System.out.println("all work and no play makes jack a dull boy");
  }
}
