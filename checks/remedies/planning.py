"""Findings → scripts: merged per registry, in an order that is right across registries."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from checks.model import Edit, Finding, RemedyContext, Script, Status
from checks.remedies.edits import Stage, identity, validate
from checks.remedies.merging import Planned, plan_registry
from checks.remedies.outcome import Refusal
from checks.remedies.scripts import Part, parts_text, script_text, telling_text
from checks.remedies.shell import comment, visible
from checks.remedies.steps import Step

Registry = tuple[str, str]

_NAMES = {
    Stage.GRANTS: "grants-and-templates",
    Stage.RULES: "rules",
    Stage.BACKFILL: "backfill",
    Stage.REPOSITORIES: "repositories",
    Stage.NARROWING: "narrowing",
}
_BY_HAND = 60
_NAMED_IN_TITLE = 40
_NAMED_IN_REASON = 5
_ASKED = 30


@dataclass(frozen=True, slots=True)
class _Worked:
    """Findings worked into steps."""

    steps: Mapping[Registry, tuple[Planned, ...]]
    mended: tuple[Finding, ...]
    refused: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)
    """Refusals by fingerprint: such a finding has no step at all, so that nothing is half done."""


def commands(finding: Finding, context: RemedyContext) -> str:
    """The complete guarded script that mends *finding*; empty where no command should, or none would be accepted.

    Raises ValueError for an edit of unknown kind or shape.
    """
    return script_for(finding, context).text


def script_for(finding: Finding, context: RemedyContext) -> Script:
    """The script of one finding, with the steps for a person and the reasons where there is none."""
    remedy = finding.remedy
    manual = remedy.manual if remedy else ()
    worked = _work((finding,), context, in_stages=False)
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


def plan(findings: Sequence[Finding], context: RemedyContext) -> tuple[Script, ...]:
    """Every fix of every failing finding that is not waived: one script per registry and stage.

    Names begin with the stage, so that running all of them in the order of their names is right across registries:
    what receives is ready before anything is sent, and what is taken away goes last. The order of *findings* makes no
    difference. Raises ValueError for an edit of unknown kind or shape.
    """
    wanted = sorted(
        (one for one in findings if one.status is Status.FAIL and one.waiver is None and one.remedy is not None),
        key=lambda one: (one.severity.rank, one.check, one.account, one.region, one.resource, one.fingerprint),
    )
    worked = _work(wanted, context, in_stages=True)
    owners = _owners(worked.mended)
    manual = _manual(wanted)
    refused = _refused(wanted, worked)
    scripts = [
        _stage_script(registry, stage, planned, owners)
        for registry, steps in worked.steps.items()
        for stage, planned in _by_stage(steps).items()
    ]
    by_hand = (
        _by_hand(registry, manual.get(registry, ()), refused.get(registry, ()))
        for registry in dict.fromkeys((*manual, *refused))
    )
    return tuple(sorted((*scripts, *by_hand), key=lambda script: script.name))


def _work(findings: Sequence[Finding], context: RemedyContext, *, in_stages: bool) -> _Worked:
    """Merge until every finding left is mended as a whole: one with a refused edit is taken out with all its edits."""
    refused: dict[str, tuple[Refusal, ...]] = {}
    left = [one for one in findings if one.remedy is not None and one.remedy.edits]
    for finding in left:
        for edit in _edits(finding):
            validate(edit)
    while True:
        plans = {
            registry: plan_registry(*registry, edits, context, in_stages=in_stages)
            for registry, edits in _by_registry(left).items()
        }
        reasons = {identity(refusal.edit): refusal for one in plans.values() for refusal in one.refused}
        broken = {
            finding.fingerprint: found
            for finding in left
            if (found := tuple(reasons[key] for edit in _edits(finding) if (key := identity(edit)) in reasons))
        }
        if not broken:
            steps = {registry: one.planned for registry, one in plans.items() if one.planned}
            return _Worked(steps, tuple(left), refused)
        refused.update(broken)
        left = [finding for finding in left if finding.fingerprint not in broken]


def _edits(finding: Finding) -> tuple[Edit, ...]:
    return finding.remedy.edits if finding.remedy else ()


def _by_registry(findings: Iterable[Finding]) -> dict[Registry, list[Edit]]:
    found: dict[Registry, list[Edit]] = {}
    for finding in findings:
        for edit in _edits(finding):
            found.setdefault((edit.account, edit.region), []).append(edit)
    return found


def _by_stage(planned: Iterable[Planned]) -> dict[Stage, list[Planned]]:
    found: dict[Stage, list[Planned]] = {}
    for one in sorted(planned, key=lambda one: (one.step.stage, one.step.order)):
        found.setdefault(one.step.stage, []).append(one)
    return found


def _owners(findings: Iterable[Finding]) -> dict[tuple[str, ...], list[Finding]]:
    """Which findings ask for each edit."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        for edit in _edits(finding):
            found.setdefault(identity(edit), []).append(finding)
    return found


