"""Lifecycle policies that AWS refuses.

Source: ECR user guide, lifecycle_policy_parameters.html and LifecyclePolicies.html, and the messages of
PutLifecyclePolicy where named. Accepted, because no documentation of AWS refuses it: other keys beside `rules`, a
rulePriority below 1, `sinceImagePulled` with `expire`, a `countNumber` below 90 for archived images,
`targetStorageClass` beside `expire`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.policy_documents.problem import (
    DocumentPath,
    DocumentProblem,
    kind_of,
    missing_keys,
    shown,
    similar,
    unknown_keys,
)

MOST_RULES = 50
"""Rules of one policy (ECR user guide, service-quotas.html)."""

_MOST_WILDCARDS = 4
_COUNT = "imageCountMoreThan"
_ARCHIVED = "sinceImageTransitioned"
_COUNT_TYPES = (_COUNT, "sinceImagePushed", "sinceImagePulled", _ARCHIVED)
_TAG_STATUSES = ("any", "tagged", "untagged")
_TAG_LISTS = ("tagPatternList", "tagPrefixList")
_RULE_KEYS = ("rulePriority", "description", "selection", "action")
_SELECTION_KEYS = ("tagStatus", *_TAG_LISTS, "storageClass", "countType", "countUnit", "countNumber")

_Rule = tuple[DocumentPath, Mapping[str, Any]]
"""The path of a rule, and the rule."""


def lifecycle_problems(document: object) -> Iterator[DocumentProblem]:
    """Why AWS refuses *document* as a lifecycle policy."""
    if not isinstance(document, Mapping):
        yield DocumentProblem((), f"a lifecycle policy is an object, not {kind_of(document)}")
        return
    if "rules" not in document:
        hint = next(filter(None, (similar(key, ("rules",)) for key in document)), "add `rules` here")
        yield DocumentProblem((), "`rules` is missing", hint)
        return
    rules = document["rules"]
    if not isinstance(rules, list | tuple) or not 1 <= len(rules) <= MOST_RULES:
        yield DocumentProblem(("rules",), f"`rules` is a list of 1 to {MOST_RULES} rules")
        return
    readable: list[_Rule] = []
    for number, rule in enumerate(rules):
        path: DocumentPath = ("rules", number)
        if isinstance(rule, Mapping):
            yield from _rule_problems(path, rule)
            readable.append((path, rule))
        else:
            yield DocumentProblem(path, f"a rule is an object, not {kind_of(rule)}")
    yield from _order_problems(readable)


def _rule_problems(path: DocumentPath, rule: Mapping[str, Any]) -> Iterator[DocumentProblem]:
    yield from unknown_keys(rule, _RULE_KEYS, path)
    yield from missing_keys(rule, ("rulePriority", "selection", "action"), path)
    if "rulePriority" in rule and not _is_integer(rule["rulePriority"]):
        yield DocumentProblem((*path, "rulePriority"), f"{shown(rule['rulePriority'])} is not a whole number")
    if not isinstance(rule.get("description", ""), str):
        yield DocumentProblem((*path, "description"), f"{kind_of(rule['description'])} is not text")
    for key, problems in (("selection", _selection_problems), ("action", _action_problems)):
        if key not in rule:
            continue
        if isinstance(rule[key], Mapping):
            yield from problems((*path, key), rule[key])
        else:
            yield DocumentProblem((*path, key), f"`{key}` is an object, not {kind_of(rule[key])}")


def _selection_problems(path: DocumentPath, selection: Mapping[str, Any]) -> Iterator[DocumentProblem]:
    yield from unknown_keys(selection, _SELECTION_KEYS, path)
    yield from missing_keys(selection, ("tagStatus", "countType", "countNumber"), path)
    yield from _one_of(path, selection, "tagStatus", _TAG_STATUSES)
    yield from _one_of(path, selection, "countType", _COUNT_TYPES)
    yield from _tag_list_problems(path, selection)
    yield from _count_problems(path, selection)
    yield from _storage_problems(path, selection)


def _tag_list_problems(path: DocumentPath, selection: Mapping[str, Any]) -> Iterator[DocumentProblem]:
    status = selection.get("tagStatus")
    given = [key for key in _TAG_LISTS if key in selection]
    if status == "tagged" and not given:
        yield DocumentProblem(path, "`tagStatus: tagged` needs a tag list", "add `tagPatternList` or `tagPrefixList`")
    if len(given) > 1:
        yield DocumentProblem((*path, given[1]), "`tagPatternList` and `tagPrefixList` exclude each other")
    for key in given:
        if status in ("any", "untagged"):
            yield DocumentProblem((*path, key), f"`{key}` needs `tagStatus: tagged`, not `{status}`")
        yield from _tags_problems((*path, key), selection[key])


def _tags_problems(path: DocumentPath, tags: object) -> Iterator[DocumentProblem]:
    if not isinstance(tags, list | tuple) or not tags:
        yield DocumentProblem(path, f"`{path[-1]}` is a list with at least one text")
        return
    for number, tag in enumerate(tags):
        if not isinstance(tag, str):
            yield DocumentProblem((*path, number), f"{shown(tag)} is not text", "write it in quotes")
        elif path[-1] == "tagPatternList" and tag.count("*") > _MOST_WILDCARDS:
            message = f"{shown(tag)} has {tag.count('*')} wildcards, AWS accepts {_MOST_WILDCARDS} in one pattern"
            yield DocumentProblem((*path, number), message)


def _count_problems(path: DocumentPath, selection: Mapping[str, Any]) -> Iterator[DocumentProblem]:
    if "countNumber" in selection:
        number = selection["countNumber"]
        if not _is_integer(number) or number < 1:
            yield DocumentProblem((*path, "countNumber"), f"{shown(number)} is not a positive whole number")
    count_type = selection.get("countType")
    if count_type == _COUNT and "countUnit" in selection:
        yield DocumentProblem((*path, "countUnit"), f"`countUnit` is not allowed with `{_COUNT}`", "remove it")
    elif count_type in _COUNT_TYPES[1:] and "countUnit" not in selection:
        yield DocumentProblem(path, f"`{count_type}` needs `countUnit`", "add `countUnit: days`")
    if count_type != _COUNT:
        yield from _one_of(path, selection, "countUnit", ("days",))


def _storage_problems(path: DocumentPath, selection: Mapping[str, Any]) -> Iterator[DocumentProblem]:
    archived = selection.get("countType") == _ARCHIVED
    if archived and "storageClass" not in selection:
        yield DocumentProblem(path, f"`{_ARCHIVED}` needs `storageClass`", "add `storageClass: archive`")
    if selection.get("countType") in _COUNT_TYPES:
        yield from _one_of(path, selection, "storageClass", ("archive",) if archived else ("standard",))


def _action_problems(path: DocumentPath, action: Mapping[str, Any]) -> Iterator[DocumentProblem]:
    yield from unknown_keys(action, ("type", "targetStorageClass"), path)
    yield from missing_keys(action, ("type",), path)
    yield from _one_of(path, action, "type", ("expire", "transition"))
    yield from _one_of(path, action, "targetStorageClass", ("archive",))
    if action.get("type") == "transition" and "targetStorageClass" not in action:
        yield DocumentProblem(
            path, "`type: transition` needs `targetStorageClass`", "add `targetStorageClass: archive`"
        )


def _order_problems(rules: list[_Rule]) -> Iterator[DocumentProblem]:
    """Rules that conflict with others of the policy."""
    numbered = [(path, rule) for path, rule in rules if _is_integer(rule.get("rulePriority"))]
    seen: set[int] = set()
    for path, rule in numbered:
        priority = rule["rulePriority"]
        if priority in seen:
            message = f"another rule has the rulePriority {priority}"
            yield DocumentProblem((*path, "rulePriority"), message, "give each rule its own")
        seen.add(priority)
    # AWS: "Rule for tagStatus=ANY must have the lowest priority per storage class", "Only one rule can select
    # Untagged images per storage class"; the lowest priority is the highest number.
    for path, rule in numbered:
        status, storage = _selects(rule)
        others = [other for where, other in numbered if where != path and _selects(other)[1] == storage]
        if status == "any" and any(other["rulePriority"] > rule["rulePriority"] for other in others):
            message = "a rule with `tagStatus: any` must have the highest rulePriority"
            yield DocumentProblem((*path, "rulePriority"), message, "number it after the other rules")
    untagged: set[str] = set()
    for path, rule in rules:
        status, storage = _selects(rule)
        if status == "untagged" and storage in untagged:
            message = f"another rule has `tagStatus: untagged` for the storage class {storage}"
            yield DocumentProblem((*path, "selection"), message, "AWS accepts one")
        if status == "untagged":
            untagged.add(storage)
    yield from _repeated_prefixes(rules)


def _repeated_prefixes(rules: list[_Rule]) -> Iterator[DocumentProblem]:
    """Rules for the same tag prefixes. LifecyclePolicies.html: rules "must contain a unique set of tag prefixes"."""
    seen: set[tuple[str, frozenset[str]]] = set()
    for path, rule in rules:
        _, storage = _selects(rule)
        prefixes = _prefixes(rule)
        if not prefixes:
            continue
        if (storage, prefixes) in seen:
            message = f"another rule has the tagPrefixList {', '.join(sorted(prefixes))}"
            yield DocumentProblem((*path, "selection", "tagPrefixList"), message, "AWS accepts one")
        seen.add((storage, prefixes))


def _prefixes(rule: Mapping[str, Any]) -> frozenset[str]:
    """The tag prefixes of *rule*; empty: it has none, or something else in their place."""
    selection = rule.get("selection")
    listed = selection.get("tagPrefixList") if isinstance(selection, Mapping) else None
    return frozenset(one for one in listed if isinstance(one, str)) if isinstance(listed, list | tuple) else frozenset()


def _selects(rule: Mapping[str, Any]) -> tuple[object, str]:
    """Tag status and storage class of the images that *rule* selects."""
    selection = rule.get("selection")
    if not isinstance(selection, Mapping):
        return None, ""
    return selection.get("tagStatus"), str(selection.get("storageClass", "standard"))


def _one_of(
    path: DocumentPath, value: Mapping[str, Any], key: str, choices: tuple[str, ...]
) -> Iterator[DocumentProblem]:
    if key in value and not (isinstance(value[key], str) and value[key] in choices):
        message = (
            f"{shown(value[key])} is not {choices[0]}"
            if len(choices) == 1
            else (f"{shown(value[key])} is not one of {', '.join(choices)}")
        )
        hint = similar(value[key], choices) if isinstance(value[key], str) else ""
        yield DocumentProblem((*path, key), message, hint)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
