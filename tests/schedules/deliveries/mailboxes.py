"""A mail server on loopback: real SMTP, with or without TLS and login, which refuses as a test says."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "audit", "correct-horse-7f31"  # pragma: allowlist secret


@dataclass
class Post:
    """What the server took, and how it is to answer."""

    envelopes: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    recipients: Callable[[str], str] = lambda _: "250 OK"
    data: Callable[[], str] = lambda: "250 OK"
    logins: list[bytes] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        return [_parsed(envelope) for envelope in self.envelopes]

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        answer = self.recipients(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 as above
        answer = self.data()
        if answer.startswith("2"):
            self.envelopes.append(envelope)
            self.encrypted.append(session.ssl is not None)
        return answer

    def login(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        known = data.login == USER.encode() and data.password == PASSWORD.encode()
        return AuthResult(success=known, handled=False)


def _parsed(envelope: Envelope) -> EmailMessage:
    content = envelope.original_content
    assert isinstance(content, bytes)
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@contextmanager
def mail_server(
    post: Post, *, context: ssl.SSLContext | None = None, implicit: bool = False, login: bool = False, size: int = 0
) -> Iterator[int]:
    """Serve; gives the port."""
    named: dict[str, Any] = {"data_size_limit": size or 33_554_432, "decode_data": False, "enable_SMTPUTF8": False}
    if login:
        named |= {"authenticator": post.login, "auth_required": True, "auth_require_tls": context is not None}
    if context is not None and not implicit:
        named |= {"tls_context": context, "require_starttls": True}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    extra = {"ssl_context": context} if implicit else {}
    controller = Controller(post, hostname="127.0.0.1", port=port, **extra, **named)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@contextmanager
def dropping(after: bytes, greeting: bytes = b"220 hello\r\n") -> Iterator[int]:
    """A server that closes the connection as soon as it has read *after*."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            while True:
                connection, _ = server.accept()
                with connection, connection.makefile("rb") as lines:
                    connection.sendall(greeting)
                    content = False
                    for line in lines:
                        if line.startswith(after):
                            break
                        if not content:
                            content = line == b"data\r\n"
                            connection.sendall(b"354 go on\r\n" if content else b"250 OK\r\n")
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()
