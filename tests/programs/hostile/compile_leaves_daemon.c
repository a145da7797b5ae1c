//= attack = "Code that runs inside the compiler leaves a daemon behind that swaps a file for a link and back while the results are copied."
//= verdict = "ok"
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= case $1 in *collect2)
//=   setsid sh -c 'while :; do echo x >swapped; ln -sf /etc/passwd swapped; rm -f swapped; done' & ;;
//= esac
//= exec "$@"
//= '''
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
  int escaped = 0;
  struct stat about;
  if (lstat("swapped", &about) == 0 && !S_ISREG(about.st_mode)) escaped += printf("ESCAPED: the link arrived\n");
  if (lstat("swapped", &about) == 0 && about.st_size > 2) escaped += printf("ESCAPED: what it points to arrived\n");
  DIR *processes = opendir("/proc");
  for (struct dirent *entry; (entry = readdir(processes));) {
    int pid = atoi(entry->d_name);
    if (pid > 1 && pid != getpid()) escaped += printf("ESCAPED: process %d\n", pid);
  }
  return escaped > 0;
}
