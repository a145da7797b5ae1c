#= attack = "Looks in its environment for what the sandbox or the host may have left there."
#= verdict = "ok"
import os, sys

given = {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
with open("/proc/self/environ", "rb") as file:
    names = {entry.split(b"=")[0].decode() for entry in file.read().split(b"\0") if entry}
found = sorted((names | set(os.environ)) - given)
for name in found:
    print("ESCAPED: the variable", name)
sys.exit(bool(found))
