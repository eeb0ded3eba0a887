"""A receiver of ecr-audit's webhooks: checks the signature, answers, and keeps what came. Standard library only.

    python3 webhook_receiver.py KEY_FILE [FOLDER]

prints its address. `genuine` is the part to take over into a receiver of your own. Behind a proxy that ends TLS it can
stay as it is; on its own it is for trials on one machine.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOLERANCE_SECONDS = 300
"""A request that is older may be a replay; clocks differ by less."""


def genuine(keys: dict[str, str], headers: dict[str, str], body: bytes, now: float) -> bool:
    """Whether *body*, exactly as it was received, was sent with a known key, just now.

    *keys*: id of a key → the key; two while one replaces the other. *headers*: by name in lower case.
    *now*: seconds since 1970. An unknown or missing header is no exception, only not genuine.
    """
    timestamp = headers.get("ecr-audit-timestamp", "")
    key = keys.get(headers.get("ecr-audit-key-id", ""))
    if key is None or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 15):
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    proof = hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    # Takes the same time wherever the two differ.
    return hmac.compare_digest(f"v1={proof}".encode(), headers.get("ecr-audit-signature", "").encode())


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what is genuine and 401 to anything else."""

    keys: dict[str, str]
    folder: Path
    seen: set[str]

    def do_POST(self) -> None:
        """Check, keep, answer."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= 1_000_000):
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not genuine(self.keys, headers, body, time.time()):
            self.send_error(401)
            return
        # The same key again: we have it, and say so. A receiver of your own keeps these for a day.
        if headers.get("idempotency-key", "") not in self.seen:
            self.seen.add(headers.get("idempotency-key", ""))
            self.keep(headers, body)
        self.send_response(204)
        self.end_headers()

    def keep(self, headers: dict[str, str], body: bytes) -> None:
        """Here your own work begins; do it after answering where it takes long."""
        print("genuine:", json.loads(body)["event"], flush=True)
        self.folder.mkdir(exist_ok=True)
        (self.folder / "body").write_bytes(body)
        (self.folder / "headers").write_text("".join(f"{name}: {value}\n" for name, value in headers.items()))

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def main(key_file: str, folder: str = "received") -> None:
    """Listen on a free port of this machine until interrupted."""
    Receiver.keys = {"1": Path(key_file).read_text().strip()}
    Receiver.folder, Receiver.seen = Path(folder), set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    print(f"export HOOK_URL=http://127.0.0.1:{server.server_port}/ecr-audit", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
