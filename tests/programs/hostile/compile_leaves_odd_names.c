//= attack = "Code that runs inside the compiler gives its results names that are lines, options, patterns, no UTF-8, or as long as they may be."
//= verdict = "ok"
//= stdout = "7 odd names"
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= mkdir -p odd
//= for name in 'two
//= lines' -rf '*' ' ' "$(printf '\\377\\376')" "$(printf '\\033[2J')" "$(printf %0255d 0)"; do
//=   : >"odd/$name"
//= done
//= exec "$@"
//= '''
#include <dirent.h>
#include <stdio.h>

int main(void) {
  int names = 0;
  DIR *odd = opendir("odd");
  for (struct dirent *entry; odd && (entry = readdir(odd));) names += entry->d_type == DT_REG;
  printf("%d odd names\n", names);
}
