//= attack = "Code that runs inside the compiler leaves five thousand files: copying them must not hold anything up."
//= verdict = "ok"
//= stdout = "5000 files"
//= recovery_ms = 2000
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= mkdir -p many
//= case $1 in *collect2)
//=   for number in $(seq 5000); do
//=     echo >many/$number
//=   done ;;
//= esac
//= exec "$@"
//= '''
#include <dirent.h>
#include <stdio.h>

int main(void) {
  int files = 0;
  DIR *many = opendir("many");
  for (struct dirent *entry; many && (entry = readdir(many));) files += entry->d_type == DT_REG;
  printf("%d files\n", files);
}
