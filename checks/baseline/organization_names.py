"""Accounts, names of accounts, organizational units and Regions in a baseline that the organization does not have.

A file can be valid and name a unit that no longer exists, or a Region with a typing error: such a part has no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checks.baseline.check_names import similar
from checks.baseline.places import ROOT, in_units, is_unit_id, matches_text
from checks.baseline.yaml_reader import Node, Path, Problem, Reading, path_text


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """One account of the organization. None: unknown."""

    account: str
    name: str | None
    ou_path: str | None
    organization_path: str | None


@dataclass(frozen=True, slots=True)
class OrganizationNames:
    """What an organization has; None: not known, so nothing is reported about it."""

    accounts: tuple[KnownAccount, ...] | None = None
    regions: frozenset[str] | None = None


def unknown_names(text: str, file: str, known: OrganizationNames) -> tuple[Problem, ...]:
    """A problem for each name in the valid baseline *text* that is not in *known*, in the order of the file."""
    root = Reading(text, file).read()
    if root is None:
        return ()
    found = [
        Problem(file, node.line, node.column, path_text(path), message, hint)
        for scope, at, keys in _scopes(root)
        for key in keys
        for path, node in _values(scope, at, key)
        if (rule := _RULES.get(key)) is not None and isinstance(node.value, str)
        for message, hint in rule(node.value, known)
    ]
    return tuple(sorted(set(found), key=lambda problem: (problem.line, problem.column)))


_SCOPE = ("accounts", "account_names", "ous", "regions")


def _scopes(root: Node) -> Iterator[tuple[Node, Path, tuple[str, ...]]]:
    """The parts of a baseline that name what the organization must have, with the keys to look at."""
    for section in ("replication", "resilience"):
        for at, entry in _entries(root, section):
            if "sources" in entry.children:
                yield entry.children["sources"], (*at, "sources"), _SCOPE
            for number, destination in _entries(entry, "destinations"):
                yield destination, (*at, *number), ("region",)
    for section in ("settings", "source_settings"):
        yield from ((entry, at, _SCOPE) for at, entry in _entries(root, section))
    yield from ((entry, at, ("ous", "account_names")) for at, entry in _entries(root, "environments"))
    # Not `accounts`: a waiver may be about an account outside the organization.
    yield from ((entry, at, ("ous", "account_names", "regions")) for at, entry in _entries(root, "waivers"))
    if "allowed_destinations" in root.children:
        yield root.children["allowed_destinations"], ("allowed_destinations",), ("ous", "regions")
    yield root, (), ("allowed_regions",)


def _entries(node: Node, key: str) -> Iterator[tuple[Path, Node]]:
    if key in node.children:
        yield from (((key, number), entry) for number, entry in node.children[key].children.items())


def _values(scope: Node, at: Path, key: str) -> Iterator[tuple[Path, Node]]:
    node = scope.children.get(key)
    if node is not None and not node.children:
        yield (*at, key), node
    elif node is not None:
        yield from (((*at, key, number), entry) for number, entry in node.children.items())


def _account(value: str, known: OrganizationNames) -> Iterable[tuple[str, str]]:
    if known.accounts is not None and value not in (ids := [one.account for one in known.accounts]):
        yield f"the organization has no account {value}", similar(value, ids, "")


def _account_name(value: str, known: OrganizationNames) -> Iterable[tuple[str, str]]:
    if known.accounts is None:
        return
    names = [one.name for one in known.accounts if one.name is not None]
    if len(names) == len(known.accounts) and not any(matches_text(value, name) for name in names):
        yield f"no account of the organization is named {value!r}", similar(value, names, "")


def _unit(value: str, known: OrganizationNames) -> Iterable[tuple[str, str]]:
    accounts = known.accounts or ()
    inside = [in_units((value,), ou_path=one.ou_path, organization_path=one.organization_path) for one in accounts]
    if known.accounts is not None and not any(inside) and None not in inside:
        paths = {path for one in accounts for path in _paths_to(one.ou_path or "")}
        hint = "" if is_unit_id(value) else similar(value.removeprefix(f"{ROOT}/"), sorted(paths), "")
        yield f"no account of the organization is in the unit {value!r}", hint


def _paths_to(ou_path: str) -> Iterator[str]:
    names = ou_path.split("/")[1:]
    yield from ("/".join(names[:length]) for length in range(1, len(names) + 1))


def _region(value: str, known: OrganizationNames) -> Iterable[tuple[str, str]]:
    if known.regions is not None and not any(matches_text(value, region) for region in known.regions):
        yield f"there is no Region {value!r}", similar(value, sorted(known.regions), "")


_RULES: dict[str, Callable[[str, OrganizationNames], Iterable[tuple[str, str]]]] = {
    "accounts": _account,
    "account_names": _account_name,
    "ous": _unit,
    "regions": _region,
    "region": _region,
    "allowed_regions": _region,
}
