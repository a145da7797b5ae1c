//= attack = "Java fills its heap and catches the error."
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 3.0, wall_seconds = 5.0 }
import java.util.ArrayList;

class Main {
    public static void main(String[] args) {
        var hoard = new ArrayList<byte[]>();
        while (true) {
            try {
                hoard.add(new byte[1 << 20]);
            } catch (OutOfMemoryError again) {
                Thread.yield();
            }
        }
    }
}
