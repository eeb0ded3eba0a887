"""The model of an evaluation: severity, status, check, finding, remediation, gap.

Everything here is a frozen value. Nothing here imports pandas, boto3 or Great Expectations, so
``ecr-audit --help`` and ``ecr-audit checks list`` stay fast.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from checks.changes import Change
from checks.expectations import Expectation

if TYPE_CHECKING:
    import datetime as dt

    from checks.baseline.schema import Baseline
    from checks.tables import Table

Row = Mapping[str, Any]
"""One row of a table, column name to value; a missing value is None."""


class RegistryId(NamedTuple):
    """One registry: an account in one Region. Either may be empty where a whole account, or everything, is meant."""

    account: str
    region: str

    def __str__(self) -> str:
        """`account/region`, as reports write it."""
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, slots=True)
class Place:
    """One registry, with what scopes need to know of its account. None: unknown."""

    account: str
    region: str
    name: str | None = None
    """Name of the account; empty where it is outside the organization."""
    ou_path: str | None = None
    """Path of names (`Root/Workloads/Prod`); empty where it is outside the organization."""
    organization_path: str | None = None
    """Path of ids (`o-a/r-b/ou-c/`); likewise."""


class Severity(StrEnum):
    """How much a failing check matters, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"

    @property
    def rank(self) -> int:
        """0 for critical up to 4 for informational, for sorting."""
        return list(Severity).index(self)

    def at_least(self, other: Severity) -> bool:
        """Whether this severity is *other*, or more severe."""
        return self.rank <= other.rank


class Status(StrEnum):
    """The result of a check for one row."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """The evidence could not be read, parsed or evaluated. Never a pass, never a failure."""
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"
    """Check error: the check itself failed to run; it is reported, and the run continues."""


class GapKind(StrEnum):
    """Why a piece of evidence is missing."""

    DENIED = "denied"
    DENIED_BY_SCP = "denied_by_scp"
    ROLE_MISSING = "role_missing"
    """The audit role could not be assumed in the account."""
    CREDENTIALS = "credentials"
    """Expired or invalid credentials."""
    THROTTLED = "throttled"
    """Still throttled after the bounded retries."""
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    REGION_DISABLED = "region_disabled"
    ACCOUNT_INACTIVE = "account_inactive"
    FEATURE_DISABLED = "feature_disabled"
    """The service reports that the feature does not exist in this Region."""
    UNKNOWN_OPERATION = "unknown_operation"
    """The endpoint does not know the operation (an emulator, or an old partition)."""
    UNEXPECTED = "unexpected"
    """Any other error; see `code` and `message`."""
    LIMITED = "limited"
    """Not read because a configured limit of the audit was reached."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Evidence that the audit could not read."""

    account: str
    """Twelve digits, or empty where the whole organization is meant."""
    region: str
    """Region name, or empty where the whole account is meant."""
    operation: str
    """`service:Operation`, spelled as an IAM action where one exists (`ecr:GetRegistryPolicy`)."""
    kind: GapKind
    code: str
    """The error code as AWS gave it, or the exception's class name."""
    message: str
    """The error message as AWS gave it; credentials never appear in it."""
    tables: tuple[str, ...] = ()
    """Names of the tables that this gap affects."""
    resource: str = ""
    """Repository name, key ARN, role ARN …: the resource of the call, where it was a single one."""
    permission: str = ""
    """The missing IAM action, where a permission would close the gap."""


@dataclass(frozen=True, slots=True)
class Remediation:
    """The remediation of a finding: a summary, the changes, and whether they need review."""

    summary: str
    """One imperative sentence."""
    changes: tuple[Change, ...] = ()
    safe: bool = False
    """Whether it can be applied without review (it grants no access, deletes nothing, costs little)."""
    manual: tuple[str, ...] = ()
    """Manual steps, where there should be no ready-made command."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check over one table. A check's module declares exactly one, named ``CHECK``."""

    id: str
    """The slug: `<group>.<module-with-dashes>`; the same in module, case file, doc page, config and finding."""
    aliases: tuple[str, ...]
    """Catalogue ids (`GRT-01`)."""
    title: str
    """What holds when the check passes, as a short sentence without full stop."""
    severity: Severity
    """Severity of a failure, unless `graded` names a column or the baseline overrides it."""
    table: Table
    """The declared table that is evaluated, row by row."""
    expect: Expectation
    """The expectation over columns, the facts. A null in any of them means UNKNOWN."""
    message: str
    """Format string over the table's columns, for a failing row."""
    remediation: Callable[[Row, RemediationContext], Remediation]
    """Builds the remediation of one failing row."""
    when: tuple[str, ...] = ()
    """Boolean columns: a false one is NOT_APPLICABLE, else a null one is UNKNOWN; empty: every row is evaluated."""
    graded: str = ""
    """Column with a `Severity` value per row that replaces `severity`; empty or null cell: `severity`."""
    graded_up_to: Severity | None = None
    """The worst value of the column `graded`, where it is worse than `severity`."""
    unknown: str = "the evidence for this could not be read"
    """Format string over the table's columns for an UNKNOWN row, without the reason."""
    unknown_reason: str = ""
    """Format string over the table's columns: why such a row is UNKNOWN, as a clause that names no registry, so that
    equal reasons are one cause; empty: the table has no reason for it."""
    evidence: tuple[str, ...] = ()
    """Columns shown as evidence with a finding, besides the key and the facts."""
    at: str = ""
    """Which side of a two-sided table the finding belongs to: `source`, `destination`, or empty."""
    permissions: tuple[str, ...] = ()
    """IAM actions that this check needs."""
    controls: tuple[str, ...] = ()
    """Control mappings; ours start with `own:`."""
    since: str = "0.1"

    @property
    def group(self) -> str:
        """The part of the id before the dot, which is the package name."""
        return self.id.partition(".")[0]

    @property
    def worst_severity(self) -> Severity:
        """The worst severity of its failures, unless the baseline overrides it."""
        return self.graded_up_to or self.severity


