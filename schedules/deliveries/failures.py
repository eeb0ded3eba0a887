"""Refusals that tell more than that something did not arrive."""

from __future__ import annotations

from schedules.deliveries.settings import DeliverySettings
from schedules.model import DeliveryError


class LaterError(DeliveryError):
    """The receiver named the time after which it wants to be asked again."""

    def __init__(self, message: str, *, seconds: float) -> None:
        """*seconds*: from now."""
        super().__init__(message, again=True)
        self.seconds = seconds


class PartlyDeliveredError(DeliveryError):
    """Some of its recipients have it, and must not get it twice."""

    def __init__(self, message: str, *, left: DeliverySettings) -> None:
        """*left*: the delivery to those who wait for it still."""
        super().__init__(message, again=True)
        self.left = left
