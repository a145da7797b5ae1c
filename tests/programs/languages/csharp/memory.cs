//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
using System.Collections.Generic;

class Program {
    static void Main() {
        var hoard = new List<byte[]>();
        while (true) {
            var piece = new byte[1 << 20];
            for (int i = 0; i < piece.Length; i++) piece[i] = 1;
            hoard.Add(piece);
        }
    }
}
