"""Reading a world: YAML, JSON Schema, the service's own model, and the rules that a schema cannot express. All
problems are reported at once.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.model import ListShape, Shape, StructureShape

from ecr_audit.simulator.wire.models import SERVICES, service_model

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

Misfit = tuple[tuple[str | int, ...], str]
"""Path below the checked value, and the problem."""


def misfits(shape: Shape, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Misfit]:
    """Every member that *shape* does not declare, and every value that is not one of its enumeration.

    Missing members are not reported: a world omits members that have a default.
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
            yield path, f"{value!r} is not one of {', '.join(shape.enum)}"
    elif shape.type_name == "boolean" and not isinstance(value, bool):
        yield path, f"{value!r} is neither true nor false"


KeyPath = tuple[str | int, ...]

_VALUES = 3_000_000
"""Values in a world's file, aliases counted as what they stand for. The demo has some thousands."""


class WorldError(Exception):
    """A world that cannot be simulated. `problems` has one line for each error."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def world_schema() -> dict[str, Any]:
    """The JSON Schema of a world, version 1."""
    text = resources.files("ecr_audit.simulator").joinpath("world.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def read_world_file(path: Path) -> dict[str, Any]:
    """The document in *path*, checked. Raises WorldError with file, line and key path of each problem."""
    from ruamel.yaml import YAML  # slow to import, and only files need it
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError([f"{path}: cannot be read: {error}"]) from error
    try:
        document = YAML(typ="safe", pure=True).load(text)
        _bounded(document)
        document = _plain(document)
    except RecursionError as error:
        raise WorldError([f"{path}: values are nested too deeply, or contain themselves"]) from error
    except ValueError as error:
        raise WorldError([f"{path}: {error}"]) from error
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise WorldError([f"{where}: not valid YAML: {getattr(error, 'problem', None) or error}"]) from error
    problems = list(_problems(document))
    if problems:
        lines = _Lines(text)
        raise WorldError(
            f"{path}:{lines.of(key_path)}: {_spelled(key_path)}: {message}" for key_path, message in problems
        )
    checked: dict[str, Any] = document
    return checked


def check_document(document: object, name: str = "world") -> dict[str, Any]:
    """*document* with times as text, checked. Raises WorldError with the key path of each problem."""
    plain = _plain(document)
    problems = [f"{name}: {_spelled(key_path)}: {message}" for key_path, message in _problems(plain)]
    if problems:
        raise WorldError(problems)
    checked: dict[str, Any] = plain
    return checked


def _bounded(document: object) -> None:
    """Raise ValueError for a document whose aliases stand for more values than any world has."""
    left, waiting = _VALUES, [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            left -= len(value)
            if left < 0:
                raise ValueError(f"more than {_VALUES:,} values (aliases count as what they stand for)")
            waiting.extend(value.values() if isinstance(value, dict) else value)


def _plain(value: Any) -> Any:
    """YAML's own times as ISO text, so that a time may be written with or without quotes."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return aware.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _spelled(path: KeyPath) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "the document"


class _Lines:
    """Finds the line of a key path, by composing the YAML nodes once more: only worth it when something is wrong."""

    def __init__(self, text: str) -> None:
        from ruamel.yaml import YAML  # as above

        self._root = YAML(typ="safe", pure=True).compose(text)

    def of(self, path: KeyPath) -> int:
        """Line, from 1, of the deepest part of *path* that is in the file."""
        node = self._root
        for part in path:
            step = self._step(node, part)
            if step is None:
                break
            node = step
        return int(node.start_mark.line) + 1 if node is not None else 1

    @staticmethod
    def _step(node: Any, part: str | int) -> Any:
        if isinstance(part, int):
            return node.value[part] if isinstance(node.value, list) and part < len(node.value) else None
        if not isinstance(node.value, list):
            return None
        return next((value for key, value in node.value if key.value == part), None)


def _problems(document: Any) -> Iterator[tuple[KeyPath, str]]:
    broken = False
    for error in sorted(_validator().iter_errors(document), key=_position):
        broken = True
        yield tuple(error.absolute_path), _explained(error)
    if not broken:
        yield from _inconsistencies(document)


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # slow to import

    return Draft202012Validator(world_schema())


