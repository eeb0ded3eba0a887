"""E-mail through an SMTP server: encrypted, with a verified certificate and optional authentication."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from checks.baseline.values import Text, wrong
from reports.sanitize import one_line
from schedules.deliveries.addresses import MailAddress, is_loopback, mailbox
from schedules.deliveries.channel import Channel
from schedules.deliveries.mail import MEGABYTE, mail
from schedules.deliveries.retry import PartlyDeliveredError
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import (
    CA_FILE,
    MEGABYTES,
    Attached,
    DeliverySettings,
    FilePath,
    Megabytes,
    SecretPlace,
)
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent, DeliveryError

SECONDS = 30.0
"""Timeout of one response of the server."""

_Answers = dict[str, tuple[int, bytes]]


class SmtpDelivery(DeliverySettings):
    """E-mail through an SMTP server."""

    type: Literal["smtp"]
    host: Text
    port: int = Field(default=587, ge=1, le=65_535)
    tls: Literal["starttls", "implicit", "none"] = Field(
        default="starttls", description="none: only to a server on this machine."
    )
    ca_file: FilePath = Field(default="", description=CA_FILE)
    username: str = Field(default="")
    password: SecretPlace | None = Field(default=None)
    sender: MailAddress
    to: tuple[MailAddress, ...] = Field(min_length=1, max_length=100)
    attach: Attached = Field(default=("pdf",))
    megabytes: Megabytes = Field(default=10, description=MEGABYTES)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.tls == "none" and not is_loopback(self.host):
            hint = "use starttls or implicit; none is only for a server on this machine"
            raise wrong(f"e-mail to {self.host} would be sent unencrypted", hint, "tls")
        if bool(self.username) != (self.password is not None):
            raise wrong("needs both `username` and `password`, or neither", "set both, or remove both", "username")
        return self


def deliver(settings: SmtpDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Send one e-mail to all recipients that the server accepts."""
    password = revealed.read(settings.password, "the password of the mail server") if settings.password else ""
    if not (settings.username + password).isascii():
        raise DeliveryError("non-ASCII characters in the mail server's credentials are not supported", again=False)
    where = f"the mail server {settings.host}:{settings.port}"
    with _translated(where, revealed):
        server = _connected(settings)
        try:
            if settings.username:
                server.login(settings.username, password)
            announced = server.esmtp_features.get("size", "")
            room = settings.megabytes * MEGABYTE
            if announced.isdecimal() and int(announced) > 0:
                room = min(room, int(announced))
            letter = mail(content, settings.sender, settings.to, room, clock)
            refused = _sent(server, settings, letter.data)
        finally:
            # An error of QUIT does not change whether the server has the e-mail.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()
    later = tuple(one for one in settings.to if 400 <= refused.get(one, (0, b""))[0] < 500)
    words = [f"{one} was rejected: {_response(revealed, *answer)}." for one, answer in refused.items()]
    if later:
        left = settings.model_copy(update={"to": later})
        raise PartlyDeliveredError(f"{where} accepted only some recipients: {' '.join(words)}", left=left)
    return {"message_id": letter.identifier, "without": [*letter.left_out, *words]}


def _connected(settings: SmtpDelivery) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    name = _own_name()
    if settings.tls == "implicit":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, local_hostname=name, timeout=SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(settings.host, settings.port, local_hostname=name, timeout=SECONDS)
    try:
        server.ehlo()
        if settings.tls == "starttls":
            server.starttls(context=context)
            server.ehlo()
    except BaseException:
        server.close()
        raise
    return server


