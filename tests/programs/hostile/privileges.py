#= attack = "Reads what privileges it has: capabilities, the user, no_new_privs, the system call filter, core dumps, groups."
#= verdict = "ok"
import os, resource, sys

with open("/proc/self/status") as file:
    status = dict(line.split(":", 1) for line in file)
expected = {"CapInh": "0" * 16, "CapPrm": "0" * 16, "CapEff": "0" * 16, "CapBnd": "0" * 16, "CapAmb": "0" * 16,
            "NoNewPrivs": "1", "Seccomp": "2", "TracerPid": "0"}
found = [f"{name} is {status[name].strip()}" for name in expected if status[name].strip() != expected[name]]
if 0 in (*os.getresuid(), *os.getresgid(), *os.getgroups()):
    found.append(f"user and groups {os.getresuid()} {os.getresgid()} {os.getgroups()}")
if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
    found.append("core dumps")
for name in ("uid_map", "gid_map"):
    with open(f"/proc/self/{name}") as file:
        if file.read().split()[2:] != ["1"]:
            found.append(f"more than one id in {name}")
for what in found:
    print("ESCAPED:", what)
sys.exit(bool(found))
