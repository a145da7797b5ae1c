//= stdout = "hello\n"
fun main() {
    println("hello")
}
