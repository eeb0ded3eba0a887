"""What the settings of all delivery channels share: secrets, paths, attached reports, and when a delivery is made.

The settings of each channel stand in its own module; `channels` puts them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from checks.baseline.values import Strict, Text, wrong
from reports.formats import FormatName
from schedules.notifications.notify_on import NotifyOn


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


Attached = tuple[FormatName, ...]
"""Names of the reports that go with a delivery."""


def no_files(formats: Attached) -> Attached:
    """Refuse every report, for a channel that cannot carry files."""
    if formats:
        raise wrong("cannot carry files", "leave `attach` out: the message has a link to the run")
    return formats


NoFiles = Annotated[Attached, AfterValidator(no_files)]
Megabytes = Annotated[int, Field(ge=1, le=40)]
MEGABYTES = "Larger mails leave files out, and say so. Many mailboxes refuse more than 10 to 25."
CA_FILE = "Certificates to trust instead of the system's."
ENDPOINT_URL = "Another endpoint than AWS's, for trials."
PROFILE = "Profile of the AWS configuration; empty: the service's own credentials."


@dataclass(frozen=True, slots=True)
class ConfiguredPath:
    """Marks a field that holds a path, which is relative to the folder of the configuration file."""

    must_exist: bool
    """Whether a file that is not there is an error of the configuration."""


FolderPath = Annotated[Text, ConfiguredPath(must_exist=False)]
"""A folder that is made when it is needed."""
FilePath = Annotated[str, ConfiguredPath(must_exist=True)]
"""A file, or empty."""


class DeliverySettings(Strict):
    """What every channel's settings have."""

    type: str
    """Name of the channel."""
    notify_on: NotifyOn = Field(default=NotifyOn())
    attach: Attached = Field(default=(), description="Reports that go with it.")

    @classmethod
    def paths(cls) -> dict[str, ConfiguredPath]:
        """Its keys that hold paths."""
        marked = {name: field.metadata for name, field in cls.model_fields.items()}
        return {name: one for name, marks in marked.items() for one in marks if isinstance(one, ConfiguredPath)}
