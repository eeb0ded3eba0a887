"""Findings → scripts: merged per registry, in an order that is right across registries."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.model import Finding, RegistryId, RemedyContext, Script, Status
from checks.remedies.edits import Stage, identity, words
from checks.remedies.merging import Planned, Target
from checks.remedies.outcome import Refusal
from checks.remedies.scripts import Part, parts_text, script_text, telling_text
from checks.remedies.shell import comment, visible
from checks.remedies.steps import Step
from checks.remedies.working import Worked, by_stage, owners, work

_NAMES = {
    Stage.GRANTS: "grants-and-templates",
    Stage.RULES: "rules",
    Stage.BACKFILL: "backfill",
    Stage.REPOSITORIES: "repositories",
    Stage.NARROWING: "narrowing",
}
_NAMED_IN_TITLE = 40
_NAMED_IN_REASON = 5
_ASKED = 30


@dataclass(frozen=True, slots=True)
class ByHand:
    """Steps for a person, and the findings that they are for."""

    whom: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryTargets:
    """What becomes of one registry's documents."""

    account: str
    region: str
    partition: str
    """Empty where it is not known."""
    targets: tuple[Target, ...]
    others: tuple[str, ...]
    """Titles of the steps that change something that no whole document declares."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Every fix of some findings, as scripts and as documents; both come from the same merging."""

    scripts: tuple[Script, ...]
    """In the order in which to run them."""
    steps: Mapping[str, tuple[str, ...]]
    """Titles of the steps of each script."""
    registries: tuple[RegistryTargets, ...]
    refused: Mapping[str, tuple[str, ...]]
    """Reasons by fingerprint of the findings that no script mends though something was asked for."""


def commands(finding: Finding, context: RemedyContext) -> str:
    """The complete guarded script that mends *finding*; empty where no command should, or none would be accepted.

    Raises ValueError for an edit of unknown kind or shape.
    """
    return script_for(finding, context).text


def script_for(finding: Finding, context: RemedyContext) -> Script:
    """The script of one finding, with the steps for a person and the reasons where there is none."""
    remedy = finding.remedy
    manual = remedy.manual if remedy else ()
    worked = work((finding,), context, in_stages=False)
    parts = [
        Part(account, region, tuple(_told(one) for one in planned))
        for (account, region), planned in sorted(worked.steps.items(), key=lambda item: item[1][0].step.stage)
        if planned
    ]
    refusals = worked.refused.get(finding.fingerprint, ())
    reasons = tuple(_reason(finding, refusal) for refusal in refusals)
    name = f"{finding.check.replace('.', '-')}-{finding.fingerprint}.sh"
    account, region = (parts[0].account, parts[0].region) if parts else (finding.account, finding.region)
    safe = remedy.safe if remedy else False
    title = (f"{finding.check}: {finding.resource}", remedy.summary if remedy else "")
    text = ""
    if len(parts) == 1:
        text = script_text(title, parts[0], independent=False, endnotes=_endnotes(manual, ()))
    elif parts:
        text = parts_text(title, parts, endnotes=_endnotes(manual, ()))
    return Script(account, region, name, text, safe, (finding.fingerprint,) if parts else (), manual, reasons)


def plan(findings: Sequence[Finding], context: RemedyContext, *, waived: bool = False) -> tuple[Script, ...]:
    """The scripts of `planned`."""
    return planned(findings, context, waived=waived).scripts


def planned(findings: Sequence[Finding], context: RemedyContext, *, waived: bool = False) -> Plan:
    """Every fix of every failing finding; of waived ones only if *waived*. One script per registry and stage.

    Names begin with the stage, so that running all of them in the order of their names is right across registries:
    what receives is ready before anything is sent, and what is taken away goes last. The order of *findings* makes no
    difference. Raises ValueError for an edit of unknown kind or shape.
    """
    wanted = sorted(
        (one for one in findings if one.status is Status.FAIL and (waived or one.waiver is None) and one.remedy),
        key=lambda one: (one.severity.rank, one.check, one.account, one.region, one.resource, one.fingerprint),
    )
    worked = work(wanted, context, in_stages=True)
    asking = owners(worked.mended)
    manual = _manual(wanted)
    refused = _refused(wanted, worked)
    staged = [
        (_stage_script(registry, stage, several, asking), tuple(one.step.title for one in several))
        for registry, steps in worked.steps.items()
        for stage, several in by_stage(steps).items()
    ]
    by_hand = [
        _by_hand(registry, manual.get(registry, ()), refused.get(registry, ()))
        for registry in dict.fromkeys((*manual, *refused))
    ]
    return Plan(
        scripts=tuple(sorted((*(script for script, _ in staged), *by_hand), key=lambda script: script.name)),
        steps={script.name: titles for script, titles in staged},
        registries=tuple(_targets(registry, steps, context) for registry, steps in sorted(worked.steps.items())),
        refused={name: tuple(one.reason for one in several) for name, several in worked.refused.items()},
    )


