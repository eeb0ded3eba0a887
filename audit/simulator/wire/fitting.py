"""Whether a part of a world is what a service's model declares: else the service could not serve it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

Misfit = tuple[tuple[str | int, ...], str]
"""Where, below the value that was looked at, and what is wrong there."""


def misfits(shape: Shape, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Misfit]:
    """Every member that *shape* does not declare, and every text that is none of those that it allows.

    What is missing is not told: a world leaves out what has a default.
    """
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield path, f"{value!r} is not an object"
            return
        for name, part in value.items():
            if name in shape.members:
                yield from misfits(shape.members[name], part, (*path, name))
            else:
                yield (*path, name), f"unknown key {name!r}; known are {', '.join(sorted(shape.members))}"
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield path, f"{value!r} is not a list"
            return
        for number, part in enumerate(value):
            yield from misfits(shape.member, part, (*path, number))
    elif shape.type_name == "string":
        if not isinstance(value, str):
            yield path, f"{value!r} is not text"
        elif shape.enum and value not in shape.enum:
            yield path, f"{value!r} is none of {', '.join(shape.enum)}"
    elif shape.type_name == "boolean" and not isinstance(value, bool):
        yield path, f"{value!r} is neither true nor false"
