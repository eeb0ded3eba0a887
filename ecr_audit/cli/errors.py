"""Errors that a user can correct: exit code 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


class UserError(click.ClickException):
    """Wrong usage or configuration; the message states what to do."""

    exit_code = 2


@contextmanager
def explained(*kinds: type[Exception]) -> Iterator[None]:
    """Turn the typed errors *kinds* of the layers below into a `UserError` with the same message."""
    try:
        yield
    except kinds as error:
        raise UserError(str(error)) from error
