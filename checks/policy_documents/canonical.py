"""The canonical form of a repository policy or registry policy: equal forms are policies of equal meaning.

Sources: IAM user guide, reference_policies_grammar.html and the pages of its elements. Of no meaning are: the order of
statements, of lists and of keys, repetitions, Sid and Id, a list of one element or that element alone, one statement
that lists several principals, actions or resources or several statements that list them, a bare account id or the ARN
of its root, `*` or `{"AWS": "*"}`, the case of actions and condition keys, `true` or `"true"`, ArnEquals or ArnLike,
and the Version where no text contains a policy variable. NotPrincipal, NotAction and NotResource are kept whole.
Wildcards and grants that another one includes count: the form compares what is written, not what it allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import product
from typing import Any

from checks.iam.parse import VERSIONS

_ELEMENTS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)
_MOST_CHARACTERS = 65_536
_MOST_PAIRS = 250_000
"""Pairs of a principal and an action in one policy. AWS accepts 10,240 characters, in which there is room for fewer."""

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_PARTITION = re.compile(r'"arn:(aws[a-z-]*):(?:iam|sts)::', re.ASCII)
_OPERATOR = re.compile(r"((?:ForAnyValue:|ForAllValues:)?)([A-Za-z]+?)((?:IfExists)?)")
_SAME_OPERATOR = {"ArnEquals": "ArnLike", "ArnNotEquals": "ArnNotLike"}
_IGNORE_CASE = ("Bool", "Null", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
_NO_RESOURCE = ("", "")

_Entry = tuple[str, str]
"""One value of an element: (kind of principal or empty, text); or an element with `Not`: (its name, all its JSON)."""
_Grant = tuple[str, str, _Entry, _Entry]
"""Effect, condition as JSON, one principal, one action."""


class _UnreadableError(ValueError):
    """The document does not have the form of a policy."""


def same_policy(one: str, other: str) -> bool | None:
    """Whether two policy texts have equal meaning; empty: no policy; None: one of them cannot be parsed."""
    if one == other:
        return True
    if not one or not other:
        return False
    partition = _partition(one, other)
    ours, theirs = canonical_policy(one, partition), canonical_policy(other, partition)
    return None if ours is None or theirs is None else ours == theirs


def _partition(*texts: str) -> str:
    """The partition of the principals that the texts name, for bare account ids."""
    named = {partition for text in texts for partition in _PARTITION.findall(text)}
    return named.pop() if len(named) == 1 else "aws"


@lru_cache(maxsize=4_096)
def canonical_policy(text: str, partition: str = "aws") -> str | None:
    """The policy *text* in canonical form, itself a policy as compact JSON; None: it cannot be parsed.

    *partition*: that of the registry, for account ids without ARN.
    """
    if len(text) > _MOST_CHARACTERS:
        return None
    try:
        document = json.loads(text, object_pairs_hook=_without_duplicates)
        return json.dumps(_canonical(document, partition), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None


def policy_form(text: str) -> str:
    """A text that is equal for policy texts of equal meaning; *text* itself where it cannot be parsed, or is empty."""
    return (canonical_policy(text, _partition(text)) if text else None) or text


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _UnreadableError("a key occurs twice")
    return found


def _canonical(document: object, partition: str) -> dict[str, Any]:
    if not isinstance(document, dict) or not {"Statement"} <= set(document) <= {"Version", "Id", "Statement"}:
        raise _UnreadableError("not a policy")
    if document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise _UnreadableError("not a version of the policy language")
    statements = document["Statement"]
    resources: dict[_Grant, set[_Entry]] = {}
    for statement in statements if isinstance(statements, list) else [statements]:
        for grant, names in _grants(statement, partition):
            resources.setdefault(grant, set()).update(names)
            if len(resources) > _MOST_PAIRS:
                raise _UnreadableError("too many principals and actions")
    merged = {"Statement": sorted(_merged(resources), key=_compact)}
    if "${" in _compact(merged):
        # Version 2008-10-17, the default, takes `${…}` literally.
        return {**merged, "Version": document.get("Version", VERSIONS[1])}
    return merged


def _grants(statement: object, partition: str) -> Iterable[tuple[_Grant, frozenset[_Entry]]]:
    """What *statement* says, for each principal and action."""
    if not isinstance(statement, dict) or not set(statement) <= _ELEMENTS or "Effect" not in statement:
        raise _UnreadableError("not a statement")
    principals = _element(statement, "Principal", lambda value: _principals(value, partition))
    actions = _element(statement, "Action", lambda value: {("", text.lower()) for text in _texts(value)})
    resources: frozenset[_Entry] = frozenset({_NO_RESOURCE})
    if "Resource" in statement or "NotResource" in statement:
        resources = frozenset(_element(statement, "Resource", lambda value: {("", text) for text in _texts(value)}))
    effect, condition = _text(statement["Effect"]), _compact(_condition(statement.get("Condition", {})))
    if len(principals) * len(actions) > _MOST_PAIRS:
        raise _UnreadableError("too many principals and actions")
    for principal, action in product(principals, actions):
        yield (effect, condition, principal, action), resources


def _element(statement: Mapping[str, Any], name: str, read: Any) -> set[_Entry]:
    """The values of an element, or the element with `Not` as one value."""
    present = [one for one in (name, f"Not{name}") if one in statement]
    if len(present) != 1:
        raise _UnreadableError(f"no {name}, or two")
    entries: set[_Entry] = read(statement[present[0]])
    if not entries:
        raise _UnreadableError(f"an empty {name}")
    return entries if present == [name] else {(present[0], _compact(_written(entries)))}


def _principals(value: object, partition: str) -> set[_Entry]:
    kinds = {"AWS": value} if value == "*" else value
    if not isinstance(kinds, dict):
        raise _UnreadableError("not a principal")
    found = {(kind, text) for kind, listed in kinds.items() for text in _texts(listed)}
    return {
        (kind, f"arn:{partition}:iam::{text}:root") if kind == "AWS" and _ACCOUNT.fullmatch(text) else (kind, text)
        for kind, text in found
    }


def _texts(value: object) -> list[str]:
    return [_text(one) for one in (value if isinstance(value, list) else [value])]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _UnreadableError("not text")
    return value


def _condition(element: object) -> dict[str, dict[str, list[str]]]:
    """A Condition element. Where two of its entries differ in spelling alone, both stay as they are."""
    if not isinstance(element, dict) or not all(isinstance(keys, dict) for keys in element.values()):
        raise _UnreadableError("not a condition")
    spelled: dict[tuple[str, str], dict[tuple[str, str], list[str]]] = {}
    for operator, keys in element.items():
        for key, values in keys.items():
            same = (_operator(operator), key.lower())
            spelled.setdefault(same, {})[operator, key] = _values(operator, values)
    found: dict[str, dict[str, list[str]]] = {}
    for same, entries in spelled.items():
        for written, values in entries.items():
            operator, key = same if len(entries) == 1 else written
            found.setdefault(operator, {})[key] = values
    return found


def _operator(operator: str) -> str:
    parts = _OPERATOR.fullmatch(operator)
    if parts is None:
        return operator
    quantifier, base, if_exists = parts.groups()
    return f"{quantifier}{_SAME_OPERATOR.get(base, base)}{if_exists}"


def _values(operator: str, values: object) -> list[str]:
    texts = {_value(one) for one in (values if isinstance(values, list) else [values])}
    parts = _OPERATOR.fullmatch(operator)
    if parts is not None and parts[2] in _IGNORE_CASE:
        texts = {text.lower() for text in texts}
    return sorted(texts)


def _value(value: object) -> str:
    """A condition value as text, as IAM compares it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return _text(value)


