#= attack = "Reaches for the world, the host, its bridge, a cloud's metadata and the cluster's own doors, over TCP, UDP and IPv6, by address and by name."
#= verdict = "ok"
#= limits = { wall_seconds = 5.0 }
import errno, socket, sys

found = []
targets = [("1.1.1.1", 53), ("8.8.8.8", 443), ("172.17.0.1", 22), ("172.17.0.1", 2375), ("10.0.0.1", 80),
           ("169.254.169.254", 80), ("127.0.0.1", 2375), ("127.0.0.1", 7000), ("127.0.0.1", 7001), ("127.0.0.1", 7080),
           ("255.255.255.255", 67), ("224.0.0.251", 5353), ("2606:4700:4700::1111", 53), ("::1", 7001), ("ff02::1", 5353)]
for address, port in targets:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        loopback = address in ("127.0.0.1", "::1")
        if kind == socket.SOCK_DGRAM and loopback:
            continue  # Sent to nobody, it still counts as sent.
        with socket.socket(family, kind) as door:
            door.settimeout(0.3)
            try:
                door.connect((address, port))
                if kind == socket.SOCK_DGRAM:
                    door.send(b"x")
                found.append(f"{address}:{port} {kind.name}")
            except TimeoutError:
                found.append(f"{address}:{port} {kind.name}: something swallows it")
            except OSError as error:
                if loopback and error.errno not in (errno.ECONNREFUSED, errno.EADDRNOTAVAIL):
                    found.append(f"{address}:{port} {kind.name}: {error}")
for name in ("example.org", "host.docker.internal", "metadata.google.internal"):
    try:
        found.append(f"the name {name}: {socket.getaddrinfo(name, 80)}")
    except OSError:
        pass
with open("/proc/net/dev") as file:
    interfaces = {line.split(":")[0].strip() for line in file if ":" in line}
found += [f"the interface {name}" for name in interfaces - {"lo"}]
with open("/proc/net/route") as file:
    found += [f"a route {line.split()[:3]}" for line in list(file)[1:]]
for what in found:
    print("ESCAPED:", what)
sys.exit(bool(found))
