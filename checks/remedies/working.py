"""Findings → steps of registries: all that can be mended together, and for the rest the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from checks.changes import Change
from checks.model import Finding, RegistryId, RemedyContext
from checks.remedies.edits import Stage, identity, validate
from checks.remedies.merging import Planned, RegistryPlan, plan_registry
from checks.remedies.outcome import Refusal


@dataclass(frozen=True, slots=True)
class Worked:
    """Findings worked into steps."""

    steps: Mapping[RegistryId, tuple[Planned, ...]]
    mended: tuple[Finding, ...]
    refused: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)
    """Refusals by fingerprint: such a finding has no step at all, so that nothing is half done."""


def work(findings: Sequence[Finding], context: RemedyContext, *, in_stages: bool) -> Worked:
    """Merge until every finding left is mended as a whole: one with a refused edit is taken out with all its edits.

    An edit that the documents satisfy already takes its finding out only where all the others do so too.
    Raises ValueError for an edit of unknown kind or shape.
    """
    refused: dict[str, tuple[Refusal, ...]] = {}
    left = [one for one in findings if edits_of(one)]
    for finding in left:
        for edit in edits_of(finding):
            validate(edit)
    sizes: dict[RegistryId, int] = {}
    plans: dict[RegistryId, RegistryPlan] = {}
    while True:
        wanted = _by_registry(left)
        plans = {
            # Findings are only ever taken out, so as many edits as before are the same ones.
            registry: plans[registry]
            if sizes.get(registry) == len(edits)
            else plan_registry(*registry, edits, context, in_stages=in_stages)
            for registry, edits in wanted.items()
        }
        sizes = {registry: len(edits) for registry, edits in wanted.items()}
        reasons = {identity(refusal.edit): refusal for one in plans.values() for refusal in one.refused}
        broken = {finding.fingerprint: found for finding in left if (found := _against(finding, reasons))}
        if not broken:
            steps = {registry: one.planned for registry, one in plans.items() if one.planned}
            return Worked(steps, tuple(left), refused)
        refused.update(broken)
        left = [finding for finding in left if finding.fingerprint not in broken]


def edits_of(finding: Finding) -> tuple[Change, ...]:
    """What the finding's remedy asks for."""
    return finding.remedy.edits if finding.remedy else ()


def owners(findings: Iterable[Finding]) -> dict[tuple[str, ...], list[Finding]]:
    """Which findings ask for each edit, by the edit's identity."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        for edit in edits_of(finding):
            found.setdefault(identity(edit), []).append(finding)
    return found


def by_stage(planned: Iterable[Planned]) -> dict[Stage, list[Planned]]:
    """Steps in the order in which they are made."""
    found: dict[Stage, list[Planned]] = {}
    for one in sorted(planned, key=lambda one: (one.step.stage, one.step.order)):
        found.setdefault(one.step.stage, []).append(one)
    return found


def _against(finding: Finding, reasons: Mapping[tuple[str, str, str, str], Refusal]) -> tuple[Refusal, ...]:
    """What keeps *finding* from being mended as a whole."""
    edits = edits_of(finding)
    refusals = [reasons[key] for edit in edits if (key := identity(edit)) in reasons]
    real = tuple(one for one in refusals if not one.satisfied)
    return real or (tuple(refusals) if len(refusals) == len(edits) else ())


def _by_registry(findings: Iterable[Finding]) -> dict[RegistryId, list[Change]]:
    found: dict[RegistryId, list[Change]] = {}
    for finding in findings:
        for edit in edits_of(finding):
            found.setdefault(RegistryId(edit.account, edit.region), []).append(edit)
    return found
