//= attack = "Ends without having read any of ten megabytes of standard input."
//= verdict = "ok"
//= stdin_bytes = 10485760
//= limits = { wall_seconds = 3.0 }
int main(void) {
}
