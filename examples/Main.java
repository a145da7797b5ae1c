import java.util.Scanner;

/** Greets whoever is named on the first line of standard input, and counts a little. */
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        String name = in.hasNextLine() ? in.nextLine() : "world";
        StringBuilder line = new StringBuilder("Hello, " + name + "! Java says:");
        for (int i = 0, a = 1, b = 1; i < 10; i++) {
            line.append(' ').append(a);
            int next = a + b;
            a = b;
            b = next;
        }
        System.out.println(line);
    }
}
