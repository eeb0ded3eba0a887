"""The delivery channels: a module and one line of `_MODULES` each.

Settings, sending, trials, the example configuration and the documentation read `CHANNELS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from schedules.deliveries.settings import Channel, DeliverySettings

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
"""`type` of a delivery → its channel, in the order in which lists of them appear."""

if TYPE_CHECKING:
    AnyDelivery = DeliverySettings
else:
    AnyDelivery = Annotated[
        Union[tuple(channel.settings for channel in _CHANNELS)],  # noqa: UP007 # of a tuple, which `|` cannot take
        Field(discriminator="type"),
    ]
    """The settings of a delivery: those of the channel that its `type` names."""


def channel_of(settings: DeliverySettings) -> Channel:
    """The channel that *settings* are for."""
    return CHANNELS[settings.type]
