#= attack = "Leaves files behind everywhere it may write: hidden ones, folders that nobody may enter or write to, links, a pipe, and folders two thousand deep."
#= verdict = "ok"
import os

for place in ("/tmp", "/box", "/dev/shm"):
    os.chdir(place)
    open("left", "w").close()
    open(".hidden", "w").close()
    os.symlink("/", "link")
    os.mkfifo("pipe")
    os.makedirs("locked/inner")
    open("locked/inner/file", "w").close()
    os.chmod("locked/inner", 0)
    os.chmod("locked", 0o555)
os.chdir("/tmp")
for _ in range(2000):
    try:
        os.mkdir("deep")
    except OSError:  # AppArmor refuses paths that are longer than it can name
        break
    os.chdir("deep")
