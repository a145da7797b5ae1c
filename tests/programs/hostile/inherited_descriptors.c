//= attack = "Looks for descriptors that it was not meant to inherit, and for sockets among those that it was."
//= verdict = "ok"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
  int escaped = 0;
  for (int descriptor = 3; descriptor < 65536; descriptor++)
    if (fcntl(descriptor, F_GETFD) >= 0) escaped += printf("ESCAPED: descriptor %d\n", descriptor);
  for (int descriptor = 0; descriptor < 3; descriptor++) {
    struct stat about;
    if (fstat(descriptor, &about) == 0 && S_ISSOCK(about.st_mode))
      escaped += printf("ESCAPED: descriptor %d is a socket\n", descriptor);
  }
  // Opened anew, an output must not become an input that shows what others write.
  int again = open("/proc/self/fd/1", O_RDONLY | O_NONBLOCK);
  char byte;
  if (again >= 0 && read(again, &byte, 1) > 0) escaped += printf("ESCAPED: reading standard output\n");
  return escaped > 0;
}
