"""API models of runs. Existing fields keep their names and meanings; new fields may be added."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from audit.questions import Difference
from audit.run_changes import State as ChangeState
from audit.store.summary import RunListEntry
from checks.model import GapKind, Severity, Status
from reports.topology import LinkState

RUN = "20261123T020000Z-4f9a1c"
Json = dict[str, Any]
Counts = dict[Severity, int]
Next = Annotated[str | None, Field(description="`cursor` of the next page; null on the last one.")]


class Page(BaseModel):
    """A page of a list."""

    next: Next = None


class RunOut(BaseModel):
    """Summary of a run."""

    id: str = Field(examples=[RUN])
    started_at: dt.datetime
    finished_at: dt.datetime
    organization: str
    failing: Counts = Field(description="Unwaived failures by severity.")
    unknown: int
    errors: int = Field(description="Check errors.")
    waived: int
    passed: int
    gaps: int
    registries_planned: int
    registries_complete: int
    evidence_complete: bool
    selection: str = Field(description="The checks that the run was narrowed to; empty: it evaluated every check.")
    not_selected: int = Field(description="Number of checks that were not evaluated because of that.")

    @classmethod
    def of(cls, line: RunListEntry) -> RunOut:
        """From an entry of the store's list."""
        return cls.model_validate(line.as_document())


class Runs(Page):
    """Runs, newest first."""

    runs: list[RunOut]


class VerdictOut(BaseModel):
    """The verdict."""

    level: str
    word: str
    sentence: str


class Change(BaseModel):
    """Fingerprints of the findings that changed since the previous run."""

    since_run: str
    still: int
    new: list[str]
    fixed: list[str]
    no_longer_required: list[str]
    waived: list[str]
    not_evaluated: list[str]
    worse: list[str]
    better: list[str]


class RunDetail(BaseModel):
    """One run: the head of its `findings.json`, version 1."""

    version: Literal[1]
    run: dict[str, Any] = Field(description="ID, times, versions, organization, baseline and API call counts.")
    scope: dict[str, Any]
    selection: dict[str, Any] | None = Field(
        description="What narrowed the run to some of the checks; null: it evaluated every check."
    )
    limits: dict[str, Any]
    coverage: dict[str, Any]
    verdict: VerdictOut
    totals: dict[str, Any]
    change: Change | None = Field(description="Changes since the previous run of the same organization and scope.")
    trend: list[dict[str, Any]]
    notes: list[str]
    evidence_sum: str = Field(description="SHA-256 over the checksums of the stored files; identifies the evidence.")


class CheckOut(BaseModel):
    """One check with the counts of its results."""

    id: str
    aliases: list[str]
    title: str
    group: str
    severity: Severity | None = Field(description="Null for a check that this version does not know.")
    counts: dict[Status, int]
    open: int
    waived: int
    unknown_findings: int = Field(description="Findings in which the unknown results are grouped by cause.")
    error: str | None
    controls: list[str]


class Checks(BaseModel):
    """Every check of a run."""

    run: str
    checks: list[CheckOut]


class FindingOut(BaseModel):
    """One finding, as in `findings.json`."""

    check: str
    aliases: list[str]
    status: Status
    severity: Severity
    account: str
    account_name: str | None
    region: str
    resource: dict[str, Any]
    message: str
    fact: str | None = Field(description="Column of the evidence that the check compares.")
    expected: str | None = Field(description="Expected value of the column, as text.")
    observed: str | None = Field(description="Observed value of the column, as text.")
    evidence: dict[str, Any]
    rows: int = Field(description="Evaluated rows that it is about: an unknown finding is about all rows of one cause.")
    cause: dict[str, str | None] | None = Field(description="Why it is unknown; null for every other status.")
    group: dict[str, Any] | None = Field(description="What an unknown finding affects; null for every other status.")
    remediation: dict[str, Any] | None = Field(description="Its `commands` are null in a run of very many findings.")
    fingerprint: str
    waiver: dict[str, str] | None
    change: str | None
    age: dict[str, Any] | None


class Findings(Page):
    """Findings of a run, highest severity first."""

    run: str
    count: int = Field(description="Number of findings that match the filters.")
    total: int
    findings: list[FindingOut]


class ObservationOut(BaseModel):
    """A finding in one run."""

    run: str
    started_at: dt.datetime
    status: Status
    severity: Severity
    waived: bool


class FindingDetail(FindingOut):
    """One finding with its history."""

    seen: list[ObservationOut] = Field(
        description="The finding in runs of the same organization and scope, newest first."
    )


class GapOut(BaseModel):
    """Something that could not be read."""

    account: str
    region: str
    operation: str
    kind: GapKind
    code: str
    message: str
    tables: list[str]
    resource: str
    permission: str


class Gaps(Page):
    """Evidence gaps of a run."""

    run: str
    count: int
    gaps: list[GapOut]


class RegistryOut(BaseModel):
    """One registry. Null: unknown."""

    account: str
    region: str
    account_name: str | None
    ou_path: str | None
    evidence_complete: bool | None
    evidence_missing: str | None
    repository_count: int | None
    is_source: bool | None
    is_destination: bool | None
    rule_count: int | None
    destinations_needed: int | None
    destinations_limit: int | None
    open: int = Field(description="Unwaived failures in this registry.")


class Registries(Page):
    """Registries of a run, by account and Region."""

    run: str
    count: int
    registries: list[RegistryOut]


class PlaceOut(BaseModel):
    """A registry's account and Region."""

    account: str
    region: str


class LinkOut(BaseModel):
    """A replication link between two registries."""

    source: PlaceOut
    destination: PlaceOut
    state: LinkState


class Links(Page):
    """Links of a run."""

    run: str
    count: int
    links: list[LinkOut]


class EvidenceFile(BaseModel):
    """One stored file."""

    name: str
    sha256: str


class EvidenceSums(BaseModel):
    """Checksums of a run's files, recorded when the run was stored."""

    run: str
    sum: str = Field(description="SHA-256 over the `SUM  NAME` lines of all files, sorted by name; printed in reports.")
    files: list[EvidenceFile]


class ScriptOut(BaseModel):
    """One remediation script, without its text."""

    name: str
    account: str
    region: str
    safe: bool
    findings: list[str]
    manual: list[str]
    refused: list[str]


class Scripts(BaseModel):
    """The remediation scripts of a run, in the order in which to run them."""

    run: str
    scripts: list[ScriptOut]


class ComparedOut(BaseModel):
    """One finding and how it changed."""

    state: ChangeState
    fingerprint: str
    check: str
    account: str
    region: str
    resource: str
    message: str
    before: Severity | None = Field(description="Null if the finding was not open.")
    after: Severity | None = Field(description="Null if the finding is not open.")
    reason: str | None = Field(
        description="Why it was not evaluated, or why it is no longer required; null for every other state."
    )


class ComparisonOut(Page):
    """Comparison of two runs."""

    before: str
    after: str
    differences: list[Difference] = Field(description="How the questions of the two runs differ; empty: they do not.")
    remarks: list[str] = Field(description="The differences in sentences.")
    counts: dict[ChangeState, int]
    entries: list[ComparedOut]
