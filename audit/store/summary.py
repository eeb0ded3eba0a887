"""Key figures of a run for lists, stored in its row."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from audit.model import EarlierQuestion, FindingLocation, Run, RunSummary
from checks.model import Severity, Status, utc_text


@dataclass(frozen=True, slots=True)
class RunListEntry:
    """Key figures of one run."""

    id: str
    started_at: str
    finished_at: str
    organization: str
    failing: Mapping[str, int]
    """Failures without a waiver by severity; every severity is present."""
    unknown: int
    errors: int
    waived: int
    passed: int
    gaps: int
    registries_planned: int
    registries_complete: int
    evidence_complete: bool
    """Whether every registry was read and nothing is missing (`Run.evidence_complete`)."""
    selection: str = ""
    """What narrowed the run to some of the checks, as a clause; empty: it evaluated every check."""
    not_selected: int = 0
    """Checks that were not evaluated because of that."""
    requirements: str = ""
    """Key of its requirements (`Question.requirements`)."""
    requirements_before: str = ""
    """Key of the requirements of the run before under which it was evaluated too; empty: it was not."""

    def as_document(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    def as_summary(
        self,
        open_failures: Mapping[str, Severity],
        locations: Mapping[str, FindingLocation],
        earlier: EarlierQuestion | None = None,
    ) -> RunSummary:
        """What comparisons and trends need, given the run's open failures and their locations by fingerprint.

        *earlier*: what it asked, compared with the run whose history it is in.
        """
        return RunSummary(
            id=self.id,
            started_at=dt.datetime.fromisoformat(self.started_at),
            evidence_complete=self.evidence_complete,
            open=open_failures,
            unknown=self.unknown + self.errors,
            waived=self.waived,
            locations=locations,
            earlier=earlier,
        )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> RunListEntry:
        """The reverse of `as_document`."""
        return cls(**document)


def summarize(run: Run) -> RunListEntry:
    """The key figures of a run."""
    failing = Counter(f.severity for f in run.findings if f.status is Status.FAIL and f.waiver is None)
    counts = Counter[Status]()
    for result in run.results:
        counts.update(result.counts)
    return RunListEntry(
        id=run.id,
        started_at=utc_text(run.started_at),
        finished_at=utc_text(run.finished_at),
        organization=run.organization_name or run.organization_id or run.caller_account,
        failing={severity.value: failing[severity] for severity in Severity},
        unknown=counts[Status.UNKNOWN],
        errors=counts[Status.ERROR],
        waived=sum(1 for f in run.findings if f.waiver is not None),
        passed=counts[Status.PASS],
        gaps=len(run.gaps),
        registries_planned=run.coverage.registries_planned,
        registries_complete=run.coverage.registries_complete,
        evidence_complete=run.evidence_complete,
        selection=run.selection.words,
        not_selected=len(run.not_selected),
        requirements=run.question.requirements,
        requirements_before=run.question.before,
    )
