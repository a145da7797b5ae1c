//= attack = "Includes a file without an end that is never twice the same (/dev/random)."
//= verdict = "compile_error"
//= compile = ["compile_error", "memory_exceeded", "cpu_time_exceeded", "wall_time_exceeded"]
#include "/dev/random"

int main(void) {
}
