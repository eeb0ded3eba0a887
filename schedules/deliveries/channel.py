"""What a delivery channel says of itself."""

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
    """A way in which a run's results reach others. Its module declares exactly one, named `CHANNEL`."""

    settings: type[DeliverySettings]
    """Its settings; their docstring and the descriptions of their keys are its documentation."""
    deliver: Callable[[Any, DeliveryContent, Clock, Revealed], Mapping[str, Any]]
    """Makes one attempt, which is safe to repeat: with the settings, what to send, the clock, and what reads secrets.

    Returns what the receipt keeps, as JSON values; `without` lists what was left out. Raises DeliveryError.
    """
    arrives: str
    """What the receiver gets, in Markdown."""
    repeated: str
    """What happens when it is sent again, in Markdown."""
    example: str
    """Its part of the example configuration: one or more deliveries by name, in YAML."""
    permissions: str = ""
    """IAM actions that it needs, in Markdown; empty: it is not AWS."""
    without_run: str = ""
    """Why nothing is sent where there is no run; empty: a message is sent all the same."""
    trial: Callable[[Any, DeliveryContent, Clock, Revealed], Mapping[str, Any]] | None = None
    """As `deliver`, for a trial, where sending a message would leave more behind than that message."""

    @property
    def name(self) -> str:
        """Its `type` in the configuration."""
        name: str = get_args(self.settings.model_fields["type"].annotation)[0]
        return name

    @property
    def carries_files(self) -> bool:
        """Whether reports can go with it."""
        return not any(
            getattr(mark, "func", None) is no_files for mark in self.settings.model_fields["attach"].metadata
        )
