//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
import kotlin.system.exitProcess

fun main() {
    println("before")
    exitProcess(7)
}
