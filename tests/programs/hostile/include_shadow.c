//= attack = "Includes /etc/shadow, so that the compiler's complaints show its lines."
//= verdict = "compile_error"
//= compile = "compile_error"
#include "/etc/shadow"

int main(void) {
}
