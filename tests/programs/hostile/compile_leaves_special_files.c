//= attack = "Code that runs inside the compiler leaves what is no file: a pipe that blocks whoever opens it, a socket, devices, and the set-user-id bits on the program."
//= verdict = "ok"
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= [ -e pipe ] || mkfifo pipe
//= mknod null c 1 3 2>/dev/null
//= mknod disk b 8 0 2>/dev/null
//= perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, pack_sockaddr_un("socket"))'
//= echo kept >kept
//= "$@"
//= code=$?
//= chmod 6755 kept .program 2>/dev/null
//= exit $code
//= '''
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void) {
  int escaped = 0, kept = 0;
  DIR *here = opendir(".");
  for (struct dirent *entry; (entry = readdir(here));) {
    struct stat about;
    if (lstat(entry->d_name, &about) < 0) return 1;
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode)) escaped += printf("ESCAPED: %s arrived\n", entry->d_name);
    if (about.st_mode & 07000) escaped += printf("ESCAPED: %s has special bits\n", entry->d_name);
    kept += about.st_size == 5;
  }
  if (!kept) puts("the plain file did not arrive");
  return escaped > 0 || !kept;
}
