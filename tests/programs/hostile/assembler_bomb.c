//= attack = "Has the assembler repeat an instruction a billion times."
//= verdict = "compile_error"
//= compile = ["compile_error", "memory_exceeded", "cpu_time_exceeded", "wall_time_exceeded"]
__asm__(".rept 1000000000\nnop\n.endr");

int main(void) {
}
