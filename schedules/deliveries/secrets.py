"""Secrets are read when they are needed, from the configured location, and removed from every output."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from schedules.deliveries.settings import Secret
from schedules.notifications.model import DeliveryError

HIDDEN = "(hidden)"
SHORTEST_HIDDEN = 4
"""Shorter texts are not hidden: they occur in ordinary words."""


class Revealed:
    """The secrets that one attempt has read."""

    def __init__(self) -> None:
        """Without any secret yet."""
        self._texts: set[str] = set()

    def __repr__(self) -> str:
        return f"<{len(self._texts)} texts to hide>"

    def read(self, place: Secret, what: str) -> str:
        """The secret from its location; *what* names it in errors. Raises DeliveryError where it is missing."""
        if place.env is not None:
            value, where = os.environ.get(place.env, ""), f"the environment variable {place.env}"
        else:
            where = f"the file {place.file}"
            value = _content(Path(place.file or ""), what)
        value = value.removesuffix("\n").removesuffix("\r")
        if not value:
            raise DeliveryError(f"{what} is missing: {where} is empty or not set", again=False)
        if any(ord(sign) < 32 or ord(sign) == 127 or 0xD800 <= ord(sign) < 0xE000 for sign in value):
            raise DeliveryError(f"{what} is not one line of UTF-8 text: check {where}", again=False)
        self.hide(value)
        return value

    def hide(self, value: str) -> None:
        """Hide *value*, in plain and in the encodings of the protocols."""
        data = value.encode()
        spelled = {value, quote(value, safe=""), quote(value), quote_plus(value), repr(value)[1:-1]}
        spelled |= {json.dumps(value)[1:-1], base64.b64encode(data).decode(), data.hex()}
        self._texts |= {text for text in spelled if len(text) >= SHORTEST_HIDDEN}

    def hidden(self, text: str) -> str:
        """*text* without them."""
        for secret in sorted(self._texts, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def hidden_in(self, value: Any) -> Any:
        """A JSON value without them."""
        if isinstance(value, str):
            return self.hidden(value)
        if isinstance(value, Mapping):
            return {self.hidden(str(name)): self.hidden_in(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.hidden_in(one) for one in value]
        return value


def _content(path: Path, what: str) -> str:
    problem = ""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    raise DeliveryError(f"{what} cannot be read from the file {path}: {problem}", again=False)
