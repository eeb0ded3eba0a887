"""Findings → steps of registries → scripts, in an order that is right across registries; and the reasons for findings
without a script.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from checks.changes import Change
from checks.model import Finding, RegistryId, RemediationContext, Script, Status
from checks.remediation.changes import Stage, identity, validate, words
from checks.remediation.merge_result import Refusal
from checks.remediation.merging import Planned, RegistryPlan, Target, plan_registry
from checks.remediation.scripts import ScriptSection, explanation_text, parts_text, script_text
from checks.remediation.shell import comment, visible
from checks.remediation.steps import Step


@dataclass(frozen=True, slots=True)
class PlannedSteps:
    """Findings as steps."""

    steps: Mapping[RegistryId, tuple[Planned, ...]]
    fixed: tuple[Finding, ...]
    refused: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)
    """Refusals by fingerprint: such a finding has no step at all, so no finding is remediated in part."""


def plan_steps(findings: Sequence[Finding], context: RemediationContext, *, in_stages: bool) -> PlannedSteps:
    """Merge until every remaining finding is fixed as a whole: one refused change removes all changes of its finding.

    A change that the documents already have removes its finding only where all the others do so too.
    Raises ValueError for a change of unknown kind or shape.
    """
    refused: dict[str, tuple[Refusal, ...]] = {}
    left = [one for one in findings if changes_of(one)]
    for finding in left:
        for change in changes_of(finding):
            validate(change)
    sizes: dict[RegistryId, int] = {}
    plans: dict[RegistryId, RegistryPlan] = {}
    while True:
        wanted = _by_registry(left)
        plans = {
            # Findings are only ever removed, so an equal number of changes means the same changes.
            registry: plans[registry]
            if sizes.get(registry) == len(changes)
            else plan_registry(*registry, changes, context, in_stages=in_stages)
            for registry, changes in wanted.items()
        }
        sizes = {registry: len(changes) for registry, changes in wanted.items()}
        reasons = {identity(refusal.change): refusal for one in plans.values() for refusal in one.refused}
        broken = {finding.fingerprint: found for finding in left if (found := _against(finding, reasons))}
        if not broken:
            steps = {registry: one.planned for registry, one in plans.items() if one.planned}
            return PlannedSteps(steps, tuple(left), refused)
        refused.update(broken)
        left = [finding for finding in left if finding.fingerprint not in broken]


def changes_of(finding: Finding) -> tuple[Change, ...]:
    """The changes of the finding's remediation."""
    return finding.remediation.changes if finding.remediation else ()


def owners(findings: Iterable[Finding]) -> dict[tuple[str, ...], list[Finding]]:
    """The findings that request each change, by the change's identity."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        for change in changes_of(finding):
            found.setdefault(identity(change), []).append(finding)
    return found


def by_stage(planned: Iterable[Planned]) -> dict[Stage, list[Planned]]:
    """Steps in the order in which they are made."""
    found: dict[Stage, list[Planned]] = {}
    for one in sorted(planned, key=lambda one: (one.step.stage, one.step.order)):
        found.setdefault(one.step.stage, []).append(one)
    return found


def _against(finding: Finding, reasons: Mapping[tuple[str, str, str, str], Refusal]) -> tuple[Refusal, ...]:
    """The refusals that prevent *finding* from being fixed as a whole."""
    changes = changes_of(finding)
    refusals = [reasons[key] for change in changes if (key := identity(change)) in reasons]
    real = tuple(one for one in refusals if not one.satisfied)
    return real or (tuple(refusals) if len(refusals) == len(changes) else ())


def _by_registry(findings: Iterable[Finding]) -> dict[RegistryId, list[Change]]:
    found: dict[RegistryId, list[Change]] = {}
    for finding in findings:
        for change in changes_of(finding):
            found.setdefault(RegistryId(change.account, change.region), []).append(change)
    return found


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
class ManualSteps:
    """Manual steps, and the findings that they are for."""

    whom: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryTargets:
    """The target documents of one registry."""

    account: str
    region: str
    partition: str
    """Empty where it is not known."""
    targets: tuple[Target, ...]
    others: tuple[str, ...]
    """Titles of the steps that change something outside these documents."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Every fix of some findings, as scripts and as documents; both come from the same merge."""

    scripts: tuple[Script, ...]
    """In the order in which to run them."""
    steps: Mapping[str, tuple[str, ...]]
    """Titles of the steps of each script."""
    registries: tuple[RegistryTargets, ...]
    refused: Mapping[str, tuple[str, ...]]
    """Reasons by fingerprint of the findings that no script fixes although a change was requested."""


