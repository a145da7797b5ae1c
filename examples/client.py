#!/usr/bin/env python3
"""Runs a program on a Ruche cluster, with nothing but Python's standard library.

    client.py FILE [--master HOST:PORT] [--lang LANGUAGE] [-- ARGUMENTS]

It shows the TCP protocol of docs/protocol.md in full: the greeting, a job with its file beside it, standard input
and output under credit, heartbeats, and the end. It exits as `cli run` does.
"""
import argparse
import json
import os
import socket
import struct
import sys
import threading

# The kinds of frames.
HELLO, CONTROL, PING, PONG, CREDIT = 1, 2, 3, 4, 5
BLOB, STDIN, STDIN_END, STDOUT, STDERR = 16, 17, 18, 19, 20

WINDOW = 256 * 1024  # what either side may send on a stream before it gets credit
CHUNK = 64 * 1024  # what we put into one data frame
STREAM = 1  # the number of our only request

LANGUAGES = {"py": "python", "c": "c", "cpp": "cpp", "cc": "cpp", "java": "java"}
EXIT_CODES = {
    "wrong_answer": 1,
    "compile_error": 120,
    "cpu_time_exceeded": 121,
    "wall_time_exceeded": 122,
    "memory_exceeded": 123,
    "output_exceeded": 124,
    "internal_error": 126,
    "cancelled": 130,
}
REFUSED, NO_CONNECTION = 125, 127


class Connection:
    """Frames over a socket: u32 length, u8 kind, u32 stream, payload; all numbers big-endian."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")
        self.sending = threading.Lock()  # two threads send: frames must not mix
        self.credit = WINDOW
        self.credit_came = threading.Condition()

    def send(self, kind, stream, payload=b""):
        with self.sending:
            self.socket.sendall(struct.pack(">IBI", 5 + len(payload), kind, stream) + payload)

    def send_json(self, kind, stream, message):
        self.send(kind, stream, json.dumps(message).encode())

    def send_data(self, kind, data):
        """Sends data in pieces, each once there is credit for it."""
        for start in range(0, len(data), CHUNK):
            piece = data[start : start + CHUNK]
            with self.credit_came:
                self.credit_came.wait_for(lambda: self.credit >= len(piece))
                self.credit -= len(piece)
            self.send(kind, STREAM, piece)

    def grant(self, credit):
        with self.credit_came:
            self.credit += credit
            self.credit_came.notify()

    def frames(self):
        """Frames as they come, until the connection ends."""
        while header := self.reader.read(9):
            length, kind, stream = struct.unpack(">IBI", header)
            yield kind, stream, self.reader.read(length - 5)


def send_job(connection, source):
    """The file's bytes, then standard input to its end. In a thread of its own: the program may not read."""
    try:
        connection.send_data(BLOB, source)
        while data := os.read(0, CHUNK):
            connection.send_data(STDIN, data)
        connection.send(STDIN_END, STREAM)
    except OSError:
        pass  # the job has ended, and the connection with it


def run(options):
    with open(options.file, "rb") as file:
        source = file.read()
    name = os.path.basename(options.file)
    spec = {
        "language": options.lang or LANGUAGES.get(name.rpartition(".")[2], name.rpartition(".")[2]),
        "files": [{"path": name, "size": len(source)}],  # the bytes follow as blob frames
        "args": options.arguments,
    }
    host, _, port = options.master.rpartition(":")
    connection = Connection(host, int(port))
    connection.send_json(HELLO, 0, {"protocol": 1, "software": "client.py", "window": WINDOW})
    connection.send_json(CONTROL, STREAM, {"type": "submit", "spec": spec, "stdin_follows": True})
    threading.Thread(target=send_job, args=(connection, source), daemon=True).start()

    for kind, stream, payload in connection.frames():
        if kind == PING:
            connection.send(PONG, 0)
        elif kind == CREDIT and stream == STREAM:
            connection.grant(struct.unpack(">I", payload)[0])
        elif kind in (STDOUT, STDERR):
            # First the event's number and the step. What the compiler says is no output of the program.
            _number, step = struct.unpack(">QI", payload[:12])
            out = sys.stdout.buffer if kind == STDOUT and step > 0 else sys.stderr.buffer
            out.write(payload[12:])
            out.flush()
            connection.send(CREDIT, STREAM, struct.pack(">I", len(payload)))
        elif kind == CONTROL:
            message = json.loads(payload)
            if message["type"] == "refused":
                print("error:", message["problem"]["detail"], file=sys.stderr)
                return REFUSED
            if message["type"] == "event" and message["event"]["type"] == "restarted":
                print("started again:", message["event"]["reason"], file=sys.stderr)
            if message["type"] == "event" and message["event"]["type"] == "finished":
                return exit_code(message["event"]["job"])
    print("error: the connection was lost", file=sys.stderr)
    return NO_CONNECTION


def exit_code(job):
    """The program's own where it ran, else what the verdict stands for."""
    print(job["verdict"], job.get("message") or "", file=sys.stderr)
    if job["verdict"] in EXIT_CODES:
        return EXIT_CODES[job["verdict"]]
    last = job["runs"][-1]
    return 128 + last["signal"] if last.get("signal") else last.get("exit_code", 0)


def main():
    parser = argparse.ArgumentParser(description="Runs a program on a Ruche cluster.")
    parser.add_argument("file")
    parser.add_argument("--master", default=os.environ.get("RUCHE_MASTER", "127.0.0.1:7000"), metavar="HOST:PORT")
    parser.add_argument("--lang", help="the language, where the file's name does not tell")
    given = sys.argv[1:]
    split = given.index("--") if "--" in given else len(given)
    options = parser.parse_args(given[:split])
    options.arguments = given[split + 1 :]
    try:
        return run(options)
    except OSError as error:
        print("error:", error, file=sys.stderr)
        return NO_CONNECTION


if __name__ == "__main__":
    # Not sys.exit: a thread may still wait for input that never comes.
    code = main()
    sys.stdout.flush()
    os._exit(code)
