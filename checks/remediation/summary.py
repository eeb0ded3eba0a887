"""A plan in words: for the README beside its files, and for the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from checks.model import Finding, Script
from checks.remediation.changes import Stage
from checks.remediation.planner import Plan, shortened
from checks.remediation.shell import visible

_NAMED = 20

MEANINGS: Mapping[Stage, str] = {
    Stage.GRANTS: "destinations: grants, creation templates, scanning, missing repositories",
    Stage.RULES: "sources: replication rules",
    Stage.BACKFILL: "backfills of existing images",
    Stage.REPOSITORIES: "settings of repositories and accounts",
    Stage.NARROWING: "removals, after their replacements work",
}


@dataclass(frozen=True, slots=True)
class StageSummary:
    """The scripts of one stage, counted."""

    stage: Stage
    scripts: int
    steps: int
    safe: int
    """Scripts that are safe to run without review."""
    findings: int


@dataclass(frozen=True, slots=True)
class Task:
    """Manual steps for the findings of one check."""

    check: str
    summary: str
    """Of the first finding."""
    resources: tuple[str, ...]
    steps: tuple[str, ...]
    """Steps of the first finding; those of the others differ in names only."""
    besides: bool
    """Whether scripts fix the findings, and these steps are additional."""


def runnable(plan: Plan) -> tuple[Script, ...]:
    """The scripts that change something."""
    return tuple(script for script in plan.scripts if script.findings)


def stages(plan: Plan) -> tuple[StageSummary, ...]:
    """The stages that the plan has, in order."""
    found = []
    for stage in Stage:
        scripts = [script for script in runnable(plan) if script.name.startswith(f"{stage.value}-")]
        if scripts:
            fixed = {fingerprint for script in scripts for fingerprint in script.findings}
            steps = sum(len(plan.steps[script.name]) for script in scripts)
            found.append(StageSummary(stage, len(scripts), steps, sum(script.safe for script in scripts), len(fixed)))
    return tuple(found)


def fixed_findings(plan: Plan) -> frozenset[str]:
    """Fingerprints of the findings that the scripts fix."""
    return frozenset(fingerprint for script in plan.scripts for fingerprint in script.findings)


def tasks(findings: Iterable[Finding], plan: Plan) -> tuple[Task, ...]:
    """Manual steps, by check: first for findings that no script fixes, then additional ones."""
    done = fixed_findings(plan)
    groups: dict[tuple[bool, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda one: (one.severity.rank, one.check, one.resource)):
        besides = finding.fingerprint in done
        if finding.fingerprint in plan.refused or (
            besides and not (finding.remediation and finding.remediation.manual)
        ):
            continue
        groups.setdefault((besides, finding.check), []).append(finding)
    return tuple(
        Task(
            check,
            members[0].remediation.summary if members[0].remediation else members[0].message,
            tuple(one.resource for one in members),
            members[0].remediation.manual if members[0].remediation else (),
            besides,
        )
        for (besides, check), members in sorted(groups.items(), key=lambda group: group[0][0])
    )


def refusals(findings: Iterable[Finding], plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """Findings (check and resource) whose changes AWS would reject, by reason."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        for reason in dict.fromkeys(plan.refused.get(finding.fingerprint, ())):
            found.setdefault(reason, []).append(f"{finding.check}, {finding.resource}")
    return {reason: tuple(names) for reason, names in found.items()}


def task_lines(task: Task, *, steps: bool) -> list[str]:
    """One task in words, with its *steps* only where wanted."""
    count = f" ({len(task.resources)})" if len(task.resources) > 1 else ""
    resources = shortened(task.resources, _NAMED if steps else 2)
    lines = [f"{task.check}{count}: {task.summary}", f"    {resources}"]
    if steps:
        lines += [f"    {number}. {step}" for number, step in enumerate(task.steps, start=1)]
    return [visible(line) for line in lines]


def refusal_lines(refused: Mapping[str, Sequence[str]]) -> list[str]:
    """Reasons in words, each with what it leaves out."""
    return [visible(line) for reason, names in refused.items() for line in (shortened(names), f"    {reason}")]
