//= attack = "Gives the compiler arguments from files: one of its own that writes outside the box, and one that it may not read."
//= verdict = "compile_error"
//= compile = "compile_error"
//= compile_args = ["@arguments", "@/etc/shadow"]
//= files.arguments = "-o /etc/mine"
int main(void) {
}
