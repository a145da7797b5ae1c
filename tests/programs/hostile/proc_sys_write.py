#= attack = "Opens the kernel's settings for writing: every file in /proc/sys, and what acts on the host. Nothing is written."
#= verdict = "ok"
import os, sys

acting = ["/proc/sysrq-trigger", "/proc/kmsg", "/proc/mtrr", "/proc/scsi/scsi", "/proc/irq/default_smp_affinity"]
named = ["kernel/core_pattern", "kernel/hostname", "kernel/modprobe", "vm/drop_caches", "fs/suid_dumpable",
         "kernel/ns_last_pid", "user/max_user_namespaces", "net/ipv4/ip_forward", "fs/mqueue/queues_max"]
tried = set(acting) | {f"/proc/sys/{name}" for name in named}
for folder in ("/proc/sys", "/proc/fs", "/proc/bus", "/proc/irq"):
    tried |= {os.path.join(path, name) for path, _, names in os.walk(folder) for name in names}
escaped = False
for path in sorted(tried):
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError:
        continue
    # What the sandbox has put in its place is no file of /proc.
    if os.stat(path).st_dev == os.stat("/proc/self/status").st_dev:
        print("ESCAPED: writing", path)
        escaped = True
sys.exit(escaped)
