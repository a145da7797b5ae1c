//= verdict = "compile_error"
//= says = "error.java:6"
class Main {
  public static void main(String[] args) {
    int x = 1;
    int y = "one";
  }
}
