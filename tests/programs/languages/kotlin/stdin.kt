//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
fun main() {
    generateSequence(::readLine).forEach { println(it) }
}
