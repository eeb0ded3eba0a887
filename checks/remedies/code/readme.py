"""Infrastructure code in words: in which order it is applied, what takes over what exists, what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from checks.remedies.code.result import Code
from checks.remedies.planning import shortened
from checks.remedies.shell import visible


def in_order(codes: Iterable[Code]) -> tuple[Code, ...]:
    """Registries that only receive before those that send."""
    return tuple(
        sorted((code for code in codes if code.files), key=lambda code: (code.sends, code.account, code.region))
    )


def code_lines(codes: Sequence[Code]) -> list[str]:
    """For each registry what its files declare and how they are applied, then all that is left out."""
    lines: list[str] = []
    for number, code in enumerate(in_order(codes), start=1):
        lines += [f"{number}. {code.account}, {code.region}: {', '.join(code.declared)}"]
        lines += [f"     {name}" for name in code.files]
        lines += [f"     $ {command}" for command in code.commands]
    return [visible(line) for line in (*lines, *left_out_lines(codes))]


def left_out_lines(codes: Sequence[Code]) -> list[str]:
    """What no file declares, by registry and reason."""
    lines: list[str] = []
    for code in codes:
        reasons: dict[str, list[str]] = {}
        for one in code.left_out:
            reasons.setdefault(one.why, []).append(one.what)
        if reasons:
            lines += ["", f"LEFT OUT of {code.account}, {code.region}:"]
            lines += [f"  - {shortened(names)}: {why}" for why, names in reasons.items()]
    return [visible(line) for line in lines]
