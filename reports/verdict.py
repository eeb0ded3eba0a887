"""The verdict of a run in one word and one or two sentences. Unknown is a verdict of its own and never reads as
compliant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.model import Coverage
from checks.model import Severity
from reports.text import SEVERITY_WORDS, be, counted, listed, number


class VerdictLevel(StrEnum):
    """What kind of verdict it is, worst first."""

    ACTION = "action"
    """A critical or high failure is open."""
    INCOMPLETE = "incomplete"
    """No such failure, but some evidence is missing, some results are unknown, or the run left out checks."""
    NOTHING = "nothing"
    """Nothing could be evaluated."""
    MINOR = "minor"
    """Everything was read; only failures below high are open."""
    COMPLIANT = "compliant"


_WORDS = {
    VerdictLevel.ACTION: ("Action required", "✘"),
    VerdictLevel.INCOMPLETE: ("Unknown", "?"),
    VerdictLevel.NOTHING: ("Not evaluated", "?"),
    VerdictLevel.MINOR: ("Improvement advised", "■"),
    VerdictLevel.COMPLIANT: ("Compliant", "✔"),
}
_NARROWED = ("Evaluated in part", "?")
"""Word and mark of a run that left out checks, instead of those of INCOMPLETE."""


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """The result of a run, for a reader who reads nothing else."""

    level: VerdictLevel
    word: str
    mark: str
    """A symbol for the level, which does not depend on colour."""
    sentences: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All sentences in one line."""
        return " ".join(self.sentences)


@dataclass(frozen=True, slots=True)
class VerdictInput:
    """The figures that determine the verdict."""

    open: Mapping[Severity, int]
    """Failures without a waiver."""
    passed: int
    """Results that passed."""
    unknown: int
    """Results that are unknown: rows, not findings."""
    unknown_findings: int
    """Findings in which those results are grouped."""
    check_errors: int
    """Checks that ended with an error."""
    waived: int
    checks: int
    gaps: int
    coverage: Coverage
    evidence_complete: bool
    narrowed: str = ""
    """What narrowed the run to some of the checks, as a sentence; empty: it evaluated every check."""


def conclude(figures: VerdictInput) -> RunVerdict:
    """The verdict over a run's figures."""
    level = _level(figures)
    word, mark = _NARROWED if level is VerdictLevel.INCOMPLETE and figures.narrowed else _WORDS[level]
    sentences = [*([figures.narrowed] if figures.narrowed else []), _main_sentence(level, figures)]
    if level is not VerdictLevel.NOTHING and (missing := missing_sentence(figures)):
        sentences.append(missing)
    if figures.waived:
        sentences.append(f"{counted(figures.waived, 'failure is', 'failures are')} covered by waivers in force.")
    return RunVerdict(level=level, word=word, mark=mark, sentences=tuple(sentences))


def _level(figures: VerdictInput) -> VerdictLevel:
    serious = figures.open[Severity.CRITICAL] + figures.open[Severity.HIGH]
    if serious:
        return VerdictLevel.ACTION
    failures = sum(figures.open.values())
    if _nothing_read(figures.coverage) or not (failures or figures.passed or figures.waived):
        return VerdictLevel.NOTHING
    if figures.narrowed or _uncertain(figures):
        return VerdictLevel.INCOMPLETE
    return VerdictLevel.MINOR if failures else VerdictLevel.COMPLIANT


def _nothing_read(coverage: Coverage) -> bool:
    return coverage.registries_planned > 0 and coverage.registries_unread == coverage.registries_planned


def _uncertain(figures: VerdictInput) -> bool:
    return bool(not figures.evidence_complete or figures.unknown or figures.check_errors)


def _main_sentence(level: VerdictLevel, figures: VerdictInput) -> str:
    total = sum(figures.open.values())
    if level is VerdictLevel.ACTION:
        return f"Replication does not meet the baseline: {open_text(figures.open)} {be(total)} open."
    if level is VerdictLevel.NOTHING:
        return _nothing_sentence(figures)
    if total:
        where = " in what could be evaluated" if level is VerdictLevel.INCOMPLETE else ""
        return f"No critical or high failure was found{where}; {open_text(figures.open)} {be(total)} open."
    if level is VerdictLevel.INCOMPLETE and _uncertain(figures):
        return "No failure is open in what could be evaluated, but some results are unknown."
    if figures.narrowed:
        return (
            f"{counted(figures.passed, 'evaluation', 'evaluations')} of the selected checks passed, no failure is open."
        )
    if figures.waived:
        return f"No failure is open without a waiver; {counted(figures.passed, 'evaluation', 'evaluations')} passed."
    return (
        f"Replication meets the baseline: {counted(figures.passed, 'evaluation', 'evaluations')} of "
        f"{counted(figures.checks, 'check', 'checks')} passed and none failed."
    )


def _nothing_sentence(figures: VerdictInput) -> str:
    coverage = figures.coverage
    if _nothing_read(coverage):
        if coverage.registries_planned == 1:
            return "Nothing could be evaluated: the only registry in scope could not be read."
        planned = number(coverage.registries_planned)
        return f"Nothing could be evaluated: none of the {planned} registries could be read."
    if _uncertain(figures):
        return "Nothing could be evaluated: the evidence is not sufficient for any check."
    if figures.narrowed:
        return "Nothing was evaluated: no selected check applies to the resources in scope."
    return "Nothing was evaluated: no check applies to the resources in scope."


def open_text(open_: Mapping[Severity, int]) -> str:
    """`3 critical, 5 high and 1 low failure`."""
    present = [severity for severity in Severity if open_[severity]]
    parts = [f"{number(open_[severity])} {SEVERITY_WORDS[severity].lower()}" for severity in present]
    return f"{listed(parts)} {'failure' if sum(open_.values()) == 1 else 'failures'}"


def missing_sentence(figures: VerdictInput) -> str:
    """What was not read or is unknown; empty where nothing is missing."""
    coverage = figures.coverage
    missing = coverage.registries_partial + coverage.registries_unread
    parts = []
    if missing:
        planned = counted(coverage.registries_planned, "registry", "registries")
        parts.append(f"{number(missing)} of {planned} {'was' if missing == 1 else 'were'} not read completely")
    elif figures.gaps:
        parts.append(f"{counted(figures.gaps, 'read', 'reads')} failed")
    if coverage.unaccounted:
        parts.append(f"{counted(len(coverage.unaccounted), 'registry is', 'registries are')} missing from the result")
    unknown = f"{counted(figures.unknown, 'result is', 'results are')} unknown{_in_findings(figures)}"
    if figures.unknown and not parts and not figures.check_errors:
        return f"All evidence was read, and {unknown}."
    if figures.unknown:
        parts.append(unknown)
    if figures.check_errors:
        parts.append(f"{counted(figures.check_errors, 'check', 'checks')} ended with an error")
    return f"The evidence is incomplete: {listed(parts)}." if parts else ""


def _in_findings(figures: VerdictInput) -> str:
    """In how many findings the unknown results are grouped; empty where each is a finding of its own."""
    if figures.unknown_findings == figures.unknown:
        return ""
    return f" ({counted(figures.unknown_findings, 'finding', 'findings')})"
