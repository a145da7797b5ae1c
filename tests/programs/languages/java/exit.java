//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
class Main {
  public static void main(String[] args) {
    System.out.println("before");
    System.exit(7);
  }
}