@dataclass(frozen=True, slots=True)
class WaiverMark:
    """The waiver of a finding."""

    reason: str
    owner: str
    until: str
    """ISO date, the last day on which it is in force."""


@dataclass(frozen=True, slots=True)
class UnknownCause:
    """Why a result is UNKNOWN: a read that failed, else the reason that the row of the table states."""

    kind: GapKind | None = None
    """Why the read failed; None: every read that the check needs succeeded, or which one failed is not known."""
    operation: str = ""
    """The read that failed, `service:Operation`."""
    permission: str = ""
    """The missing IAM action, where a permission would close the gap."""
    reason: str = ""
    """The reason as a clause, where no failed read explains the result; may be empty."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What identifies the cause in every run."""
        return {"kind": self.kind.value if self.kind else "", "operation": self.operation, "reason": self.reason}


class RegistryRows(NamedTuple):
    """How many rows lie in one registry."""

    account: str
    region: str
    rows: int


@dataclass(frozen=True, slots=True)
class RowGroup:
    """The UNKNOWN rows of one check that have one cause: they are one finding."""

    count: int
    """Rows in it."""
    registries: tuple[RegistryRows, ...]
    """Registries of these rows, sorted, with the number of rows of each."""
    unread: tuple[RegistryId, ...]
    """Registries that were not read, which is the cause, sorted; an empty Region is the whole account."""
    examples: tuple[str, ...]
    """Names of its first rows, in the order of the table."""
    fingerprints: tuple[str, ...]
    """Of its rows, sorted: the fingerprints that they have where they fail."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of one check that did not pass, or the UNKNOWN rows of one check that have one cause."""

    check: str
    """Check id."""
    status: Status
    severity: Severity
    account: str
    region: str
    resource: str
    """Display name: repository name, `source → destination`, statement …"""
    key: Mapping[str, Any]
    """The table's key columns and their values."""
    message: str
    evidence: Mapping[str, Any]
    remediation: Remediation | None
    fingerprint: str
    """Stable over runs, unique in one: a hash of check id and the row's identity (see `Table.identity`)."""
    waiver: WaiverMark | None = None
    fact: str = ""
    """Name of the observed column; empty where the finding is about no single row."""
    expected: str = ""
    """Its expected value, in words (`at most 25`)."""
    observed: str = ""
    """Its observed value, in words (`26`)."""
    cause: UnknownCause | None = None
    """Why it is UNKNOWN; None for every other status."""
    group: RowGroup | None = None
    """The rows of an UNKNOWN finding of a run; None: it is one row."""

    @property
    def rows(self) -> int:
        """How many rows of the table it is about."""
        return self.group.count if self.group else 1

    @property
    def registries(self) -> tuple[RegistryRows, ...]:
        """The registries of its rows, with the number of rows of each."""
        return self.group.registries if self.group else (RegistryRows(self.account, self.region, 1),)

    @property
    def row_fingerprints(self) -> tuple[str, ...]:
        """The fingerprints of its rows."""
        return self.group.fingerprints if self.group else (self.fingerprint,)


def group_fingerprint(check: str, cause: UnknownCause) -> str:
    """The fingerprint of the finding for all UNKNOWN rows of *check* with *cause*: the same in every run."""
    return fingerprint(check, {"unknown": "", **cause.identity})


def fingerprint(check: str, identity: Mapping[str, Any]) -> str:
    """Sixteen hex digits that identify the same problem in every run; *identity* identifies its row."""
    text = "\x1f".join([check, *[f"{name}={identity[name]}" for name in sorted(identity)]])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check over its whole table."""

    check: str
    counts: Mapping[Status, int]
    """Rows by status; every status is present."""
    findings: tuple[Finding, ...]
    """The FAIL and UNKNOWN rows, in table order, the UNKNOWN rows of a run in groups of one cause; one ERROR finding if
    the check failed to run."""
    error: str = ""
    """The error, if the check failed to run."""

    @property
    def status(self) -> Status:
        """The status of the whole table: the worst of its rows; NOT_APPLICABLE for a table without rows."""
        for status in (Status.ERROR, Status.FAIL, Status.UNKNOWN, Status.PASS):
            if self.counts.get(status):
                return status
        return Status.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class RemediationContext:
    """What a remediation may use besides its row."""

    baseline: Baseline
    organization: str = ""
    """Organization id (`o-…`), or empty."""
    registries: Mapping[RegistryId, Row] = field(default_factory=dict)
    """Rows of the `registries` table."""

    def place(self, registry: RegistryId) -> Place:
        """*registry* with what scopes of the baseline need to know of its account, as far as its row has it."""
        row = self.registries.get(registry) or {}
        return Place(*registry, row.get("account_name"), row.get("ou_path"), row.get("organization_path"))


@dataclass(frozen=True, slots=True)
class Script:
    """One runnable shell script: every fix of one registry, merged and ordered."""

    account: str
    region: str
    name: str
    """File name, safe on every file system."""
    text: str
    safe: bool
    """Whether every step in it is safe without review."""
    findings: tuple[str, ...]
    """Fingerprints of the findings that it fixes."""
    manual: tuple[str, ...] = ()
    """Its manual steps."""
    refused: tuple[str, ...] = ()
    """Fixes not included because AWS would reject the merged document, each with the reason."""


def utc_text(moment: dt.datetime) -> str:
    """ISO 8601 in UTC with a `Z`, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
