"""Common settings of all delivery channels: secrets, paths, attached reports, and when a delivery is made.

The settings of each channel are in its own module; `channels` combines them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from checks.baseline.values import Strict, Text, wrong
from reports.formats import FormatName
from schedules.notifications.notify_on import NotifyOn


class Secret(Strict):
    """The location of a secret; the configuration file itself contains no secrets."""

    env: Text | None = Field(default=None, description="Environment variable with the secret.")
    file: Text | None = Field(default=None, description="File with the secret; a line break at its end is ignored.")


def one_place(secret: Secret) -> Secret:
    """Require exactly one of the two."""
    if (secret.env is None) == (secret.file is None):
        raise wrong(
            "needs either `env` or `file`", "name the environment variable or the file that contains the secret"
        )
    return secret


SecretPlace = Annotated[Secret, AfterValidator(one_place)]


Attached = tuple[FormatName, ...]
"""Names of the report formats that are attached to a delivery."""


def no_files(formats: Attached) -> Attached:
    """Reject every report, for a channel without attachments."""
    if formats:
        raise wrong("does not support attachments", "remove `attach`: the message has a link to the run")
    return formats


NoFiles = Annotated[Attached, AfterValidator(no_files)]
Megabytes = Annotated[int, Field(ge=1, le=40)]
MEGABYTES = "Maximum size; larger attachments are omitted, and the e-mail says so. Many mailboxes accept 10 to 25 MB."
CA_FILE = "CA certificates to trust instead of the system's."
ENDPOINT_URL = "Endpoint other than AWS's, for tests."
PROFILE = "AWS profile; empty: the service's own credentials."


@dataclass(frozen=True, slots=True)
class ConfiguredPath:
    """Marks a field with a path, which is relative to the folder of the configuration file."""

    must_exist: bool
    """Whether a missing file is an error of the configuration."""


FolderPath = Annotated[Text, ConfiguredPath(must_exist=False)]
"""A folder that is created when it is needed."""
FilePath = Annotated[str, ConfiguredPath(must_exist=True)]
"""A file, or empty."""


class DeliverySettings(Strict):
    """Settings of every channel."""

    type: str
    """Name of the channel."""
    notify_on: NotifyOn = Field(default=NotifyOn())
    attach: Attached = Field(default=(), description="Report formats to attach.")

    @classmethod
    def paths(cls) -> dict[str, ConfiguredPath]:
        """Its keys with paths."""
        marked = {name: field.metadata for name, field in cls.model_fields.items()}
        return {name: one for name, marks in marked.items() for one in marks if isinstance(one, ConfiguredPath)}
