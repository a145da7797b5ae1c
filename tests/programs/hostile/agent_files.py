#= attack = "Looks for the socket by which the sandbox is led, and tries to change the program that leads it; looks for Docker's socket too."
#= verdict = "ok"
import os, sys

found = []
if os.listdir("/ruche"):
    found.append(f"/ruche holds {os.listdir('/ruche')}")
for path in ("/agent", "/ruche/mine", "/etc/passwd", "/etc/mine", "/usr/bin/mine", "/mine", "/root/mine", "/dev/mine",
             "/dev/sda", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/net/tun", "/dev/kvm"):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        found.append(f"writing {path}")
    except OSError:
        pass
for act, path in ((os.unlink, "/agent"), (os.rmdir, "/ruche"), (lambda path: os.rename(path, "/tmp/agent"), "/agent"),
                  (lambda path: os.chmod(path, 0o777), "/agent"), (lambda path: os.utime(path), "/agent")):
    try:
        act(path)
        found.append(f"changing {path}")
    except OSError:
        pass
for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/agent.sock"):
    if os.path.exists(path):
        found.append(path)
for what in found:
    print("ESCAPED:", what)
sys.exit(bool(found))