def _position(error: ValidationError) -> list[str]:
    return [f"{part:06d}" if isinstance(part, int) else str(part) for part in error.absolute_path]


def _explained(error: ValidationError) -> str:
    if isinstance(error.instance, int) and error.validator == "type" and error.validator_value == "string":
        return f"{error.instance} is a number here; put account ids in quotes"
    if error.validator == "additionalProperties":
        keywords: Any = error.schema
        given: Any = error.instance
        known = sorted(keywords["properties"])
        unknown = [repr(name) for name in given if name not in known and not str(name).startswith("x-")]
        return f"unknown key {', '.join(unknown)}; known are {', '.join(known)}"
    return error.message if len(error.message) < 300 else error.message[:297] + "…"


def _inconsistencies(document: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    accounts = [account["id"] for account in document["accounts"]]
    yield from _repeated(("accounts",), accounts, "account")
    yield from _organization_problems(document, set(accounts))
    registries = document.get("registries", [])
    yield from _repeated(("registries",), [f"{entry['account']}/{entry['region']}" for entry in registries], "registry")
    for number, registry in enumerate(registries):
        path: KeyPath = ("registries", number)
        if registry["account"] not in accounts:
            yield (*path, "account"), f"account {registry['account']} is not among `accounts`"
        repositories = registry.get("repositories", [])
        yield from _repeated((*path, "repositories"), [entry["name"] for entry in repositories], "repository")
        yield from _registry_problems(path, registry)
    for number, fault in enumerate(document.get("faults", [])):
        yield from _fault_problems(("faults", number, "operation"), fault["operation"])


def _organization_problems(document: dict[str, Any], accounts: set[str]) -> Iterator[tuple[KeyPath, str]]:
    organization = document.get("organization")
    units = set(unit_ids(organization.get("units", []))) if organization else set()
    for number, account in enumerate(document["accounts"]):
        if account.get("unit", "") and account["unit"] not in units:
            yield ("accounts", number, "unit"), f"unit {account['unit']} is not among `organization.units`"
    if organization is None:
        return
    yield from _repeated(("organization", "units"), list(unit_ids(organization.get("units", []))), "unit")
    for key in ("management_account", "delegated_administrators"):
        named = organization.get(key, [])
        for account in [named] if isinstance(named, str) else named:
            if account not in accounts:
                yield ("organization", key), f"account {account} is not among `accounts`"


def _registry_problems(path: KeyPath, registry: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for number, template in enumerate(registry.get("templates", [])):
        if not isinstance(template.get("prefix"), str):
            yield (*path, "templates", number), "a template needs a `prefix`"
    for number, rule in enumerate(registry.get("rules", [])):
        if not isinstance(rule.get("destinations"), list):
            yield (*path, "rules", number), "a rule needs `destinations`"
    yield from _misfits(path, registry, "rules", "ReplicationRuleList")
    yield from _misfits(path, registry, "scanning", "RegistryScanningConfiguration")
    for number, repository in enumerate(registry.get("repositories", [])):
        tags = [tag for image in repository.get("images", []) for tag in image.get("tags", [])]
        for key_path, message in _repeated((*path, "repositories", number, "images"), tags, "tag"):
            yield key_path[:-1], message


def _misfits(path: KeyPath, registry: dict[str, Any], key: str, shape: str) -> Iterator[tuple[KeyPath, str]]:
    if key in registry:
        yield from misfits(service_model("ecr").shape_for(shape), registry[key], (*path, key))


def _repeated(path: KeyPath, names: list[str], what: str) -> Iterator[tuple[KeyPath, str]]:
    for name, count in Counter(names).items():
        if count > 1:
            yield (*path, names.index(name)), f"{what} {name} is given {count} times"


def _fault_problems(path: KeyPath, operation: str) -> Iterator[tuple[KeyPath, str]]:
    service, _, name = operation.partition(":")
    botocore_name = SERVICES.get(service, service)
    if service == "*" or botocore_name not in SERVICES.values():
        return
    if not fnmatch.filter(service_model(botocore_name).operation_names, name):
        yield path, f"{service} has no operation {name}"


def unit_ids(units: list[dict[str, Any]]) -> Iterator[str]:
    """Ids of *units* and of all units below them."""
    for unit in units:
        yield unit["id"]
        yield from unit_ids(unit.get("units", []))
