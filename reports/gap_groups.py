"""What could not be read: gaps grouped by reason, with what would close them."""

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
        "Deploy the audit role in these accounts, let it trust the account that audits, and check the external id.",
    ),
    GapKind.CREDENTIALS: (
        "Credentials not accepted",
        "AWS did not accept the credentials: expired, revoked or incomplete.",
        "Renew the credentials and resume the run.",
    ),
    GapKind.DENIED: (
        "Access denied",
        "The audit role has no permission for these calls.",
        "Allow these actions to the audit role: {permissions}.",
    ),
    GapKind.DENIED_BY_SCP: (
        "Denied by a policy of the organization",
        "A service control policy forbids these calls; no permission in the account can change that.",
        "Exempt the audit role in the service control policy that denies {permissions}.",
    ),
    GapKind.THROTTLED: (
        "Throttled",
        "AWS still refused these calls for their rate after every retry that the audit allows itself.",
        "Run again at a quieter hour or with fewer processes; resuming repeats only what is missing.",
    ),
    GapKind.TIMED_OUT: (
        "No answer in time",
        "These calls were sent and no answer came in time.",
        "Run again; if it stays, check the network path from the audit to AWS.",
    ),
    GapKind.UNREACHABLE: (
        "Not reachable",
        "No connection to the service could be made.",
        "Check name resolution, proxy and firewall between the audit and AWS.",
    ),
    GapKind.REGION_DISABLED: (
        "Region disabled",
        "The account has not enabled the Region, so there is nothing there that could be read.",
        "Enable the Region in the account, or leave it out of the scope.",
    ),
    GapKind.ACCOUNT_INACTIVE: (
        "Account not active",
        "The account is suspended or closing, and AWS answers no calls for it.",
        "Reactivate the account, or leave it out of the scope.",
    ),
    GapKind.FEATURE_DISABLED: (
        "Not offered in the Region",
        "The service says that it does not have this feature there.",
        "Nothing to do unless AWS offers the feature there.",
    ),
    GapKind.UNKNOWN_OPERATION: (
        "Not known to the endpoint",
        "The endpoint does not know the operation: an emulator, or a partition without it.",
        "Audit against AWS itself, or accept that this part is not looked at.",
    ),
    GapKind.LIMITED: (
        "Left out by the audit's own bound",
        "The audit stopped at a bound that it states for itself.",
        "Narrow the scope, or raise the bound.",
    ),
    GapKind.UNEXPECTED: (
        "Unexpected answer",
        "AWS answered in a way that the audit does not know; the code and the message are kept as given.",
        "Read the message; if it does not explain itself, report it with this run's id.",
    ),
}


@dataclass(frozen=True, slots=True)
class GapRow:
    """Gaps of one reason that share operation, code and permission."""

    operation: str
    code: str
    permission: str
    message: str
    """The message of the first of them, as AWS gave it."""
    places: tuple[str, ...]
    """`account/region`, `account`, or `the organization`, with the thing asked about; each once, sorted."""
    count: int
    tables: tuple[str, ...]
    """Tables that they spoil."""


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
    """Gaps by reason, the reasons that hide most first in the order a person would mend them."""
    by_kind: dict[GapKind, list[Gap]] = defaultdict(list)
    for gap in gaps:
        by_kind[gap.kind].append(gap)
    return tuple(_group(kind, by_kind[kind]) for kind in _WORDS if kind in by_kind)


def gap_title(kind: GapKind) -> str:
    """The reason in two or three words."""
    return _WORDS[kind][0]


def gap_fix(gap: Gap) -> str:
    """What would close one gap."""
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
