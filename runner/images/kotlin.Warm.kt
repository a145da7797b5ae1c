// Uses what short programs use, so that compiling it loads the classes of the compiler that they need.
sealed class Shape
data class Circle(val radius: Double) : Shape()
data class Square(val side: Double) : Shape()

interface Named {
    val label: String get() = "label"
}

enum class Colour : Named { RED, GREEN }

fun area(shape: Shape): Double = when (shape) {
    is Circle -> Math.PI * shape.radius * shape.radius
    is Square -> shape.side * shape.side
}

fun <T : Comparable<T>> largest(values: List<T>): T? {
    var best: T? = null
    for (value in values) {
        if (best == null || value > best) best = value
    }
    return best
}

fun main(args: Array<String>) {
    val lines = generateSequence(::readLine).map { it.trim() }.filter { it.isNotEmpty() }.toList()
    val counts = lines.groupingBy { it }.eachCount().toMutableMap()
    try {
        counts["x"] = args.getOrElse(0) { "1" }.toInt() + largest(counts.values.toList())!!
    } catch (e: NumberFormatException) {
        println("not a number: ${e.message}")
    }
    for (i in 1..3 step 2) print("$i ")
    println("${lines.size} lines ${Colour.values().joinToString { it.name }} ${area(Circle(1.0)) + area(Square(2.0))}")
}
