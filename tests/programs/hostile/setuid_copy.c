//= attack = "Makes a copy of itself set-user-id and set-group-id, in every place it may write to, and executes it."
//= verdict = "ok"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc > 1) return geteuid() == 0 || getegid() == 0 || geteuid() != getuid() || getegid() != getgid();
  const char *copies[] = {"/box/copy", "/tmp/copy", "/dev/shm/copy"};
  int escaped = 0;
  for (int i = 0; i < 3; i++) {
    int from = open(argv[0], O_RDONLY), to = open(copies[i], O_CREAT | O_WRONLY, 0755), status;
    if (sendfile(to, from, 0, 1 << 24) <= 0) return 1;
    close(to);
    chown(copies[i], 0, 0);
    chmod(copies[i], 06755);
    struct stat about;
    stat(copies[i], &about);
    if (about.st_uid == 0 || about.st_gid == 0) escaped += printf("ESCAPED: %s is root's\n", copies[i]);
    if (fork() == 0) {
      execl(copies[i], copies[i], "again", (char *)0);
      _exit(0);
    }
    wait(&status);
    if (status) escaped += printf("ESCAPED: %s ran as somebody else\n", copies[i]);
  }
  return escaped > 0;
}