def commands(finding: Finding, context: RemediationContext) -> str:
    """The complete guarded script that fixes *finding*; empty where there should be none, or AWS would accept none.

    Raises ValueError for a change of unknown kind or shape.
    """
    return script_for(finding, context).text


def script_for(finding: Finding, context: RemediationContext) -> Script:
    """The script of one finding, with its manual steps, and the reasons where there is none."""
    remediation = finding.remediation
    manual = remediation.manual if remediation else ()
    planned_steps = plan_steps((finding,), context, in_stages=False)
    parts = [
        ScriptSection(account, region, tuple(_commented(one) for one in planned))
        for (account, region), planned in sorted(planned_steps.steps.items(), key=lambda item: item[1][0].step.stage)
        if planned
    ]
    refusals = planned_steps.refused.get(finding.fingerprint, ())
    reasons = tuple(_reason(finding, refusal) for refusal in refusals)
    name = f"{finding.check.replace('.', '-')}-{finding.fingerprint}.sh"
    account, region = (parts[0].account, parts[0].region) if parts else (finding.account, finding.region)
    safe = remediation.safe if remediation else False
    title = (f"{finding.check}: {finding.resource}", remediation.summary if remediation else "")
    text = ""
    if len(parts) == 1:
        text = script_text(title, parts[0], independent=False, endnotes=_endnotes(manual, ()))
    elif parts:
        text = parts_text(title, parts, endnotes=_endnotes(manual, ()))
    return Script(account, region, name, text, safe, (finding.fingerprint,) if parts else (), manual, reasons)


def plan(findings: Sequence[Finding], context: RemediationContext, *, waived: bool = False) -> tuple[Script, ...]:
    """The scripts of `planned`."""
    return planned(findings, context, waived=waived).scripts


def planned(findings: Sequence[Finding], context: RemediationContext, *, waived: bool = False) -> Plan:
    """Every fix of every failing finding; of waived ones only if *waived*. One script per registry and stage.

    Names begin with the stage, so that running all of them in the order of their names is right across registries:
    destinations are ready before replication starts, and removals come last. The order of *findings* makes no
    difference. Raises ValueError for a change of unknown kind or shape.
    """
    wanted = sorted(
        (one for one in findings if one.status is Status.FAIL and (waived or one.waiver is None) and one.remediation),
        key=lambda one: (one.severity.rank, one.check, one.account, one.region, one.resource, one.fingerprint),
    )
    planned_steps = plan_steps(wanted, context, in_stages=True)
    asking = owners(planned_steps.fixed)
    manual = _manual(wanted)
    refused = _refused(wanted, planned_steps)
    staged = [
        (_stage_script(registry, stage, several, asking), tuple(one.step.title for one in several))
        for registry, steps in planned_steps.steps.items()
        for stage, several in by_stage(steps).items()
    ]
    manual_steps = [
        _manual_steps(registry, manual.get(registry, ()), refused.get(registry, ()))
        for registry in dict.fromkeys((*manual, *refused))
    ]
    return Plan(
        scripts=tuple(sorted((*(script for script, _ in staged), *manual_steps), key=lambda script: script.name)),
        steps={script.name: titles for script, titles in staged},
        registries=tuple(_targets(registry, steps, context) for registry, steps in sorted(planned_steps.steps.items())),
        refused={name: tuple(one.reason for one in several) for name, several in planned_steps.refused.items()},
    )


