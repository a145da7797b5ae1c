#!/usr/bin/env python3
"""Receive callbacks of a Ruche cluster, with standard Python.

    callback.py KEYFILE [--port PORT]

KEYFILE holds what `cli callback-key` prints. Each callback whose signature is right is printed as one line: the
delivery, the job's id and its verdict. Give this server's address to `cli run --callback`, or as a job's
`callback_url`. docs/callbacks.md explains every header.
"""

import argparse
import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_AGE = 300  # seconds that a signature may be old: whoever has copied a message cannot send it later
MAX_BODY = 64 * 1024 * 1024


def is_genuine(key, header, body, now):
    """Whether `header` is the signature of `body` with `key`, and not too old."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    seconds, proof = parts.get("t", ""), parts.get("v1", "")
    if not (seconds.isascii() and seconds.isdigit()) or abs(now - int(seconds)) > MAX_AGE:
        return False
    expected = hmac.new(key, seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), proof.encode())


class Receiver(BaseHTTPRequestHandler):
    key = b""
    seen = set()  # deliveries, since one may come twice; a real receiver keeps them

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 <= length <= MAX_BODY:
            return self.answer(413)
        body = self.rfile.read(length)
        if not is_genuine(self.key, self.headers.get("Ruche-Signature", ""), body, time.time()):
            return self.answer(401)
        delivery = self.headers.get("Ruche-Delivery", "")
        if delivery not in self.seen:
            self.seen.add(delivery)
            job = json.loads(body)
            print(delivery, job["id"], job["verdict"], flush=True)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("keyfile")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    with open(arguments.keyfile, "rb") as file:
        Receiver.key = file.read().strip()
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Receiver)
    print(f"listening http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
