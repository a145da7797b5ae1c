import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Uses what short programs use, so that compiling it loads the classes of the compiler that they need. */
public class Warm {
    sealed interface Shape permits Circle, Square {}

    record Circle(double radius) implements Shape {}

    record Square(double side) implements Shape {}

    enum Colour { RED, GREEN }

    static <T extends Comparable<T>> T largest(List<T> values) {
        T best = values.get(0);
        for (T value : values) {
            best = value.compareTo(best) > 0 ? value : best;
        }
        return best;
    }

    static double area(Shape shape) {
        if (shape instanceof Circle circle) {
            return Math.PI * circle.radius() * circle.radius();
        }
        return Math.pow(((Square) shape).side(), 2);
    }

    public static void main(String[] args) throws IOException {
        Map<String, Integer> counts = new HashMap<>();
        try (var input = new BufferedReader(new InputStreamReader(System.in))) {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                counts.merge(line.trim(), 1, Integer::sum);
            }
        }
        List<Integer> values = new ArrayList<>(counts.values());
        Runnable report = () -> System.out.printf("%d lines, most often %d%n", counts.size(), largest(values));
        if (!values.isEmpty()) {
            report.run();
        }
        String kind = switch (Colour.values()[counts.size() % 2]) {
            case RED -> "red";
            case GREEN -> "green";
        };
        System.out.println(kind + values.stream().map(String::valueOf).collect(Collectors.joining(",")));
        System.out.println(area(new Circle(1)) + area(new Square(2)));
    }
}
