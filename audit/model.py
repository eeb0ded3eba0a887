"""A run: its request, its results, and everything that a report needs. Reports read nothing else."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.evidence import CallCounts, Scope
from checks.model import CheckResult, Finding, Gap, RegistryId, Script, Severity
from checks.selection import Selection
from checks.texts import CheckText


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the planned evidence was read."""

    accounts_planned: int
    """Accounts to be read: active ones in scope, or of which the state is not known."""
    accounts_read: int
    """Accounts with at least one registry that could be read."""
    registries_planned: int
    registries_complete: int
    """Registries of which every planned read succeeded."""
    registries_partial: int
    registries_unread: int
    repositories: int
    unaccounted: tuple[RegistryId, ...] = ()
    """Registries that were planned and are missing from the result: a defect."""
    inactive: Mapping[str, int] = field(default_factory=dict)
    """Accounts in scope that are not active, which are not read: state (`SUSPENDED`) → number."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that a run used in addition to its baseline, stored unchanged."""

    name: str
    """File name without its folder."""
    text: str
    custom_checks: bool = False
    """Whether it is a file of custom checks; else it is the file of waivers."""

    @property
    def hash(self) -> str:
        """SHA-256 of `text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Question:
    """What a run asked, besides organization, scope and selected checks."""

    accounts: tuple[str, ...] = ()
    """Accounts in scope, sorted."""
    requirements: str = ""
    """Key of its requirements: baseline and custom checks, without waivers and severities (`audit.questions`)."""
    before: str = ""
    """Key of the requirements of the run before, where they differ and the run was evaluated under them as well."""
    dropped: tuple[str, ...] = ()
    """Fingerprints of the run before that fail, or are unknown, under those requirements and not under its own."""


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
    """Where the limits come from, each source once."""
    coverage: Coverage
    results: tuple[CheckResult, ...]
    """One per check, in catalog order; findings with a waiver are marked."""
    gaps: tuple[Gap, ...]
    scripts: tuple[Script, ...]
    calls: CallCounts
    validations: tuple[Mapping[str, Any], ...]
    """Great Expectations' validation results, JSON values."""
    documents: Mapping[RegistryId, Mapping[str, Any]]
    """Rows of the `registries` table that findings refer to: the commands for a single finding are built from them."""
    account_names: Mapping[str, str]
    notes: tuple[str, ...] = ()
    """Notes for the owner of the baseline: requirements without a source, findings that were left out."""
    given: tuple[GivenFile, ...] = ()
    """Files besides the baseline: the waivers file, the organization's custom checks."""
    checks: tuple[CheckText, ...] = ()
    """Title and description of every check in `results` and `not_selected`, custom checks included, as of this run."""
    selection: Selection = field(default_factory=Selection)
    """What narrowed the run to some of the checks; false: nothing, it evaluated every check."""
    not_selected: tuple[str, ...] = ()
    """Ids of the checks that `selection` left out, in catalogue order. They are not in `results`: not evaluated."""
    question: Question = field(default_factory=Question)
    """What the run asked: decides what is fixed and what is no longer required."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of every check, in catalog order."""
        return tuple(finding for result in self.results for finding in result.findings)

    @property
    def narrowed(self) -> bool:
        """Whether it evaluated only some of the checks, so that it cannot stand for a whole run."""
        return bool(self.selection)

    @property
    def evidence_complete(self) -> bool:
        """Whether no planned evidence is missing."""
        coverage = self.coverage
        return not (self.gaps or coverage.unaccounted) and coverage.registries_planned == coverage.registries_complete


@dataclass(frozen=True, slots=True)
class FindingLocation:
    """The check and the registries of a finding."""

    check: str
    registries: tuple[RegistryId, ...]


@dataclass(frozen=True, slots=True)
class EarlierQuestion:
    """What an earlier run asked, compared with a later one."""

    audited: str
    """The organization's id, else the account."""
    scope: Scope
    question: Question
    dropped: frozenset[str] | None = None
    """Fingerprints whose requirement is gone or changed since; None: not known, where requirements differ."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What lists, comparisons and trends need from an earlier run, without loading it."""

    id: str
    started_at: dt.datetime
    evidence_complete: bool
    open: Mapping[str, Severity]
    """Fingerprint → severity of every failure without a waiver."""
    unknown: int = 0
    """Findings of status UNKNOWN or ERROR."""
    waived: int = 0
    """Failures with a waiver."""
    locations: Mapping[str, FindingLocation] = field(default_factory=dict)
    """Locations of the open failures by fingerprint, where they were stored."""
    earlier: EarlierQuestion | None = None
    """What it asked, compared with the run whose history it is in; None: the same."""


@dataclass(frozen=True, slots=True)
class Age:
    """How long a finding has existed, over runs of the same organization and scope."""

    first_seen: dt.datetime
    """Start of the run that found it first since it was last fixed."""
    runs: int
    """Runs that found it since then, this one included; runs that could not evaluate it are not counted."""

    def days(self, now: dt.datetime) -> int:
        """Whole days from `first_seen` to *now*."""
        return max(0, (now - self.first_seen).days)
