//= attack = "Changes what is mounted: new file systems, binds over the masks, taking the masks away, another root; by the old calls and by the new ones."
//= verdict = "ok"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int escaped;

// A call whose arguments are looked at has got through, whatever it then says of them.
static void refused(const char *what, long result) {
  if (result < 0 && (errno == EPERM || errno == ENOSYS)) return;
  printf("ESCAPED: %s: %s\n", what, result < 0 ? strerror(errno) : "it succeeded");
  escaped = 1;
}

static long mount(const char *source, const char *target, const char *kind, unsigned long flags) {
  return syscall(SYS_mount, source, target, kind, flags, 0);
}

int main(void) {
  const unsigned long remount = 32, bind = 4096, move = 8192, recursive = 16384, shared = 1 << 20;
  refused("mount a tmpfs", mount("tmpfs", "/tmp", "tmpfs", 0));
  refused("mount a proc", mount("proc", "/proc", "proc", 0));
  refused("mount a cgroup", mount("cgroup", "/tmp", "cgroup", 0));
  refused("bind the root", mount("/", "/tmp", 0, bind | recursive));
  refused("remount the root", mount(0, "/", 0, remount));
  refused("remount /proc/sys", mount(0, "/proc/sys", 0, remount | bind));
  refused("move /proc", mount("/proc", "/tmp", 0, move));
  refused("share the root", mount(0, "/", 0, shared | recursive));
  refused("unmount /sys", syscall(SYS_umount2, "/sys", 2));
  refused("unmount /ruche", syscall(SYS_umount2, "/ruche", 2));
  refused("unmount a file's mask", syscall(SYS_umount2, "/proc/kcore", 2));
  refused("pivot_root", syscall(SYS_pivot_root, ".", "."));
  refused("chroot", syscall(SYS_chroot, "/tmp"));
  refused("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE));
  refused("move_mount", syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0));
  refused("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
  refused("fspick", syscall(SYS_fspick, AT_FDCWD, "/", 0));
  refused("fsconfig", syscall(SYS_fsconfig, 0, FSCONFIG_CMD_CREATE, 0, 0, 0));
  refused("fsmount", syscall(SYS_fsmount, 0, 0, 0));
  struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
  refused("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &writable, sizeof writable));
  return escaped;
}
