"""Requests → parameters: the inverse of botocore's serializers, plus the checks that AWS makes on input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from ecr_audit.simulator.wire.errors import AwsError
from ecr_audit.simulator.wire.http import Request

Parameters = dict[str, Any]


def read_parameters(operation: OperationModel, request: Request) -> Parameters:
    """The operation's parameters as botocore's callers name them, checked against the model.

    Raises AwsError with the code that the service uses for bad input.
    """
    protocol = operation.service_model.resolved_protocol
    shape = operation.input_shape
    if shape is None:
        return {}
    if protocol in ("query", "ec2"):
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        found = _FormReader(form, ec2=protocol == "ec2").structure(shape, "")
    else:
        found = _json_body(request)
    problem = next(_problems(shape, found, ""), None)
    if problem is not None:
        raise _refusal(operation, *problem)
    return found


def _json_body(request: Request) -> Parameters:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise AwsError("SerializationException", "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise AwsError("SerializationException", "Start of structure or map found where not expected.")
    return body


class _FormReader:
    """Reads the flattened names of the query and ec2 protocols (`Tags.member.1.Key`)."""

    def __init__(self, form: dict[str, str], *, ec2: bool) -> None:
        self._form = form
        self._ec2 = ec2

    def structure(self, shape: StructureShape, prefix: str) -> Parameters:
        """The members of *shape* that the form names below *prefix*."""
        found = {}
        for name, member in shape.members.items():
            value = self._value(member, prefix + self._key(name, member))
            if value is not None:
                found[name] = value
        return found

    def _key(self, name: str, member: Shape) -> str:
        serialization = member.serialization
        if not self._ec2:
            return str(serialization.get("name", name))
        spelled = str(serialization.get("queryName") or serialization.get("name", name))
        return spelled[:1].upper() + spelled[1:]

    def _value(self, shape: Shape, key: str) -> Any:
        if isinstance(shape, StructureShape):
            return self.structure(shape, f"{key}.") or None
        if isinstance(shape, ListShape):
            return self._list(shape, key)
        text = self._form.get(key)
        if text is None or shape.type_name == "string":
            return text
        if shape.type_name == "boolean":
            return text.lower() == "true"
        return int(text) if shape.type_name in ("integer", "long") else text

    def _list(self, shape: ListShape, key: str) -> list[Any] | None:
        wrapped = not self._ec2 and not shape.serialization.get("flattened")
        stem = f"{key}.{shape.member.serialization.get('name', 'member')}" if wrapped else key
        values = []
        for number in range(1, 1001):
            value = self._value(shape.member, f"{stem}.{number}")
            if value is None:
                break
            values.append(value)
        return values or None


_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": str,
}


def _problems(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Pairs of parameter path and unmet constraint, worded as AWS words them."""
    if isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _list_problems(shape, value, path)
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield path, "must be a map"
    else:
        yield from _scalar_problems(shape, value, path)


def _structure_problems(shape: StructureShape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path or "request", "must be a structure"
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{path}.{name}".lstrip("."), "Member must not be null"
    for name, part in value.items():
        member = shape.members.get(name)
        if member is not None and part is not None:
            yield from _problems(member, part, f"{path}.{name}".lstrip("."))


def _list_problems(shape: ListShape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, "must be a list"
        return
    yield from _bounds(shape, len(value), path)
    for number, part in enumerate(value, start=1):
        yield from _problems(shape.member, part, f"{path}.{number}.member")


def _scalar_problems(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    kind = _JSON_TYPES.get(shape.type_name)
    if kind is not None and (not isinstance(value, kind) or (isinstance(value, bool) and shape.type_name != "boolean")):
        yield path, f"must be of type {shape.type_name}"
        return
    if isinstance(value, str) and shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        yield from _bounds(shape, len(value), path)
        pattern = shape.metadata.get("pattern", "")
        if not _matches(pattern, value):
            yield path, f"must satisfy regular expression '{pattern}'"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _bounds(shape, value, path, what="value")


_LINEAR = {
    r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"[a-z0-9*]+(?:[._\-/][a-z0-9*]+)*",
}
"""Patterns of the models that take exponential time on some texts, and equals of them that do not."""


def _matches(pattern: str, text: str) -> bool:
    if not pattern or "\\p{" in pattern:  # Unicode classes: Python's `re` has none, and nothing here needs them
        return True
    return re.fullmatch(_LINEAR.get(pattern, pattern), text) is not None


def _bounds(shape: Shape, size: float, path: str, what: str = "length") -> Iterator[tuple[str, str]]:
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and size < lowest:
        yield path, f"Member must have {what} greater than or equal to {lowest}"
    if highest is not None and size > highest:
        yield path, f"Member must have {what} less than or equal to {highest}"


_BAD_INPUT = {
    "ecr": "InvalidParameterException",
    "organizations": "InvalidInputException",
    "service-quotas": "IllegalArgumentException",
    "iam": "ValidationError",
    "sts": "ValidationError",
    "ec2": "InvalidParameterValue",
}
"""Code of a refusal of bad input; the other services say ValidationException."""


def _refusal(operation: OperationModel, path: str, constraint: str) -> AwsError:
    service = operation.service_model.service_name
    code = _BAD_INPUT.get(service, "ValidationException")
    if service == "ecr":
        return AwsError(code, f"Invalid parameter at '{path}' failed to satisfy constraint: '{constraint}'")
    return AwsError(code, f"1 validation error detected: Value at '{path}' failed to satisfy constraint: {constraint}")
