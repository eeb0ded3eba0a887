"""Parses JSON documents: replication rules, creation templates, and the small maps of the inventory.

No content from AWS or a user makes this raise: a document that cannot be parsed is None with a reason.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

from checks.model import RegistryId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule:
    """One replication rule."""

    number: int
    """Position in the configuration, from 1."""
    destinations: tuple[RegistryId, ...]
    """In AWS's order, each once."""
    prefixes: tuple[str, ...]
    """Literal prefixes; `("",)` where the rule has no filter and matches every repository."""
    filter_count: int
    delete_replication: bool
    repeated: tuple[str, ...] = ()
    """Destinations (`account/region`) and prefixes that the rule names more than once."""


@dataclass(frozen=True, slots=True)
class Template:
    """One repository creation template."""

    prefix: str
    """Without its implied trailing `/`, or ROOT."""
    document: Mapping[str, Any]
    """The template as AWS returned it."""
    for_replication: bool
    custom_role: str
    role_needed: bool
    kms_key: str


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """A parsed document; `value` is None where it was not read or could not be parsed."""

    value: T | None
    problem: str = ""
    """Why a text from AWS could not be parsed; empty where there was no text."""


class NotUnderstoodError(Exception):
    """A document does not have the documented form; the message is a clause."""


def parse_rules(text: str | None) -> Parsed[tuple[Rule, ...]]:
    """Rules of a `replicationConfiguration` (ECR API reference, API_ReplicationConfiguration).

    A rule without `repositoryFilters` matches every repository, and without `deleteReplication` replicates no deletion.
    """
    if text is None:
        return Parsed(None)
    try:
        document = _object(_loaded(text))
        rules = _objects(document.get("rules", []))
        return Parsed(tuple(_rule(number, rule) for number, rule in enumerate(rules, start=1)))
    except NotUnderstoodError as error:
        return Parsed(None, f"the replication configuration could not be understood: {error}")


def parse_templates(text: str | None) -> Parsed[tuple[Template, ...]]:
    """Templates of `repositoryCreationTemplates` (ECR API reference, API_RepositoryCreationTemplate)."""
    if text is None:
        return Parsed(None)
    try:
        return Parsed(tuple(_template(template) for template in _objects(_loaded(text or "[]"))))
    except NotUnderstoodError as error:
        return Parsed(None, f"the creation templates could not be understood: {error}")


def parse_object(text: str | None, what: str) -> Parsed[Mapping[str, Any]]:
    """A JSON object, named *what* in the problem; empty text is the empty object."""
    if text is None:
        return Parsed(None)
    try:
        return Parsed(_object(_loaded(text or "{}")))
    except NotUnderstoodError as error:
        return Parsed(None, f"{what} could not be understood: {error}")


def read_objects(text: str | None) -> list[Mapping[str, Any]]:
    """A JSON array of objects. NotUnderstoodError where it is not one, or where there is no text."""
    if text is None:
        raise NotUnderstoodError("it was not read")
    return _objects(_loaded(text))


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise NotUnderstoodError(f"it is not JSON ({error})") from error
    except RecursionError as error:
        raise NotUnderstoodError("it is nested too deeply") from error


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise NotUnderstoodError("an object was expected")
    return value


def _objects(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise NotUnderstoodError("a list of objects was expected")
    return [_object(each) for each in value]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NotUnderstoodError("a text was expected")
    return value


def _listed(value: object) -> list[object]:
    if value is not None and not isinstance(value, list):
        raise NotUnderstoodError("a list was expected")
    return value or []


def _rule(number: int, rule: Mapping[str, Any]) -> Rule:
    filters = _objects(rule.get("repositoryFilters") or [])
    for each in filters:
        if each.get("filterType", "PREFIX_MATCH") != "PREFIX_MATCH":
            raise NotUnderstoodError(f"rule {number} has a filter of the unknown type {each.get('filterType')}")
    destinations = [
        RegistryId(_text(each.get("registryId")), _text(each.get("region")))
        for each in _objects(rule.get("destinations") or [])
    ]
    delete = _object(rule.get("deleteReplication") or {}).get("enabled", False)
    if not isinstance(delete, bool):
        raise NotUnderstoodError(f"deleteReplication of rule {number} is neither on nor off")
    prefixes = [_text(each.get("filter")) for each in filters]
    named = chain(Counter("/".join(pair) for pair in destinations).items(), Counter(prefixes).items())
    return Rule(
        number=number,
        destinations=tuple(dict.fromkeys(destinations)),
        prefixes=tuple(prefixes) or ("",),
        filter_count=len(filters),
        delete_replication=delete,
        repeated=tuple(name for name, times in named if times > 1),
    )


def _template(template: Mapping[str, Any]) -> Template:
    encryption = _object(template.get("encryptionConfiguration") or {})
    prefix = _text(template.get("prefix"))
    return Template(
        prefix=prefix if prefix == "ROOT" else prefix.rstrip("/"),
        document=template,
        for_replication="REPLICATION" in _listed(template.get("appliedFor")),
        custom_role=_text(template.get("customRoleArn") or ""),
        role_needed=encryption.get("encryptionType", "AES256") != "AES256" or bool(template.get("resourceTags")),
        kms_key=_text(encryption.get("kmsKey") or ""),
    )
