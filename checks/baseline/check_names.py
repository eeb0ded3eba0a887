"""Check names in a baseline or waiver file: unknown ones are errors, because they would have no effect."""

from __future__ import annotations

import difflib
import fnmatch
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
