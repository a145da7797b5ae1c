//= args = ["a b", "--flag", "é"]
//= stdout = "a b|--flag|é\n"
class Main {
  public static void main(String[] args) {
    System.out.println(String.join("|", args));
  }
}
