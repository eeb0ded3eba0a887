"""Evidence gaps, grouped by reason, with the action that closes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from checks.model import Gap, GapKind
from reports.text import listed

_WORDS: dict[GapKind, tuple[str, str, str]] = {
    GapKind.ROLE_MISSING: (
        "Audit role missing",
        "The audit role could not be assumed in these accounts, so nothing in them was read.",
        "Deploy the audit role in these accounts, trust the auditing account in it, and check the external ID.",
    ),
    GapKind.CREDENTIALS: (
        "Credentials rejected",
        "AWS rejected the credentials: they are expired, revoked or incomplete.",
        "Renew the credentials and resume the run.",
    ),
    GapKind.DENIED: (
        "Access denied",
        "The audit role is not allowed to make these calls.",
        "Allow these actions in a policy of the audit role: {permissions}.",
    ),
    GapKind.DENIED_BY_SCP: (
        "Denied by an organization policy",
        "A service control policy denies these calls; no permission in the account can override it.",
        "Exempt the audit role in the service control policy that denies {permissions}.",
    ),
    GapKind.THROTTLED: (
        "Throttled",
        "AWS still throttled these calls after every retry of the audit.",
        "Run again at a time of fewer API calls, or with fewer processes; resuming repeats only the missing reads.",
    ),
    GapKind.TIMED_OUT: (
        "Timed out",
        "These calls were sent and no response arrived in time.",
        "Run again; if it persists, check the network path from the audit to AWS.",
    ),
    GapKind.UNREACHABLE: (
        "Endpoint not reachable",
        "No connection to the service endpoint could be made.",
        "Check DNS resolution, proxy and firewall between the audit and AWS.",
    ),
    GapKind.REGION_DISABLED: (
        "Region disabled",
        "The Region is not enabled in the account, so nothing can be read there.",
        "Enable the Region in the account, or leave it out of the scope.",
    ),
    GapKind.ACCOUNT_INACTIVE: (
        "Account not active",
        "The account is suspended or being closed, and AWS answers no calls for it.",
        "Reactivate the account, or leave it out of the scope.",
    ),
    GapKind.FEATURE_DISABLED: (
        "Not available in the Region",
        "The service reports that this feature is not available there.",
        "Nothing to do until AWS offers the feature in this Region.",
    ),
    GapKind.UNKNOWN_OPERATION: (
        "Operation not supported",
        "The endpoint does not support the operation: it is an emulator, or the partition lacks it.",
        "Audit against AWS itself, or accept that this part is not evaluated.",
    ),
    GapKind.LIMITED: (
        "Limit of the audit reached",
        "The audit stopped at one of its own limits.",
        "Narrow the scope, or raise the limit.",
    ),
    GapKind.UNEXPECTED: (
        "Unexpected response",
        "AWS responded in a way that the audit does not recognize; code and message are recorded as given.",
        "Read the message; if it does not explain the cause, report it with the id of this run.",
    ),
}


@dataclass(frozen=True, slots=True)
class GapRow:
    """Gaps of one reason that share operation, code and permission."""

    operation: str
    code: str
    permission: str
    message: str
    """Message of the first of them, as AWS gave it."""
    places: tuple[str, ...]
    """`account/region`, `account`, or `the organization`, with the resource that was read; each once, sorted."""
    count: int
    tables: tuple[str, ...]
    """Evidence tables that they affect."""


@dataclass(frozen=True, slots=True)
class GapGroup:
    """Every gap of one reason."""

    kind: GapKind
    title: str
    explanation: str
    fix: str
    permissions: tuple[str, ...]
    rows: tuple[GapRow, ...]
    count: int


def group_gaps(gaps: Iterable[Gap]) -> tuple[GapGroup, ...]:
    """Gaps by reason; reasons that hide most, which should be fixed first, come first."""
    by_kind: dict[GapKind, list[Gap]] = defaultdict(list)
    for gap in gaps:
        by_kind[gap.kind].append(gap)
    return tuple(_group(kind, by_kind[kind]) for kind in _WORDS if kind in by_kind)


def gap_title(kind: GapKind) -> str:
    """The reason in a few words."""
    return _WORDS[kind][0]


def gap_fix(gap: Gap) -> str:
    """The action that closes one gap."""
    return _WORDS[gap.kind][2].format(permissions=gap.permission or gap.operation)


def _group(kind: GapKind, gaps: list[Gap]) -> GapGroup:
    by_call: dict[tuple[str, str, str], list[Gap]] = defaultdict(list)
    for gap in gaps:
        by_call[gap.operation, gap.code, gap.permission].append(gap)
    title, explanation, fix = _WORDS[kind]
    permissions = tuple(sorted({gap.permission for gap in gaps if gap.permission}))
    wanted = permissions or tuple(sorted({gap.operation for gap in gaps}))
    return GapGroup(
        kind=kind,
        title=title,
        explanation=explanation,
        fix=fix.format(permissions=listed(wanted)),
        permissions=permissions,
        rows=tuple(_row(*call, by_call[call]) for call in sorted(by_call)),
        count=len(gaps),
    )


def _row(operation: str, code: str, permission: str, gaps: list[Gap]) -> GapRow:
    return GapRow(
        operation=operation,
        code=code,
        permission=permission,
        message=gaps[0].message,
        places=tuple(sorted({place_of(gap) for gap in gaps})),
        count=len(gaps),
        tables=tuple(sorted({table for gap in gaps for table in gap.tables})),
    )


def place_of(gap: Gap) -> str:
    """Where a gap lies, as a report writes it."""
    place = "/".join(part for part in (gap.account, gap.region) if part) or "the organization"
    return f"{place}: {gap.resource}" if gap.resource else place
