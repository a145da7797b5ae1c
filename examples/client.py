#!/usr/bin/env python3
"""Run a program on a Ruche cluster: the TCP protocol in standard Python.

    client.py FILE [--master HOST:PORT] [--ca FILE] [--lang LANGUAGE] [-- ARGS...]

Streams the program's output, passes standard input through and ends with the program's exit code (the other
codes are those of `cli run --help`). docs/protocol.md explains every message.
"""

import argparse
import json
import os
import signal
import socket
import ssl
import struct
import sys
import threading

# The kinds of frames.
HELLO, CONTROL, PING, PONG, CREDIT = 1, 2, 3, 4, 5
BLOB, STDIN, STDIN_END, STDOUT, STDERR = 16, 17, 18, 19, 20

# The numbers of our streams. Stream 0 is the connection itself.
JOB, CANCEL = 1, 2

WINDOW = 256 * 1024  # what every side may send on a stream before it needs credit
CHUNK = 64 * 1024  # what goes into one frame at most
MAX_FRAME = 1024 * 1024
HEARTBEAT = 10.0  # seconds

# The name that every certificate of a cluster's own authority holds, whatever the controller is dialled by.
CONTROLLER = "controller.ruche.internal"

LANGUAGES = {"py": "python", "c": "c", "cpp": "cpp", "cc": "cpp", "cxx": "cpp", "java": "java"}

EXIT_CODES = {
    "ok": 0, "wrong_answer": 1, "compile_error": 120, "cpu_time_exceeded": 121, "wall_time_exceeded": 122,
    "memory_exceeded": 123, "output_exceeded": 124, "internal_error": 126, "cancelled": 130,
}
REFUSED, NO_CONNECTION, CANCELLED, BROKEN_PIPE = 125, 127, 130, 141


class Unread(Exception):
    """Nobody reads our output any more."""


