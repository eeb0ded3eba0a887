"""Whether an answer has the shape that the service's model declares.

The quick parser hands JSON through as it came. What does not fit is no answer: it becomes a gap, and the readers may
rely on types. Null members are dropped, as botocore's own parser does.
"""

from __future__ import annotations

from typing import Any

_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
"""Python types by the model's type; types not listed (timestamps, blobs) are not looked at."""

_IDENTITIES = {
    "Repository": ("repositoryName",),
    "ImageDetail": ("imageDigest",),
    "ReplicationDestination": ("region", "registryId"),
    "RepositoryCreationTemplate": ("prefix",),
    "Account": ("Id",),
    "Root": ("Id",),
    "OrganizationalUnit": ("Id",),
}
"""Members without which a row cannot be told from another, by the model's name of the row."""


class MisshapenAnswerError(ValueError):
    """The answer is not what the service's model declares; the message says where."""


def require_shape(shape: Any, value: Any, where: str = "the answer") -> None:
    """Raise MisshapenAnswerError unless *value* fits the botocore *shape*; drops null members in place."""
    kind = shape.type_name
    if kind == "structure":
        _require_structure(shape, value, where)
    elif kind == "list":
        if not isinstance(value, list):
            raise MisshapenAnswerError(f"{where} is not a list")
        for each in value:
            require_shape(shape.member, each, f"a member of {where}")
    elif kind == "map":
        if not isinstance(value, dict):
            raise MisshapenAnswerError(f"{where} is not an object")
        for name, each in value.items():
            require_shape(shape.value, each, f"{where}.{name}")
    elif kind in _SCALARS and not isinstance(value, _SCALARS[kind]):
        raise MisshapenAnswerError(f"{where} is not a {kind}")


def _require_structure(shape: Any, value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise MisshapenAnswerError(f"{where} is not an object")
    for name in [name for name, member in value.items() if member is None]:
        del value[name]
    for name in _IDENTITIES.get(shape.name, ()):
        if name not in value:
            raise MisshapenAnswerError(f"{where} has no `{name}`")
    members = shape.members
    for name, member in value.items():
        declared = members.get(name)
        if declared is not None:
            require_shape(declared, member, f"`{name}`")
