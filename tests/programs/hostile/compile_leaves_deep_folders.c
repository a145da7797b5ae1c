//= attack = "Code that runs inside the compiler leaves folders two hundred deep, and folders and files that nobody may read."
//= verdict = "ok"
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= mkdir -p shallow locked/inner && echo kept >shallow/kept && echo x >locked/inner/x && echo x >secret
//= chmod 000 secret locked/inner locked
//= mkdir -p "$(printf 'deep/%.0s' $(seq 200))"
//= exec "$@"
//= '''
#include <stdio.h>
#include <unistd.h>

int main(void) {
  if (access("shallow/kept", R_OK) < 0 || access("deep/deep/deep", X_OK) < 0) {
    puts("what can be copied did not arrive");
    return 1;
  }
}
