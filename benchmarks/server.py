"""A loopback server that answers prepared replies as fast as possible, so that it is not the bottleneck.

``python -m benchmarks.server REGISTRIES REPOSITORIES [RECORDING]`` prints its endpoint and serves until SIGINT;
then it writes the recorded requests (one JSON line each) to RECORDING, if given.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path

from benchmarks.organization import Organization, Replies, Request

_SCOPE = re.compile(rb"Credential=[A-Z]{4}(\d{12})[^/]*/\d+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_TARGET = re.compile(rb"(?i)x-amz-target: *[^.\r]*\.([A-Za-z]+)")
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_ACTION = re.compile(rb"Action=([A-Za-z]+)")
_PATHS = {"/listRegions": "ListRegions"}


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, replies: Replies, recording: list[Request] | None) -> None:
        """Answer from *replies*; append the requests to *recording*."""
        self._replies, self._recording = replies, recording
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every complete request in the buffer."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            total = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < total:
                return
            body, self._buffer = self._buffer[end + 4 : total], self._buffer[total:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        request = understand(head, body)
        if self._recording is not None:
            self._recording.append(request)
        status, kind, text = self._replies.answer(request)
        if self._transport is not None:
            self._transport.write(
                b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\nx-amzn-RequestId: r\r\n\r\n%s"
                % (status, kind.encode(), len(text), text)
            )


def understand(head: bytes, body: bytes) -> Request:
    """Account, Region, service and operation of a signed request."""
    scope, target, action = _SCOPE.search(head), _TARGET.search(head), _ACTION.search(body)
    path = head.split(b" ", 2)[1].decode()
    operation = target[1].decode() if target else action[1].decode() if action else _PATHS.get(path, path)
    account, region, service = (part.decode() for part in scope.groups()) if scope else ("", "", "")
    return Request(account, region, service, operation, body, path)


async def main(registries: int, repositories: int, recording_file: str | None) -> None:
    recording: list[Request] | None = [] if recording_file else None
    replies = Replies(Organization(registries, repositories))
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_signal_handler(signal.SIGINT, ended.set_result, None)
    server = await loop.create_server(lambda: Connection(replies, recording), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await ended
    server.close()
    if recording_file and recording is not None:
        lines = (json.dumps([r.account, r.region, r.service, r.operation, r.body.decode(), r.path]) for r in recording)
        Path(recording_file).write_text("\n".join(lines))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None))
