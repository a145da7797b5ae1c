#= attack = "Reads what /proc tells about the kernel and the host: its memory, keys, addresses, log, timers, interrupts."
#= verdict = "ok"
import sys

found = []
names = """kcore keys key-users kmsg kallsyms timer_list sched_debug latency_stats interrupts config.gz kpagecount
    kpageflags kpagecgroup vmallocinfo slabinfo pagetypeinfo acpi/wakeup scsi/scsi"""
for name in names.split():
    try:
        with open(f"/proc/{name}", "rb") as file:
            said = file.read(256)
    except OSError:
        continue
    if said:
        found.append(f"/proc/{name}: {said[:32]!r}")
for what in found:
    print("ESCAPED:", what)
sys.exit(bool(found))
