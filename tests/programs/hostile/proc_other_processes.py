#= attack = "Looks for other processes in /proc, and for the memory, files and environment of the box's first one."
#= verdict = "ok"
import os, sys

found = []
pids = {int(name) for name in os.listdir("/proc") if name.isdigit()}
if pids != {1, os.getpid()}:
    found.append(f"processes {sorted(pids)}")
# Numbers that the listing does not show may be there all the same.
for pid in set(range(2, 4096)) - {os.getpid()}:
    if os.path.exists(f"/proc/{pid}/status"):
        found.append(f"the hidden process {pid}")
for name in ("mem", "maps", "environ", "auxv", "smaps", "syscall", "stack", "pagemap", "personality"):
    try:
        with open(f"/proc/1/{name}", "rb") as file:
            found.append(f"/proc/1/{name}: {file.read(16)!r}")
    except OSError:
        pass
for name in ("mem", "clear_refs", "oom_score_adj", "coredump_filter", "uid_map", "comm"):
    try:
        os.close(os.open(f"/proc/1/{name}", os.O_WRONLY))
        found.append(f"writing /proc/1/{name}")
    except OSError:
        pass
for name in ("root", "cwd", "exe", "ns/user", "ns/mnt", "ns/net"):
    try:
        found.append(f"/proc/1/{name}: {os.readlink(f'/proc/1/{name}')}")
    except OSError:
        pass
for name in ("root", "cwd", "fd", "fdinfo", "map_files", "task/1/fd"):
    try:
        found.append(f"/proc/1/{name}: {os.listdir(f'/proc/1/{name}')}")
    except OSError:
        pass
for what in found:
    print("ESCAPED:", what)
sys.exit(bool(found))