def _stage_script(
    registry: Registry, stage: Stage, planned: Sequence[Planned], owners: Mapping[tuple[str, ...], Sequence[Finding]]
) -> Script:
    account, region = registry
    mended = {
        finding.fingerprint: finding for one in planned for edit in one.edits for finding in owners[identity(edit)]
    }
    safe = all(finding.remedy.safe for finding in mended.values() if finding.remedy)
    name = f"{stage.value}-{_NAMES[stage]}-{account}-{region}.sh"
    title = (
        f"{name}: {len(planned)} {'step' if len(planned) == 1 else 'steps'} for account {account}, {region}.",
        "Safe to run without review."
        if safe
        else "Read it before you run it: it grants access, costs money or takes something away.",
        "Mends:",
        *(f"  {one.fingerprint} {one.check}: {one.resource}" for one in list(mended.values())[:_NAMED_IN_TITLE]),
        *((f"  and {len(mended) - _NAMED_IN_TITLE} more",) if len(mended) > _NAMED_IN_TITLE else ()),
    )
    part = Part(account, region, tuple(_told(one) for one in planned))
    return Script(account, region, name, script_text(title, part, independent=True), safe, tuple(mended))


def _told(planned: Planned) -> Step:
    """The step with what was asked for as comments, for the reader who decides whether to run it."""
    asked = [f"{edit.kind} {json.dumps(edit.arguments, default=list)}" for edit in planned.edits[:_ASKED]]
    more = [f"and {len(planned.edits) - _ASKED} more"] if len(planned.edits) > _ASKED else []
    lines = (textwrap.shorten(visible(text), 300, placeholder=" …") for text in (*asked, *more))
    return replace(planned.step, text="\n".join((comment(*lines), planned.step.text)))


def _by_hand(registry: Registry, manual: Sequence[str], refused: Sequence[str]) -> Script:
    account, region = registry
    name = "-".join(("60-by-hand", *filter(None, registry))) + ".sh"
    title = (f"{name}: what is left for a person. Running this changes nothing.", *_endnotes(manual, refused))
    return Script(
        account, region, name, telling_text(title, _endnotes(manual, refused)), True, (), tuple(manual), tuple(refused)
    )


def _manual(findings: Iterable[Finding]) -> dict[Registry, tuple[str, ...]]:
    found: dict[Registry, dict[str, None]] = {}
    for finding in findings:
        for step in finding.remedy.manual if finding.remedy else ():
            steps = found.setdefault((finding.account, finding.region), {})
            steps[f"{finding.check}, {finding.resource}: {step}"] = None
    return {registry: tuple(steps) for registry, steps in found.items()}


def _refused(findings: Iterable[Finding], worked: _Worked) -> dict[Registry, tuple[str, ...]]:
    """Reasons by registry, each told once with all the findings that it leaves out."""
    found: dict[Registry, dict[str, list[str]]] = {}
    for finding in findings:
        for refusal in worked.refused.get(finding.fingerprint, ()):
            registry = (refusal.edit.account, refusal.edit.region)
            name = f"{finding.check}, {finding.resource}"
            names = found.setdefault(registry, {}).setdefault(refusal.reason, [])
            if name not in names:
                names.append(name)
    return {
        registry: tuple(f"{_some(names)}: {reason}" for reason, names in reasons.items())
        for registry, reasons in found.items()
    }


def _some(names: Sequence[str]) -> str:
    more = (f"and {len(names) - _NAMED_IN_REASON} more",) if len(names) > _NAMED_IN_REASON else ()
    return "; ".join((*names[:_NAMED_IN_REASON], *more))


def _reason(finding: Finding, refusal: Refusal) -> str:
    return f"{finding.check}, {finding.resource}: {refusal.reason}"


def _endnotes(manual: Sequence[str], refused: Sequence[str]) -> tuple[str, ...]:
    by_hand = ("For a person to do:", *(f"- {step}" for step in manual)) if manual else ()
    left_out = ("Left out, because AWS would refuse it or nothing safe can be said:", *(f"- {one}" for one in refused))
    return (*by_hand, *(left_out if refused else ()))