def _own_name() -> str:
    """The name for EHLO. A DNS lookup, as smtplib does it, may take long and adds nothing."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _sent(server: smtplib.SMTP, settings: SmtpDelivery, data: bytes) -> _Answers:
    """Recipients that were rejected, while others were accepted. Raises where all were rejected."""
    addresses = {one: mailbox(one).addr_spec for one in settings.to}
    size = [f"size={len(data)}"] if server.has_extn("size") else []
    code, answer = server.mail(mailbox(settings.sender).addr_spec, size)
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, answer, settings.sender)
    refused: _Answers = {}
    for one, address in addresses.items():
        code, answer = server.rcpt(address)
        if code not in (250, 251):
            refused[one] = (code, answer)
        if code == 421:
            raise smtplib.SMTPResponseException(code, answer)
    if len(refused) == len(addresses):
        raise smtplib.SMTPRecipientsRefused(refused)
    code, answer = server.data(data)
    if code != 250:
        raise smtplib.SMTPDataError(code, answer)
    return refused


@contextmanager
def _translated(where: str, revealed: Revealed) -> Iterator[None]:
    """Convert errors of the mail server into a DeliveryError: 4xx is temporary, 5xx is permanent."""
    try:
        yield
        return
    except smtplib.SMTPRecipientsRefused as error:
        answers = list(error.recipients.items())
        words = "; ".join(f"{one}: {_response(revealed, *answer)}" for one, answer in answers[:5])
        again = any(400 <= answer[0] < 500 for _, answer in answers)
        refusal = DeliveryError(f"{where} accepted no recipient: {words}", again=again)
    except smtplib.SMTPAuthenticationError as error:
        again = 400 <= error.smtp_code < 500
        refusal = DeliveryError(
            f"{where} rejected the credentials: {_response(revealed, error.smtp_code, error.smtp_error)}", again=again
        )
    except smtplib.SMTPResponseException as error:
        again = 400 <= error.smtp_code < 500 or error.smtp_code == -1
        refusal = DeliveryError(
            f"{where} answered {_response(revealed, error.smtp_code, error.smtp_error)}", again=again
        )
    except smtplib.SMTPNotSupportedError as error:
        refusal = DeliveryError(f"{where} does not support the configuration: {one_line(str(error))}", again=False)
    except smtplib.SMTPServerDisconnected as error:
        silent = isinstance(error.__context__, TimeoutError)
        words = f"did not answer within {SECONDS:.0f} s" if silent else "closed the connection unexpectedly"
        refusal = DeliveryError(f"{where} {words}", again=True)
    except ssl.SSLCertVerificationError as error:
        words = error.verify_message or "verification failed"
        refusal = DeliveryError(f"the certificate of {where} is not trusted: {words}; check `ca_file`", again=False)
    except ssl.SSLError as error:
        words = error.reason or "check `tls` and `port`"
        refusal = DeliveryError(f"the TLS handshake with {where} failed: {words}", again=True)
    except smtplib.SMTPException as error:
        refusal = DeliveryError(f"{where} cannot be used: {one_line(revealed.hidden(str(error)))[:200]}", again=False)
    except OSError as error:
        words = error.strerror or type(error).__name__
        refusal = DeliveryError(f"{where} cannot be reached: {one_line(words)}", again=True)
    raise refusal


def _response(revealed: Revealed, code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", errors="replace") if isinstance(answer, bytes) else answer
    return one_line(revealed.hidden(f"{code} {text}"))[:200]


CHANNEL = Channel(
    settings=SmtpDelivery,
    deliver=deliver,
    arrives="an e-mail as text and HTML, with the reports attached",
    repeated="a second e-mail with the same `Message-ID`, only to recipients that were not accepted before",
    example="""
team:
  type: smtp
  host: mail.example.com
  port: 587
  tls: starttls               # or implicit (port 465); none is only for a server on this machine
  ca_file: ""                 # CA certificates to trust instead of the system's
  username: ecr-audit         # default: none
  password:                   # location of the secret: `env`, an environment variable, or `file`, a file
    env: ECR_AUDIT_MAIL_PASSWORD
  sender: ECR audit <ecr-audit@example.com>
  to: [platform@example.com]
  attach: [pdf]
  megabytes: 10               # maximum size; larger attachments are omitted, and the e-mail says so
  notify_on:
    always: false
    new: high                 # new findings of this severity or higher; or never
    worse: true               # a finding became more severe, at or above `new`
    gaps: true                # new evidence gaps, compared with the previous run
    recovery: true            # what an earlier notification reported is resolved
    failed: true              # there is no run: the audit failed, was missed or timed out
    digest: weekly            # in addition, a summary of all runs since the last digest; or daily, monthly, never
""",
)
