//= attack = "Code that runs inside the compiler puts a link to another program in the place of the compiled one."
//= verdict = "runtime_error"
//= compile = "ok"
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= "$@"
//= code=$?
//= ln -sf /bin/true .program
//= exit $code
//= '''
int main(void) {
}
