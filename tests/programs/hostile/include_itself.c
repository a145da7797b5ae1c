//= attack = "Includes itself twice, hence two hundred levels deep and without an end in breadth."
//= verdict = "compile_error"
//= compile = ["compile_error", "output_exceeded", "memory_exceeded", "cpu_time_exceeded"]
#include "include_itself.c"
#include "include_itself.c"

int main(void) {
}
