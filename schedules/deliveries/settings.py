"""Where reports and messages go, and who hears what: the `deliveries` part of the configuration file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from checks.baseline_shapes import AccountId, Region, Strict, Text, wrong
from checks.model import Severity
from reports.formats import FormatName
from schedules.deliveries.addresses import MailAddress, WebAddress, is_loopback


class Secret(Strict):
    """A secret never stands in the file: it says where the service finds it."""

    env: Text | None = Field(default=None, description="Environment variable that holds it.")
    file: Text | None = Field(default=None, description="File that holds it; a line break at its end is left out.")


def one_place(secret: Secret) -> Secret:
    """Exactly one of the two is said."""
    if (secret.env is None) == (secret.file is None):
        raise wrong("needs either `env` or `file`", "name the environment variable, or the file, that holds the secret")
    return secret


SecretPlace = Annotated[Secret, AfterValidator(one_place)]


def _no_files(formats: tuple[FormatName, ...]) -> tuple[FormatName, ...]:
    if formats:
        raise wrong("cannot carry files", "leave `attach` out: the message has a link to the run")
    return formats


NoFiles = Annotated[tuple[FormatName, ...], AfterValidator(_no_files)]
Megabytes = Annotated[int, Field(ge=1, le=40)]
MEGABYTES = "Larger mails leave files out, and say so. Many mailboxes refuse more than 10 to 25."


class Tell(Strict):
    """What is worth telling. Without any reason of these a delivery stays quiet, and its receipt says so."""

    always: bool = Field(default=False, description="After every run, whatever it found.")
    new: Severity | Literal["never"] = Field(
        default=Severity.HIGH, description="New findings of this severity or a worse one."
    )
    worse: bool = Field(default=True, description="A finding became more severe, at or above `new`.")
    gaps: bool = Field(default=True, description="Evidence is missing that the run before had.")
    recovery: bool = Field(default=True, description="What was told before is over.")
    failed: bool = Field(default=True, description="There is no run: the job failed, was missed or took too long.")
    digest: Literal["never", "daily", "weekly", "monthly"] = Field(
        default="never",
        description="Besides that, a summary of all runs since the last one, with the first run of a period.",
    )


class _Delivery(Strict):
    tell: Tell = Field(default=Tell())
    attach: tuple[FormatName, ...] = Field(default=(), description="Reports that go with it.")


class FolderDelivery(_Delivery):
    """Reports in a folder of their own per run."""

    type: Literal["folder"]
    folder: Text = Field(description="Folder; a run's files lie in SCHEDULE/RUN below it.")
    tell: Tell = Field(default=Tell(always=True))
    attach: tuple[FormatName, ...] = Field(default=("pdf", "csv"))
    scripts: bool = Field(default=True, description="The remediation scripts too.")


class ObjectLock(Strict):
    """Retention that S3 enforces; the bucket must have object lock enabled."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    days: int = Field(ge=1, le=36_500)


class S3Delivery(_Delivery):
    """Reports in a bucket."""

    type: Literal["s3"]
    bucket: Text
    prefix: str = Field(default="ecr-audit/", max_length=400, description="A run's files lie in PREFIX/SCHEDULE/RUN/.")
    region: Region
    profile: str = Field(default="")
    kms_key: str = Field(default="", description="Key of SSE-KMS; empty: as the bucket encrypts.")
    object_lock: ObjectLock | None = Field(default=None)
    expected_bucket_owner: AccountId | Literal[""] = Field(default="", description="Account that must own the bucket.")
    endpoint_url: str = Field(default="", description="Another endpoint than AWS's, for trials.")
    tell: Tell = Field(default=Tell(always=True))
    attach: tuple[FormatName, ...] = Field(default=("pdf", "csv"))
    scripts: bool = Field(default=True, description="The remediation scripts too.")


class SmtpDelivery(_Delivery):
    """Mail through a server."""

    type: Literal["smtp"]
    host: Text
    port: int = Field(default=587, ge=1, le=65_535)
    tls: Literal["starttls", "implicit", "none"] = Field(
        default="starttls", description="none: only to a server on this machine."
    )
    ca_file: str = Field(default="", description="Certificates to trust instead of the system's.")
    username: str = Field(default="")
    password: SecretPlace | None = Field(default=None)
    sender: MailAddress
    to: tuple[MailAddress, ...] = Field(min_length=1, max_length=100)
    attach: tuple[FormatName, ...] = Field(default=("pdf",))
    megabytes: Megabytes = Field(default=10, description=MEGABYTES)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.tls == "none" and not is_loopback(self.host):
            hint = "use starttls or implicit; none is for a server on this machine"
            raise wrong(f"mail to {self.host} would travel unencrypted", hint, "tls")
        if bool(self.username) != (self.password is not None):
            raise wrong("needs both `username` and `password`, or neither", "name both, or leave both out", "username")
        return self


class SesDelivery(_Delivery):
    """Mail through Amazon SES."""

    type: Literal["ses"]
    region: Region
    profile: str = Field(default="")
    endpoint_url: str = Field(default="", description="Another endpoint than AWS's, for trials.")
    sender: MailAddress
    to: tuple[MailAddress, ...] = Field(min_length=1, max_length=50, description="SES takes 50 at most.")
    attach: tuple[FormatName, ...] = Field(default=("pdf",))
    megabytes: Megabytes = Field(default=10, description=MEGABYTES)


class SnsDelivery(_Delivery):
    """A message to an SNS topic."""

    type: Literal["sns"]
    topic: Annotated[str, Field(pattern="^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$")]
    profile: str = Field(default="")
    endpoint_url: str = Field(default="", description="Another endpoint than AWS's, for trials.")
    attach: NoFiles = Field(default=())


class SlackDelivery(_Delivery):
    """A message to a Slack incoming webhook, whose address is a secret."""

    type: Literal["slack"]
    url: SecretPlace
    attach: NoFiles = Field(default=())


class WebhookDelivery(_Delivery):
    """A JSON message to any address, signed."""

    type: Literal["webhook"]
    url: WebAddress = Field(
        repr=False, description="Receives a POST; http only on this machine. Redirects are not followed."
    )
    secret: SecretPlace = Field(description="Key of the signature (HMAC-SHA256), 16 characters or more.")
    key_id: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,40}$")] = Field(
        default="1", description="Name of the key, sent along, so that it can be replaced without a gap."
    )
    ca_file: str = Field(default="", description="Certificates to trust instead of the system's.")
    attach: NoFiles = Field(default=())


class SecurityHubDelivery(_Delivery):
    """The findings into AWS Security Hub, as `ecr-audit send securityhub` does."""

    type: Literal["securityhub"]
    region: Region
    profile: str = Field(default="")
    endpoint_url: str = Field(default="", description="Another endpoint than AWS's, for trials.")
    tell: Tell = Field(default=Tell(always=True))
    attach: NoFiles = Field(default=())


Delivery = Annotated[
    FolderDelivery
    | S3Delivery
    | SmtpDelivery
    | SesDelivery
    | SnsDelivery
    | SlackDelivery
    | WebhookDelivery
    | SecurityHubDelivery,
    Field(discriminator="type"),
]