def _targets(registry: RegistryId, steps: Sequence[Planned], context: RemediationContext) -> RegistryTargets:
    targets = {(one.target.kind, one.target.name): one.target for one in steps if one.target is not None}
    others = tuple(one.step.title for one in steps if one.target is None)
    partition = context.registries.get(registry, {}).get("partition") or ""
    return RegistryTargets(*registry, partition, tuple(targets.values()), others)


def _stage_script(
    registry: RegistryId, stage: Stage, steps: Sequence[Planned], asking: Mapping[tuple[str, ...], Sequence[Finding]]
) -> Script:
    account, region = registry
    fixed = {
        finding.fingerprint: finding for one in steps for change in one.changes for finding in asking[identity(change)]
    }
    safe = all(finding.remediation.safe for finding in fixed.values() if finding.remediation)
    name = f"{stage.value}-{_NAMES[stage]}-{account}-{region}.sh"
    title = (
        f"{name}: {len(steps)} {'step' if len(steps) == 1 else 'steps'} for account {account}, {region}.",
        "Safe to run without review."
        if safe
        else "Review it before you run it: it grants access, causes cost or removes something.",
        "Fixes:",
        *(f"  {one.fingerprint} {one.check}: {one.resource}" for one in list(fixed.values())[:_NAMED_IN_TITLE]),
        *((f"  and {len(fixed) - _NAMED_IN_TITLE} more",) if len(fixed) > _NAMED_IN_TITLE else ()),
    )
    part = ScriptSection(account, region, tuple(_commented(one) for one in steps))
    return Script(account, region, name, script_text(title, part, independent=True), safe, tuple(fixed))


def _commented(planned: Planned) -> Step:
    """The step with its changes as comments, for the person who decides whether to run it."""
    asked = [words(change) for change in planned.changes[:_ASKED]]
    more = [f"and {len(planned.changes) - _ASKED} more"] if len(planned.changes) > _ASKED else []
    lines = (textwrap.shorten(visible(text), 300, placeholder=" …") for text in (*asked, *more))
    return replace(planned.step, text="\n".join((comment(*lines), planned.step.text)))


def _manual_steps(registry: RegistryId, manual: Sequence[ManualSteps], refused: Sequence[str]) -> Script:
    account, region = registry
    name = "-".join(("60-manual", *filter(None, registry))) + ".sh"
    lines = tuple(line for one in manual for line in (f"{one.whom}:", *(f"  - {step}" for step in one.steps)))
    notes = _endnotes(lines, refused)
    title = (f"{name}: manual steps. Running this script changes nothing.", *notes)
    flat = tuple(f"{one.whom}: {step}" for one in manual for step in one.steps)
    return Script(account, region, name, explanation_text(title, notes), True, (), flat, tuple(refused))


def _manual(findings: Iterable[Finding]) -> dict[RegistryId, tuple[ManualSteps, ...]]:
    """Manual steps by registry, each once with all the findings that it is for."""
    found: dict[RegistryId, dict[tuple[str, ...], list[str]]] = {}
    for finding in findings:
        if finding.remediation and finding.remediation.manual:
            steps = found.setdefault(RegistryId(finding.account, finding.region), {})
            steps.setdefault(finding.remediation.manual, []).append(f"{finding.check}, {finding.resource}")
    return {
        registry: tuple(ManualSteps(shortened(names), several) for several, names in steps.items())
        for registry, steps in found.items()
    }


def _refused(findings: Iterable[Finding], planned_steps: PlannedSteps) -> dict[RegistryId, tuple[str, ...]]:
    """Reasons by registry, each once with all the findings that it leaves out."""
    found: dict[RegistryId, dict[str, list[str]]] = {}
    for finding in findings:
        for refusal in planned_steps.refused.get(finding.fingerprint, ()):
            registry = RegistryId(refusal.change.account, refusal.change.region)
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
    manual_steps = [line if line.endswith(":") or line.startswith("  ") else f"- {line}" for line in manual]
    left_out = (
        "Not included, because AWS would reject it or no safe change is known:",
        *(f"- {one}" for one in refused),
    )
    return (*(("Manual steps:", *manual_steps) if manual else ()), *(left_out if refused else ()))
