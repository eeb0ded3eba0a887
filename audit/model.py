"""A run: what was asked, what was found, and all that a report needs. Rendering reads nothing else."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.evidence import CallCounts, Scope
from checks.model import CheckResult, Finding, Gap, RegistryId, Script, Severity
from checks.texts import CheckText


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was planned could be read."""

    accounts_planned: int
    accounts_read: int
    """Accounts of which at least one registry answered."""
    registries_planned: int
    registries_complete: int
    """Registries of which every wanted read succeeded."""
    registries_partial: int
    registries_unread: int
    repositories: int
    unaccounted: tuple[RegistryId, ...] = ()
    """Registries planned and missing from the result: a defect, named."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that a run was given besides its baseline, kept as it was."""

    name: str
    """File name without its folder."""
    text: str

    @property
    def hash(self) -> str:
        """SHA-256 of `text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Run:
    """One finished audit."""

    id: str
    """`YYYYMMDDTHHMMSSZ-` and six hex digits: sorts by time."""
    started_at: dt.datetime
    finished_at: dt.datetime
    program_version: str
    versions: Mapping[str, str]
    """Python, boto3, Great Expectations, pandas …"""
    organization_id: str
    """Empty in single-account mode."""
    organization_name: str
    caller_account: str
    partition: str
    scope: Scope
    baseline_name: str
    """File name of the baseline, or `defaults`."""
    baseline_text: str
    """The baseline as used."""
    baseline_hash: str
    """SHA-256 of `baseline_text`."""
    limits_sources: tuple[str, ...]
    """Distinct statements of where limits were read."""
    coverage: Coverage
    results: tuple[CheckResult, ...]
    """One per check, in catalogue order, findings with waivers marked."""
    gaps: tuple[Gap, ...]
    scripts: tuple[Script, ...]
    calls: CallCounts
    validations: tuple[Mapping[str, Any], ...]
    """Great Expectations' validation results, JSON values."""
    documents: Mapping[RegistryId, Mapping[str, Any]]
    """Rows of the `registries` table that findings refer to: what single-finding commands are built from."""
    account_names: Mapping[str, str]
    notes: tuple[str, ...] = ()
    """What the baseline's owner should know: requirements without any source, findings that were cut."""
    given: tuple[GivenFile, ...] = ()
    """What the run was given besides its baseline: a file of waivers, the organization's own suites."""
    checks: tuple[CheckText, ...] = ()
    """The words about every check in `results`, those of the organization's own included, as they were then."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of every check, in catalogue order."""
        return tuple(finding for result in self.results for finding in result.findings)

    @property
    def evidence_complete(self) -> bool:
        """Whether nothing that was wanted is missing."""
        coverage = self.coverage
        return not (self.gaps or coverage.unaccounted) and coverage.registries_planned == coverage.registries_complete


@dataclass(frozen=True, slots=True)
class FindingLocation:
    """Which check found something, and which registries it is about."""

    check: str
    places: tuple[RegistryId, ...]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What lists, comparisons and trends need of an earlier run, without loading it."""

    id: str
    started_at: dt.datetime
    evidence_complete: bool
    open: Mapping[str, Severity]
    """Fingerprint → severity of every failure that no waiver covers."""
    unknown: int = 0
    """Findings of status UNKNOWN or ERROR."""
    waived: int = 0
    """Failures that a waiver covers."""
    locations: Mapping[str, FindingLocation] = field(default_factory=dict)
    """Where the open failures lie, by fingerprint, as far as that was kept."""


@dataclass(frozen=True, slots=True)
class Age:
    """How long a finding has been there, over runs of the same organization and scope."""

    first_seen: dt.datetime
    """Start of the run that found it first, since it was last known to be gone."""
    runs: int
    """Runs that found it since, this one included; runs that could not look are not counted."""

    def days(self, now: dt.datetime) -> int:
        """Whole days from then to *now*."""
        return max(0, (now - self.first_seen).days)
