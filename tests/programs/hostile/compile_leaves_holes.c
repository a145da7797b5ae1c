//= attack = "Code that runs inside the compiler leaves files of 60 MB each that are nothing but holes: they fit where they are, and nowhere once they are copied."
//= verdict = "runtime_error"
//= flags = ["disk_full"]
//= recovery_ms = 2000
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= for name in a b c d e f g h; do
//=   truncate -s 60M $name
//= done
//= exec "$@"
//= '''
int main(void) {
}
