//= attack = "Opens files by their handles, which lead past every mount to the whole of a file system: how containers without filters were left (shocker)."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int escaped;

// A call whose arguments are looked at has got through, whatever it then says of them.
static void refused(const char *what, long result) {
  if (result < 0 && (errno == EPERM || errno == ENOSYS)) return;
  printf("ESCAPED: %s: %s\n", what, result < 0 ? strerror(errno) : "it succeeded");
  escaped = 1;
}

int main(void) {
  // The handle of a file system's root is nearly always the inode number 2.
  struct {
    struct file_handle handle;
    unsigned char inode[8];
  } root = {.handle = {.handle_bytes = 8, .handle_type = 1}, .inode = {2}};
  const char *places[] = {"/", "/etc/hosts", "/box", "/agent"};
  for (int i = 0; i < 4; i++) {
    int mount = open(places[i], O_RDONLY), id;
    refused("open_by_handle_at", open_by_handle_at(mount, &root.handle, O_RDONLY));
    refused("name_to_handle_at", name_to_handle_at(AT_FDCWD, places[i], &root.handle, &id, 0));
  }
  return escaped;
}
