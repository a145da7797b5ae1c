//= attack = "A program of two gigabytes, out of one line."
//= verdict = "compile_error"
//= compile = ["compile_error", "memory_exceeded", "cpu_time_exceeded"]
char object[1u << 31] = {1};

int main(void) {
}
