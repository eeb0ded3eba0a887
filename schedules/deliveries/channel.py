"""The declaration of a delivery channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import DeliverySettings, no_files
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to deliver a run's results. Its module declares exactly one, named `CHANNEL`."""

    settings: type[DeliverySettings]
    """Its settings; their docstring and the descriptions of their keys are its documentation."""
    deliver: Callable[[Any, DeliveryContent, Clock, Revealed], Mapping[str, Any]]
    """Makes one attempt, which is safe to repeat: with the settings, the content, the clock, and the secret reader.

    Returns the detail of the receipt, as JSON values; `without` lists what was omitted. Raises DeliveryError.
    """
    arrives: str
    """What the receiver gets, in Markdown."""
    repeated: str
    """What happens when it is sent again, in Markdown."""
    example: str
    """Its part of the example configuration: one or more deliveries by name, in YAML."""
    permissions: str = ""
    """IAM actions that it needs, in Markdown; empty: it does not use AWS."""
    without_run: str = ""
    """Why nothing is sent where there is no run; empty: a message is sent anyway."""
    trial: Callable[[Any, DeliveryContent, Clock, Revealed], Mapping[str, Any]] | None = None
    """Replaces `deliver` in a test delivery, where sending a message would have lasting effects."""

    @property
    def name(self) -> str:
        """Its `type` in the configuration."""
        name: str = get_args(self.settings.model_fields["type"].annotation)[0]
        return name

    @property
    def carries_files(self) -> bool:
        """Whether reports can be attached."""
        return not any(
            getattr(mark, "func", None) is no_files for mark in self.settings.model_fields["attach"].metadata
        )
