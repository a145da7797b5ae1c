//= attack = "A fork bomb, each process of which takes memory, runs inside the compiler (-wrapper), before there is a program to run."
//= verdict = "compile_error"
//= compile = ["memory_exceeded", "cpu_time_exceeded"]
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= exec perl -e 'for (;;) { $hoard .= "x" x (4 << 20); fork }'
//= '''
int main(void) {
}
