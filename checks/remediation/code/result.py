"""The parts of the infrastructure code of one registry, and the README beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from checks.remediation.merging import Target
from checks.remediation.planner import shortened
from checks.remediation.replication_rules import Rule, deletes
from checks.remediation.shell import visible

NO_DOCUMENT = "an API call, not a document; run the script for it"
"""Why a step is in no file."""


class CannotExpressError(ValueError):
    """A tool's schema cannot express a document; the text says why."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that the tool cannot express."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Code:
    """The infrastructure code of one registry."""

    account: str
    region: str
    files: Mapping[str, str]
    """Text by name, relative to the folder of the plan; none where nothing can be expressed."""
    declared: tuple[str, ...]
    """What the files declare, in words."""
    left_out: tuple[LeftOut, ...]
    commands: tuple[str, ...]
    """Shell lines that import existing resources and apply the files."""
    sends: bool
    """Whether it declares replication rules, for which the destination registries must be ready."""


def words(target: Target) -> str:
    """The document in words."""
    names = {
        "replication": "the replication configuration",
        "policy": "the registry policy",
        "scanning": "the registry scanning configuration",
        "template": f"the creation template {target.name}",
        "lifecycle": f"the lifecycle policy of {target.name}",
        "repository-policy": f"the repository policy of {target.name}",
    }
    return names[target.kind]


def refuse_deletions(target: Target, tool: str) -> None:
    """Raise CannotExpressError where rules replicate deletions, or stop it, which *tool* cannot express."""
    numbers = [str(number) for number, rule in enumerate(target.wanted, start=1) if deletes(rule)]
    if numbers:
        which = f"{'rule' if len(numbers) == 1 else 'rules'} {', '.join(numbers)}"
        raise CannotExpressError(
            f"{which} with deleteReplication on, which {tool} does not support: "
            "it would write the rules without it, which switches it off"
        )
    if target.seen and less_deletions(target.seen) == less_deletions(target.wanted):
        raise CannotExpressError(f"only deleteReplication changes, which {tool} does not support")


def less_deletions(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """*rules* without their deleteReplication."""
    return tuple({name: value for name, value in rule.items() if name != "deleteReplication"} for rule in rules)


def refuse_unknown(document: Mapping[str, object], known: Iterable[str], what: str, tool: str) -> None:
    """Raise CannotExpressError where *document* has an element that *tool* would drop."""
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise CannotExpressError(f"{what} has {', '.join(unknown)}, which {tool} does not support")


def free_name(name: str, taken: Iterable[str]) -> str:
    """*name*, with a number appended where it is taken."""
    known = set(taken)
    return next(one for one in (name, *(f"{name}{number}" for number in range(2, len(known) + 3))) if one not in known)


def in_order(codes: Iterable[Code]) -> tuple[Code, ...]:
    """Registries without replication rules before those with rules."""
    return tuple(
        sorted((code for code in codes if code.files), key=lambda code: (code.sends, code.account, code.region))
    )


def code_lines(codes: Sequence[Code]) -> list[str]:
    """For each registry what its files declare and how to apply them, then everything that is left out."""
    lines: list[str] = []
    for number, code in enumerate(in_order(codes), start=1):
        lines += [f"{number}. {code.account}, {code.region}: {', '.join(code.declared)}"]
        lines += [f"     {name}" for name in code.files]
        lines += [f"     $ {command}" for command in code.commands]
    return [visible(line) for line in (*lines, *left_out_lines(codes))]


def left_out_lines(codes: Sequence[Code]) -> list[str]:
    """Documents that no file declares, by registry and reason."""
    lines: list[str] = []
    for code in codes:
        reasons: dict[str, list[str]] = {}
        for one in code.left_out:
            reasons.setdefault(one.why, []).append(one.what)
        if reasons:
            lines += ["", f"NOT INCLUDED, {code.account}, {code.region}:"]
            lines += [f"  - {shortened(names)}: {why}" for why, names in reasons.items()]
    return [visible(line) for line in lines]