def _targets(registry: RegistryId, steps: Sequence[Planned], context: RemedyContext) -> RegistryTargets:
    targets = {(one.target.kind, one.target.name): one.target for one in steps if one.target is not None}
    others = tuple(one.step.title for one in steps if one.target is None)
    partition = context.registries.get(registry, {}).get("partition") or ""
    return RegistryTargets(*registry, partition, tuple(targets.values()), others)


def _stage_script(
    registry: RegistryId, stage: Stage, steps: Sequence[Planned], asking: Mapping[tuple[str, ...], Sequence[Finding]]
) -> Script:
    account, region = registry
    mended = {finding.fingerprint: finding for one in steps for edit in one.edits for finding in asking[identity(edit)]}
    safe = all(finding.remedy.safe for finding in mended.values() if finding.remedy)
    name = f"{stage.value}-{_NAMES[stage]}-{account}-{region}.sh"
    title = (
        f"{name}: {len(steps)} {'step' if len(steps) == 1 else 'steps'} for account {account}, {region}.",
        "Safe to run without review."
        if safe
        else "Read it before you run it: it grants access, costs money or takes something away.",
        "Mends:",
        *(f"  {one.fingerprint} {one.check}: {one.resource}" for one in list(mended.values())[:_NAMED_IN_TITLE]),
        *((f"  and {len(mended) - _NAMED_IN_TITLE} more",) if len(mended) > _NAMED_IN_TITLE else ()),
    )
    part = Part(account, region, tuple(_told(one) for one in steps))
    return Script(account, region, name, script_text(title, part, independent=True), safe, tuple(mended))


def _told(planned: Planned) -> Step:
    """The step with what was asked for as comments, for the reader who decides whether to run it."""
    asked = [words(edit) for edit in planned.edits[:_ASKED]]
    more = [f"and {len(planned.edits) - _ASKED} more"] if len(planned.edits) > _ASKED else []
    lines = (textwrap.shorten(visible(text), 300, placeholder=" …") for text in (*asked, *more))
    return replace(planned.step, text="\n".join((comment(*lines), planned.step.text)))


def _by_hand(registry: RegistryId, manual: Sequence[ByHand], refused: Sequence[str]) -> Script:
    account, region = registry
    name = "-".join(("60-by-hand", *filter(None, registry))) + ".sh"
    told = tuple(line for one in manual for line in (f"{one.whom}:", *(f"  - {step}" for step in one.steps)))
    notes = _endnotes(told, refused)
    title = (f"{name}: what is left for a person. Running this changes nothing.", *notes)
    flat = tuple(f"{one.whom}: {step}" for one in manual for step in one.steps)
    return Script(account, region, name, telling_text(title, notes), True, (), flat, tuple(refused))


def _manual(findings: Iterable[Finding]) -> dict[RegistryId, tuple[ByHand, ...]]:
    """Steps for a person by registry, each told once with all the findings that it is for."""
    found: dict[RegistryId, dict[tuple[str, ...], list[str]]] = {}
    for finding in findings:
        if finding.remedy and finding.remedy.manual:
            steps = found.setdefault(RegistryId(finding.account, finding.region), {})
            steps.setdefault(finding.remedy.manual, []).append(f"{finding.check}, {finding.resource}")
    return {
        registry: tuple(ByHand(shortened(names), several) for several, names in steps.items())
        for registry, steps in found.items()
    }


def _refused(findings: Iterable[Finding], worked: Worked) -> dict[RegistryId, tuple[str, ...]]:
    """Reasons by registry, each told once with all the findings that it leaves out."""
    found: dict[RegistryId, dict[str, list[str]]] = {}
    for finding in findings:
        for refusal in worked.refused.get(finding.fingerprint, ()):
            registry = RegistryId(refusal.edit.account, refusal.edit.region)
            name = f"{finding.check}, {finding.resource}"
            names = found.setdefault(registry, {}).setdefault(refusal.reason, [])
            if name not in names:
                names.append(name)
    return {
        registry: tuple(f"{shortened(names)}: {reason}" for reason, names in reasons.items())
        for registry, reasons in found.items()
    }


def shortened(names: Sequence[str], most: int = _NAMED_IN_REASON) -> str:
    """The first of *names*, and how many more there are."""
    more = (f"and {len(names) - most} more",) if len(names) > most else ()
    return "; ".join((*names[:most], *more))


def _reason(finding: Finding, refusal: Refusal) -> str:
    return f"{finding.check}, {finding.resource}: {refusal.reason}"


def _endnotes(manual: Sequence[str], refused: Sequence[str]) -> tuple[str, ...]:
    """*manual* and *refused* under their headings; lines of *manual* that end in a colon are headings themselves."""
    by_hand = [line if line.endswith(":") or line.startswith("  ") else f"- {line}" for line in manual]
    left_out = ("Left out, because AWS would refuse it or nothing safe can be said:", *(f"- {one}" for one in refused))
    return (*(("For a person to do:", *by_hand) if manual else ()), *(left_out if refused else ()))
