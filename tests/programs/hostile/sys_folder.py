#= attack = "Looks into /sys and the control groups for devices, kernel settings and its own limits, to read or to write."
#= verdict = "ok"
import os, sys

found = [f"/sys holds {name}" for name in os.listdir("/sys")]
for path in ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cgroup.procs",
             "/sys/fs/cgroup/release_agent", "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/class/net",
             "/sys/devices/virtual/dmi/id/product_uuid", "/sys/kernel/security", "/sys/kernel/debug"):
    if os.path.exists(path):
        found.append(path)
with open("/proc/self/cgroup") as file:
    groups = [line.split(":", 2)[2].strip() for line in file]
for group in groups:
    for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/cgroup"):
        if group != "/" and os.path.exists(root + group):
            found.append(f"its control group {root}{group}")
try:
    os.mkdir("/sys/mine")
    found.append("making a folder in /sys")
except OSError:
    pass
for what in found:
    print("ESCAPED:", what)
sys.exit(bool(found))
