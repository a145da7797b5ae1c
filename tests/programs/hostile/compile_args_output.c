//= attack = "Has the compiler write its result over the sandbox's own files."
//= verdict = "compile_error"
//= compile = "compile_error"
//= compile_args = ["-o", "/agent"]
int main(void) {
}
