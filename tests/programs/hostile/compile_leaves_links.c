//= attack = "Code that runs inside the compiler leaves links where its results belong: to the image's files, out of the folder, to the root, hard ones. Whoever copies the results must not follow."
//= verdict = "ok"
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= mkdir -p folder
//= echo kept >folder/kept
//= ln -f folder/kept folder/hard
//= ln -sf /etc/passwd passwd
//= ln -sf /agent agent
//= ln -sfn / root
//= ln -sfn ../../.. up
//= ln -sfn . itself
//= ln -sfn /etc folder/etc
//= exec "$@"
//= '''
#include <stdio.h>
#include <sys/stat.h>

int main(void) {
  int escaped = 0;
  struct stat about;
  const char *links[] = {"passwd", "agent", "root", "up", "itself", "folder/etc"};
  for (int i = 0; i < 6; i++)
    if (lstat(links[i], &about) == 0) escaped += printf("ESCAPED: the link %s arrived\n", links[i]);
  const char *files[] = {"folder/kept", "folder/hard"};
  for (int i = 0; i < 2; i++)
    if (lstat(files[i], &about) < 0 || !S_ISREG(about.st_mode) || about.st_nlink != 1 || about.st_size != 5)
      escaped += printf("%s did not arrive as a file of its own\n", files[i]);
  return escaped > 0;
}
