//= verdict = "compile_error"
//= says = "error.kt:5"
fun main() {
    val x = 1
    val y: Int = "one"
}