class Connection:
    """Frames over a socket: u32 length of what follows, u8 kind, u32 stream, payload; numbers big-endian."""

    def __init__(self, host, port, ca=None):
        self.socket = socket.create_connection((host, port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if ca:
            context = ssl.create_default_context(cafile=ca)
            self.socket = context.wrap_socket(self.socket, server_hostname=CONTROLLER)
        self.incoming = self.socket.makefile("rb")
        self.sending = threading.Lock()  # one frame at a time, whichever thread sends it

    def send(self, *frames):
        """Sends frames, each (kind, stream, payload), in one write."""
        data = b"".join(struct.pack(">IBI", 5 + len(p), kind, stream) + p for kind, stream, p in frames)
        with self.sending:
            self.socket.sendall(data)

    def receive(self):
        """Waits for the next frame."""
        length, kind, stream = struct.unpack(">IBI", self.read(9))
        if not 5 <= length <= MAX_FRAME:
            raise ConnectionError("the peer is not a Ruche controller")
        return kind, stream, self.read(length - 5)

    def read(self, size):
        data = self.incoming.read(size)
        if len(data) < size:
            raise ConnectionError("the controller closed the connection")
        return data


class Credit:
    """How many bytes of data we may still send on a stream."""

    def __init__(self, size):
        self.size = size
        self.changed = threading.Condition()

    def grant(self, size):
        with self.changed:
            self.size += size
            self.changed.notify()

    def take(self, most):
        """Waits until something may be sent; returns how much, and uses it up."""
        with self.changed:
            self.changed.wait_for(lambda: self.size > 0)
            size = min(most, self.size)
            self.size -= size
            return size


class Job:
    """One job on one connection."""

    def __init__(self, connection):
        self.connection = connection
        self.credit = Credit(WINDOW)
        self.consumed = 0  # bytes we have dealt with and not yet granted again
        self.id = None
        self.stop_asked = False
        self.ended = threading.Event()

    def submit(self, path, language, args):
        """Sends the hello, the job and the first of its contents at once: that costs a single round trip."""
        with open(path, "rb") as file:
            source = file.read()
        hello = {
            "protocol": 1, "software": "client.py", "features": [], "required": [],
            "window": WINDOW, "heartbeat_ms": int(HEARTBEAT * 1000),
        }
        if os.environ.get("RUCHE_TOKEN"):
            hello["token"] = os.environ["RUCHE_TOKEN"]
        # The content is announced by its size and follows as blob frames: any bytes will do.
        files = [{"path": os.path.basename(path), "size": len(source)}]
        spec = {"language": language, "files": files, "args": args}
        submit = {"type": "submit", "spec": spec, "stdin_follows": True}
        frames = [(HELLO, 0, json.dumps(hello).encode()), (CONTROL, JOB, json.dumps(submit).encode())]
        first = source[:self.credit.take(min(CHUNK, len(source)))]
        if first:  # an empty file has no frame
            frames.append((BLOB, JOB, first))
        self.connection.send(*frames)
        # The rest of the file, then standard input, go out while the answers come in.
        threading.Thread(target=self.send_data, args=(source[len(first):],), daemon=True).start()
        threading.Thread(target=self.beat, daemon=True).start()

    def send_data(self, source):
        try:
            self.send_all(BLOB, source)
            while piece := os.read(0, CHUNK):
                self.send_all(STDIN, piece)
            self.connection.send((STDIN_END, JOB, b""))
        except OSError:
            pass  # the thread that receives sees it too, and says so

    def send_all(self, kind, data):
        while data:
            size = self.credit.take(min(CHUNK, len(data)))
            self.connection.send((kind, JOB, data[:size]))
            data = data[size:]

    def beat(self):
        """Lets the controller hear something, so that it knows that we are there."""
        try:
            while not self.ended.wait(HEARTBEAT / 2):
                self.connection.send((PING, 0, b""))
        except OSError:
            pass

    def follow(self):
        """Deals with what comes until the job ends. Returns the exit code."""
        while True:
            kind, stream, payload = self.connection.receive()
            if kind == HELLO:
                hello = json.loads(payload)
                self.credit.grant(hello.get("window", WINDOW) - WINDOW)
                # A peer that says nothing for three of its heartbeats is dead.
                self.connection.socket.settimeout(3 * hello.get("heartbeat_ms", 10_000) / 1000)
            elif kind == PING:
                self.connection.send((PONG, 0, b""))
            elif kind == CREDIT and stream == JOB:
                self.credit.grant(struct.unpack(">I", payload)[0])
            elif kind in (STDOUT, STDERR):
                self.show(kind, payload)
            elif kind == CONTROL and stream != CANCEL:
                code = self.message(json.loads(payload))
                if code is not None:
                    self.ended.set()
                    return CANCELLED if self.stop_asked else code

    def show(self, kind, payload):
        """An output frame: u64 number of the event, u32 step (0 is the compilation), then the bytes."""
        _number, step = struct.unpack(">QI", payload[:12])
        out = sys.stdout.buffer if kind == STDOUT and step > 0 else sys.stderr.buffer
        try:
            out.write(payload[12:])
            out.flush()
        except BrokenPipeError as error:
            raise Unread from error
        # Give credit back only now that it is written, and not for every little piece.
        self.consumed += len(payload)
        if self.consumed >= WINDOW // 2:
            self.connection.send((CREDIT, JOB, struct.pack(">I", self.consumed)))
            self.consumed = 0

    def message(self, message):
        """A control message. Returns the exit code where it is the last one."""
        if message["type"] == "accepted":
            self.id = message["id"]
            if self.stop_asked:
                self.send_cancel()
        elif message["type"] == "refused":
            problem = message["problem"]
            where = problem["field"] + ": " if problem.get("field") else ""
            say("error: refused: " + where + problem["detail"])
            return 126 if problem["kind"] == "internal" else REFUSED
        elif message["type"] == "event" and message["event"]["type"] == "restarted":
            say("the program is started again: what it wrote so far is void")
        elif message["type"] == "event" and message["event"]["type"] == "finished":
            return ended(message["event"]["job"])
        return None

    def stop(self):
        """Ctrl-C: asks for the job's end and waits for it, for two seconds. The second time, leaves."""
        if self.stop_asked:
            os._exit(CANCELLED)
        self.stop_asked = True
        if self.id:
            self.send_cancel()
        if not self.ended.wait(2):
            os._exit(CANCELLED)

    def send_cancel(self):
        self.connection.send((CONTROL, CANCEL, json.dumps({"type": "cancel", "id": self.id}).encode()))


def ended(job):
    """Says how the job ended. Returns the exit code."""
    steps = [job["compile"]] if job.get("compile") else []
    steps += job["runs"]
    bad = [step for step in steps if step["verdict"] != "ok"]
    step = (bad or steps or [{}])[0 if bad else -1]
    usage = step.get("usage", {})
    say("%s · %s ms CPU · %s ms · on %s" % (
        job["verdict"], usage.get("cpu_ms", 0), usage.get("wall_ms", 0), job.get("runner", "no runner"),
    ))
    if job["verdict"] != "runtime_error":
        return EXIT_CODES.get(job["verdict"], 126)
    if step.get("signal"):
        return 128 + step["signal"]
    return step.get("exit_code", 1) & 0xFF or 1


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description="Run a program on a Ruche cluster.")
    parser.usage = "client.py FILE [--master HOST:PORT] [--ca FILE] [--lang LANGUAGE] [-- ARGS...]"
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--master", default=os.environ.get("RUCHE_MASTER") or "127.0.0.1:7000")
    parser.add_argument(
        "--ca", metavar="FILE", default=os.environ.get("RUCHE_CA"),
        help="encrypt, and believe the cluster's certificate authority in this file (the controller's ca.pem)",
    )
    parser.add_argument("--lang", help="the language; by default what the file's name tells")
    ours, theirs = sys.argv[1:], []
    if "--" in ours:
        cut = ours.index("--")
        ours, theirs = ours[:cut], ours[cut + 1:]
    options = parser.parse_args(ours)
    language = options.lang or LANGUAGES.get(options.file.rpartition(".")[2].lower())
    if language is None:
        parser.error("the file's name tells no language: say --lang")
    host, _, port = options.master.rpartition(":")
    job = None
    try:
        connection = Connection(host.strip("[]"), int(port), options.ca)
        job = Job(connection)
        # On a thread of its own: a signal may come while this one is sending.
        signal.signal(signal.SIGINT, lambda *_: threading.Thread(target=job.stop, daemon=True).start())
        job.submit(options.file, language, theirs)
        return job.follow()
    except Unread:
        # A job that is run for its output has no sense any more. Closing the connection ends it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except FileNotFoundError as error:
        say("error: %s: there is no such file" % error.filename)
        return 2
    except (OSError, ValueError) as error:
        say("error: %s: %s" % (options.master, error))
        return CANCELLED if job and job.stop_asked else NO_CONNECTION


if __name__ == "__main__":
    sys.exit(main())
