//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
import java.util.Scanner;

class Main {
  public static void main(String[] args) {
    System.out.println("wörld 🐝 " + new Scanner(System.in).nextLine());
  }
}
