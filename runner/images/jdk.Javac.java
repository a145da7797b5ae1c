import com.sun.tools.javac.Main;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * javac, started before there is something to compile. It compiles a sample, writes one byte to standard output,
 * and waits for its arguments on standard input, each ended by NUL. From then on it is javac: the same messages,
 * the same exit code. It serves once.
 */
public final class Javac {
    /** What short programs use, and what is wrong with many of them: both load classes of the compiler. */
    private static final List<String> SAMPLES = List.of("Warm.java", "Wrong.java");

    /** Where this class and the samples are. */
    private static final Path HOME = Path.of("/usr/local/lib/ruche");

    private static final int ROUNDS = 2;

    public static void main(String[] none) throws IOException {
        // javac's launcher sets this. Without it the class path of this class would be the program's.
        System.setProperty("application.home", System.getProperty("java.home"));
        for (int round = 0; round < ROUNDS; round++) {
            for (String sample : SAMPLES) {
                warmUp(HOME.resolve(sample));
            }
        }
        System.out.write(0);
        System.out.flush();
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        System.exit(Main.compile(arguments(input)));
    }

    private static void warmUp(Path sample) throws IOException {
        Path classes = Files.createTempDirectory("warm");
        String[] arguments = {"-encoding", "UTF-8", "-d", classes.toString(), sample.toString()};
        Main.compile(arguments, new PrintWriter(OutputStream.nullOutputStream()));
        try (Stream<Path> files = Files.list(classes)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(classes);
    }

    private static String[] arguments(String input) {
        String[] pieces = input.split("\0", -1);
        // Behind the last NUL there is nothing.
        return Arrays.copyOf(pieces, pieces.length - 1);
    }
}
