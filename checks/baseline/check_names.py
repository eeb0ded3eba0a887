"""Check names in a baseline or waiver file: unknown ones are errors, because they would have no effect."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from checks.baseline.yaml_reader import Node, Problem, path_text

OWN = "user."
"""Beginning of the ids of custom checks, whose files are not available everywhere a baseline is read."""
NEVER_WAIVED = "waivers."
"""Beginning of the ids of the checks about waivers, which cannot be waived: such a waiver would hide itself."""


def unknown_checks(root: Node, file: str, known: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Problems of `severity` and `waivers` with names that are not in *known* (check id → its aliases).

    Names that begin with `user.` are checked only where *known* has such names.
    """
    by_alias = {alias: check for check, aliases in known.items() for alias in aliases}
    open_names = not any(name.startswith(OWN) for name in known)
    severity = root.children.get("severity")
    for name, key in severity.keys.items() if severity else ():
        if name not in known and not (open_names and name.startswith(OWN)):
            right = by_alias.get(name)
            hint = f"write {right}" if right else similar(name, known, "")
            path = path_text(("severity", name))
            yield Problem(file, key.line, key.column, path, f"there is no check {name!r}", hint)
    never = {name for check, own in known.items() if check.startswith(NEVER_WAIVED) for name in (check, *own)}
    names = tuple(name for name in (*known, *by_alias) if name not in never)
    waivers = root.children.get("waivers")
    for number, waiver in waivers.children.items() if waivers else ():
        patterns = waiver.children.get("checks")
        for position, node in patterns.children.items() if patterns else ():
            pattern = node.value
            if not isinstance(pattern, str) or (open_names and pattern.startswith(OWN)) or _fits(pattern, names):
                continue
            path = path_text(("waivers", number, "checks", position))
            message, hint = f"there is no check {pattern!r}", similar(pattern, names, "")
            if _fits(pattern, never):
                message, hint = "findings about waivers cannot be waived", "fix the waiver itself"
            yield Problem(file, node.line, node.column, path, message, hint)


def broad_waivers(root: Node, file: str, known: Mapping[str, Sequence[str]] | None) -> Iterator[Problem]:
    """A problem for each waiver that covers every finding, unless it has `allow_broad: true`.

    *known* as for `unknown_checks`; None: only patterns that match any name count as every check.
    """
    ids = tuple(name for name in known or () if not name.startswith(NEVER_WAIVED)) or _ANY_NAMES
    waivers = root.children.get("waivers")
    for number, waiver in waivers.children.items() if waivers else ():
        fields = waiver.value
        if not isinstance(fields, dict) or fields.get("allow_broad") is True:
            continue
        patterns = _texts(fields.get("checks"))
        if not all(_fits_any(name, patterns) for name in ids) or _is_narrowed(fields):
            continue
        path = path_text(("waivers", number))
        hint = "name checks, accounts, Regions or repositories; or write `allow_broad: true` if it is meant"
        yield Problem(file, waiver.line, waiver.column, path, "this waiver covers every finding", hint)


_ANY_NAMES = ("a.b", "grants.not-public", "zzz.y-0")
"""Only a pattern that matches every name matches all of these."""
_ANY_REGIONS = ("us-east-1", "zz-other-9")
_ANY_REPOSITORIES = ("a1", "zz/9.q-w_e")
_ANY_ACCOUNT_NAMES = ("a1", "Zz 9.q-w_e")
"""Samples: a field of a waiver leaves nothing out where its patterns match all of them."""
_ROOT = re.compile(r"Root/?|r-[0-9a-z]{4,32}")
"""A unit that includes every account: the root by its name or id."""


def _is_narrowed(fields: Mapping[str, object]) -> bool:
    """Whether a field of a waiver besides `checks` leaves findings out."""
    if fields.get("fingerprint") or fields.get("tags"):
        return True
    if _leaves_out(fields.get("regions"), _ANY_REGIONS) or _leaves_out(fields.get("repositories"), _ANY_REPOSITORIES):
        return True
    names, units = _texts(fields.get("account_names")), _texts(fields.get("ous"))
    every_account = (names and not _leaves_out(list(names), _ANY_ACCOUNT_NAMES)) or any(map(_ROOT.fullmatch, units))
    return bool(_texts(fields.get("accounts")) or names or units) and not every_account


def _leaves_out(patterns: object, samples: Iterable[str]) -> bool:
    """Whether a field with *patterns* leaves out one of *samples*; a field without patterns leaves out nothing."""
    listed = _texts(patterns)
    return bool(listed) and not all(_fits_any(sample, listed) for sample in samples)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _fits_any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _fits(pattern: str, names: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


def similar(word: str, known: Iterable[str], otherwise: str) -> str:
    """`did you mean …?`, else the known names after *otherwise*, else an empty text."""
    choices = tuple(known)
    by_folded = {choice.lower().replace("-", "_"): choice for choice in choices}
    close = difflib.get_close_matches(word[:80].lower().replace("-", "_"), by_folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean {by_folded[close[0]]}?"
    return f"{otherwise}: {', '.join(choices)}" if otherwise and choices else ""
