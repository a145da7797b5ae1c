//= args = ["a b", "--flag", "é"]
//= stdout = "a b|--flag|é\n"
fun main(args: Array<String>) {
    println(args.joinToString("|"))
}
