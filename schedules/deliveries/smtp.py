"""Mail through a server of the organization's own: encrypted, its certificate verified, with login where it asks."""

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
"""What one answer of the server may take."""

_Answers = dict[str, tuple[int, bytes]]


class SmtpDelivery(DeliverySettings):
    """Mail through a server."""

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
            hint = "use starttls or implicit; none is for a server on this machine"
            raise wrong(f"mail to {self.host} would travel unencrypted", hint, "tls")
        if bool(self.username) != (self.password is not None):
            raise wrong("needs both `username` and `password`, or neither", "name both, or leave both out", "username")
        return self


def deliver(settings: SmtpDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Hand one mail to the server, for all recipients that it takes."""
    password = revealed.read(settings.password, "the password of the mail server") if settings.password else ""
    if not (settings.username + password).isascii():
        raise DeliveryError("a login to the mail server with characters beyond ASCII is not supported", again=False)
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
            # It has the mail, or does not; how we part changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()
    later = tuple(one for one in settings.to if 400 <= refused.get(one, (0, b""))[0] < 500)
    words = [f"{one} was refused: {_said(revealed, *answer)}." for one, answer in refused.items()]
    if later:
        left = settings.model_copy(update={"to": later})
        raise PartlyDeliveredError(f"{where} took it for some recipients only: {' '.join(words)}", left=left)
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
    """What we say to EHLO. Asking DNS for it, as smtplib would, may take long and tells nothing more."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _sent(server: smtplib.SMTP, settings: SmtpDelivery, data: bytes) -> _Answers:
    """Recipients that were refused, while others were taken. Raises where nobody was taken."""
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
    """Turn what a mail server may do into a DeliveryError: a 4xx answer may be another one later, a 5xx is final."""
    try:
        yield
        return
    except smtplib.SMTPRecipientsRefused as error:
        answers = list(error.recipients.items())
        words = "; ".join(f"{one}: {_said(revealed, *answer)}" for one, answer in answers[:5])
        again = any(400 <= answer[0] < 500 for _, answer in answers)
        refusal = DeliveryError(f"{where} took no recipient: {words}", again=again)
    except smtplib.SMTPAuthenticationError as error:
        again = 400 <= error.smtp_code < 500
        refusal = DeliveryError(
            f"{where} refused the login: {_said(revealed, error.smtp_code, error.smtp_error)}", again=again
        )
    except smtplib.SMTPResponseException as error:
        again = 400 <= error.smtp_code < 500 or error.smtp_code == -1
        refusal = DeliveryError(f"{where} answered {_said(revealed, error.smtp_code, error.smtp_error)}", again=again)
    except smtplib.SMTPNotSupportedError as error:
        refusal = DeliveryError(f"{where} cannot do what is configured: {one_line(str(error))}", again=False)
    except smtplib.SMTPServerDisconnected as error:
        silent = isinstance(error.__context__, TimeoutError)
        words = f"did not answer within {SECONDS:.0f} s" if silent else "closed the connection in the middle"
        refusal = DeliveryError(f"{where} {words}", again=True)
    except ssl.SSLCertVerificationError as error:
        words = error.verify_message or "it does not verify"
        refusal = DeliveryError(f"the certificate of {where} is not trusted: {words}; see `ca_file`", again=False)
    except ssl.SSLError as error:
        words = error.reason or "see `tls` and `port`"
        refusal = DeliveryError(f"{where} speaks no TLS that we do: {words}", again=True)
    except smtplib.SMTPException as error:
        refusal = DeliveryError(f"{where} cannot be used: {one_line(revealed.hidden(str(error)))[:200]}", again=False)
    except OSError as error:
        words = error.strerror or type(error).__name__
        refusal = DeliveryError(f"{where} cannot be reached: {one_line(words)}", again=True)
    raise refusal


def _said(revealed: Revealed, code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", errors="replace") if isinstance(answer, bytes) else answer
    return one_line(revealed.hidden(f"{code} {text}"))[:200]


CHANNEL = Channel(
    settings=SmtpDelivery,
    deliver=deliver,
    arrives="a mail as text and HTML, with the reports attached",
    repeated="the same `Message-ID`; recipients that have it are left out",
    example="""
team:
  type: smtp
  host: mail.example.com
  port: 587
  tls: starttls               # or implicit (port 465); none is only for a server on this machine
  ca_file: ""                 # certificates to trust instead of the system's
  username: ecr-audit         # default: none
  password:                   # a secret: `env` names a variable, `file` a file
    env: ECR_AUDIT_MAIL_PASSWORD
  sender: ECR audit <ecr-audit@example.com>
  to: [platform@example.com]
  attach: [pdf]
  megabytes: 10               # larger mails leave files out, and say so
  notify_on:
    always: false
    new: high                 # new findings of this severity or a worse one; or never
    worse: true               # a finding became more severe, at or above `new`
    gaps: true                # evidence is missing that the run before had
    recovery: true            # what was sent before is over
    failed: true              # there is no run: the audit failed, was missed or took too long
    digest: weekly            # besides, a summary of all runs since the last one; or daily, monthly. Default: never
""",
)
