"""Steps → one runnable script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from checks.remediation.shell import comment, guard, line, preamble, quoted, visible
from checks.remediation.steps import Step

_USAGE = (
    "Run it with bash and credentials of the account that it changes; DRY_RUN=1 prints the changes "
    "without making them.",
    "Exit codes: 0 done or already applied, 1 AWS rejected a request, 2 wrong account or AWS CLI,",
    "3 changed since the audit, 4 AWS does not return what was written, 5 deferred: run again later.",
)


@dataclass(frozen=True, slots=True)
class ScriptSection:
    """The steps of one registry."""

    account: str
    region: str
    steps: tuple[Step, ...]


def script_text(title: Sequence[str], part: ScriptSection, *, independent: bool, endnotes: Sequence[str] = ()) -> str:
    """The script of *part*. Where its steps are *independent*, a skipped one does not stop the others."""
    apart = independent and len(part.steps) > 1
    uses = _uses(part.steps) | ({"remember"} if apart else set())
    blocks = [preamble((*title, "", *_USAGE), uses), guard(part.account, part.region), *_requirements(part.steps)]
    for step in part.steps:
        blocks.append(f'\n(\n{step.text}\n) || remember "$?"' if apart else f"\n{step.text}")
    if apart:
        blocks.append('\n[ "$left" = 0 ] || fail "$left" "Some steps were skipped, see above; the others are done."')
    return _ended(blocks, endnotes)


def parts_text(title: Sequence[str], parts: Sequence[ScriptSection], *, endnotes: Sequence[str] = ()) -> str:
    """One script for several registries, which runs the parts of the caller's account, in order."""
    steps = [step for part in parts for step in part.steps]
    note = "It changes several registries: run it once with credentials of each account, in the order below."
    first = parts[0]
    blocks = [
        preamble((*title, "", note, *_USAGE), _uses(steps)),
        f"export AWS_REGION={quoted(first.region)} AWS_DEFAULT_REGION={quoted(first.region)}",
        "caller=$(aws sts get-caller-identity --query Account --output text) ||",
        "  fail 2 'AWS does not accept these credentials (see its error above).'",
        *_requirements(steps),
        "parts=0",
    ]
    for number, part in enumerate(parts, start=1):
        skipped = f"Part {number} needs credentials of account {part.account}: skipped."
        blocks += [
            f"\n# Part {number} of {len(parts)}: account {part.account}, {part.region}",
            f'if [ "$caller" = {quoted(part.account)} ]; then',
            "parts=$((parts + 1))",
            f"export AWS_REGION={quoted(part.region)} AWS_DEFAULT_REGION={quoted(part.region)}",
            *(step.text for step in part.steps),
            "else",
            f"printf '%s\\n' {quoted(skipped)}",
            "fi",
        ]
    accounts = ", ".join(dict.fromkeys(part.account for part in parts))
    blocks.append(
        '[ "$parts" != 0 ] || fail 2 "Wrong account: these credentials belong to $caller, this script '
        f'changes {accounts}."'
    )
    return _ended(blocks, endnotes)


def explanation_text(title: Sequence[str], notes: Sequence[str]) -> str:
    """A script that changes nothing and prints the manual steps."""
    lines = (f"printf '%s\\n' {quoted(visible(note))}" for note in notes)
    return "\n".join(("#!/usr/bin/env bash", comment(*title), *lines)) + "\n"


def _uses(steps: Iterable[Step]) -> set[str]:
    used = {name for step in steps for name in step.uses}
    return used | ({"express"} if any(step.needs for step in steps) else set())


def _requirements(steps: Iterable[Step]) -> list[str]:
    needs = dict.fromkeys(need for step in steps for need in step.needs)
    return [line("express", need.operation, need.word, need.since) for need in needs]


def _ended(blocks: Sequence[str], endnotes: Sequence[str]) -> str:
    return "\n".join((*blocks, *(("", comment(*endnotes)) if endnotes else ()))) + "\n"
