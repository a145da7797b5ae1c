//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
fun main() {
    val hoard = mutableListOf<ByteArray>()
    while (true) hoard.add(ByteArray(1 shl 20))
}
