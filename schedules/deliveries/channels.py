"""The delivery channels: a module and one line of `_MODULES` each.

Settings, sending, test deliveries, the example configuration and the documentation read `CHANNELS`.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field

from schedules.deliveries.channel import Channel
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import DeliverySettings
from schedules.jobs.queue import Clock, utc_now
from schedules.notifications.model import DeliveryContent, DeliveryError

_MODULES = (
    "schedules.deliveries.folder",
    "schedules.deliveries.s3",
    "schedules.deliveries.smtp",
    "schedules.deliveries.ses",
    "schedules.deliveries.sns",
    "schedules.deliveries.slack",
    "schedules.deliveries.webhook",
    "schedules.deliveries.securityhub",
)

_CHANNELS: tuple[Channel, ...] = tuple(import_module(module).CHANNEL for module in _MODULES)

CHANNELS: dict[str, Channel] = {channel.name: channel for channel in _CHANNELS}
"""`type` of a delivery → its channel, in the order of the documentation."""

if TYPE_CHECKING:
    AnyDelivery = DeliverySettings
else:
    AnyDelivery = Annotated[
        Union[tuple(channel.settings for channel in _CHANNELS)],  # noqa: UP007 # of a tuple, which `|` cannot take
        Field(discriminator="type"),
    ]
    """The settings of a delivery: those of the channel given by its `type`."""


def channel_of(settings: DeliverySettings) -> Channel:
    """The channel of *settings*."""
    return CHANNELS[settings.type]


def deliver(
    settings: DeliverySettings, content: DeliveryContent, *, clock: Clock = utc_now, trial: bool = False
) -> Mapping[str, Any]:
    """Make one attempt. *trial*: a test delivery, with as few lasting effects as the channel allows.

    Returns the detail of the receipt, as JSON values; `without` lists what was omitted.
    Raises DeliveryError, whose message and causes contain no secret.
    """
    revealed = Revealed()
    channel = channel_of(settings)
    send = channel.trial if trial and channel.trial else channel.deliver
    try:
        detail = send(settings, content, clock, revealed)
        hidden: dict[str, Any] = revealed.hidden_in(detail)
        return hidden
    except DeliveryError as error:
        # Servers echo what they received; and the causes of an error may contain more than its message.
        error.args = (revealed.hidden(str(error)),)
        error.__cause__ = error.__context__ = None
        refusal = error
    except Exception as error:  # a defect; its message may contain secrets, its place does not
        refusal = DeliveryError(revealed.hidden(f"internal error: {_placed(error)}"), again=False)
    raise refusal


def _placed(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno}: {error}"
