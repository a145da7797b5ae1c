//= attack = "Includes a file without an end (/dev/zero)."
//= verdict = "compile_error"
//= compile = ["compile_error", "memory_exceeded", "cpu_time_exceeded", "wall_time_exceeded"]
#include "/dev/zero"

int main(void) {
}
