//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
import java.util.Scanner;

class Main {
  public static void main(String[] args) {
    Scanner in = new Scanner(System.in);
    while (in.hasNextLine()) System.out.println(in.nextLine());
  }
}
