"""Ways in which a run's results reach others: one module a channel, named as the configuration's `type`.

Each is one attempt. It is safe to make again: a receiver either sees that it has it already, or is given the same key.
"""

from __future__ import annotations

import datetime as dt
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from schedules.deliveries.secret_places import Revealed
from schedules.model import DeliveryError

if TYPE_CHECKING:
    from schedules.deliveries.settings import DeliverySettings
    from schedules.jobs import Clock
    from schedules.model import Parcel


def utc_now() -> dt.datetime:
    """The present, where nobody says otherwise."""
    return dt.datetime.now(dt.UTC)


def deliver(
    settings: DeliverySettings, parcel: Parcel, *, clock: Clock = utc_now, trial: bool = False
) -> Mapping[str, Any]:
    """Make one attempt. *trial*: it leaves as little behind as the channel can.

    Returns what a receipt should keep, as JSON values; `without` lists what was left out.
    Raises DeliveryError, in whose words, and in whose causes, no secret stands.
    """
    from schedules.deliveries.channels import channel_of  # here: the channels' modules import this package

    revealed = Revealed()
    channel = channel_of(settings)
    send = channel.trial if trial and channel.trial else channel.deliver
    try:
        detail = send(settings, parcel, clock, revealed)
        hidden: dict[str, Any] = revealed.hidden_in(detail)
        return hidden
    except DeliveryError as error:
        # Servers repeat what they were told; and what came before an error may hold more than its words.
        error.args = (revealed.hidden(str(error)),)
        error.__cause__ = error.__context__ = None
        refusal = error
    except Exception as error:  # a defect; its words may hold what nobody may read, its place does not
        refusal = DeliveryError(revealed.hidden(f"a defect of this program: {_placed(error)}"), again=False)
    raise refusal


def _placed(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno}: {error}"
