//= verdict = "compile_error"
//= says = "make has made no executable file"
//= files.Makefile = "all:\n\t@true\n"
int main(void) { return 0; }
