//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
import java.util.ArrayList;
import java.util.List;

class Main {
  public static void main(String[] args) {
    List<byte[]> hoard = new ArrayList<>();
    while (true) hoard.add(new byte[1 << 20]);
  }
}
