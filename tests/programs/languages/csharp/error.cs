//= verdict = "compile_error"
//= says = "error.cs(6,"
class Program {
    static void Main() {
        int x = 1;
        int y = "one";
    }
}