def _merged(resources: Mapping[_Grant, set[_Entry]]) -> list[dict[str, Any]]:
    """As few statements as these steps give: equal resources, then equal actions, then equal principals together."""
    actions: dict[tuple[str, str, _Entry, frozenset[_Entry]], set[_Entry]] = {}
    for (effect, condition, principal, action), names in resources.items():
        for some in _together(names):
            actions.setdefault((effect, condition, principal, some), set()).add(action)
    principals: dict[tuple[str, str, frozenset[_Entry], frozenset[_Entry]], set[_Entry]] = {}
    for (effect, condition, principal, some), several in actions.items():
        for listed in _together(several):
            principals.setdefault((effect, condition, listed, some), set()).add(principal)
    return [
        _statement(effect, condition, who, listed, some)
        for (effect, condition, listed, some), several in principals.items()
        for who in _together(several)
    ]


def _together(entries: Iterable[_Entry]) -> Iterable[frozenset[_Entry]]:
    """The values that one element can list: all plain ones, and each `Not…` by itself."""
    negated = {entry for entry in entries if entry[0].startswith("Not")}
    plain = frozenset(entries) - negated
    return ([plain] if plain else []) + [frozenset({entry}) for entry in negated]


def _statement(
    effect: str, condition: str, principals: frozenset[_Entry], actions: frozenset[_Entry], names: frozenset[_Entry]
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": effect}
    for name, entries in (("Principal", principals), ("Action", actions), ("Resource", names)):
        ((kind, text), *others) = sorted(entries)
        if kind.startswith("Not") and not others:
            statement[kind] = json.loads(text)
        elif entries != {_NO_RESOURCE}:
            statement[name] = _written(entries)
    held = json.loads(condition)
    return {**statement, "Condition": held} if held else statement


def _written(entries: Iterable[_Entry]) -> Any:
    """Plain values as a statement writes them: a list, or a list for each kind of principal."""
    by_kind: dict[str, list[str]] = {}
    for kind, text in sorted(entries):
        by_kind.setdefault(kind, []).append(text)
    return by_kind[""] if set(by_kind) == {""} else by_kind


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
