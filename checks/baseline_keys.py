"""Which keys a place of a file may have, by the JSON Schema of the file's model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from checks.baseline_shapes import Strict
from checks.baseline_yaml import Node, Path

_NOWHERE = Node(1, 1)


def keys_at(model: type[Strict], root: Node, path: Path) -> tuple[str, ...]:
    """The keys that *model* knows for the mapping at *path* of the file that begins at *root*."""
    return tuple(_at(model, root, path)[0].get("properties", ()))


def tag_at(model: type[Strict], root: Node, path: Path) -> str | None:
    """What says which branch of a union is meant at *path*; None where there is no such union, or nothing says it."""
    return _at(model, root, path)[1]


def _at(model: type[Strict], root: Node, path: Path) -> tuple[Mapping[str, Any], str | None]:
    schema, node = _schema(model), root
    place, tag = _resolved(schema, schema, node)
    for step in path:
        node = node.children.get(step, _NOWHERE)
        place, tag = _resolved(schema, _below(place, step), node)
    return place, tag


def _below(place: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
    """The schema of a key or an entry."""
    if isinstance(step, int):
        found = place.get("items")
    else:
        named = place.get("properties", {}).get(step)
        found = named or next(iter(place.get("patternProperties", {}).values()), place.get("additionalProperties"))
    return found if isinstance(found, dict) else {}


def _resolved(schema: Mapping[str, Any], place: Mapping[str, Any], node: Node) -> tuple[Mapping[str, Any], str | None]:
    """What *place* refers to, for the value *node*; and the tag by which it was chosen, where one chose it."""
    reference, tag = place.get("$ref"), None
    for choice in place.get("anyOf", ()):
        reference = choice.get("$ref", reference)
    if chosen := place.get("discriminator"):
        tag = node.children.get(chosen["propertyName"], _NOWHERE).value
        reference = chosen["mapping"].get(tag) if isinstance(tag, str) else None
    if reference is None:
        return ({} if chosen else place), None
    return schema["$defs"][reference.rpartition("/")[2]], tag


@cache
def _schema(model: type[Strict]) -> Mapping[str, Any]:
    return model.model_json_schema(mode="validation")
