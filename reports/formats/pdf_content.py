"""What the PDF shows of a run: a selection within limits, with a sentence for everything that is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from audit.model import Run
from checks.model import Finding, Script, Severity, Status
from checks.texts import CheckText
from reports.breakdown import AccountView, CheckView, Risk
from reports.commands import SCRIPT_FOLDER
from reports.formats.pdf_charts import Chart, pictures_of
from reports.formats.pdf_details import LONGEST_TEXT as LONGEST_TEXT  # the template asks for it here
from reports.formats.pdf_details import Details, account_label, details_of, since_text
from reports.gap_groups import GapGroup, GapRow
from reports.text import counted, fair_shares, listed, not_shown, number, sentence, shortened
from reports.unknown_findings import Cause, causes_of
from reports.view import ReportView

ACCOUNTS = 40
CHECKS_LISTED = 160
WAIVED = 40
SCRIPTS = 40
GAP_ROWS, GAP_PLACES = 40, 12
CAUSES, CAUSE_PLACES = 20, 8
NOTES, LIMITS = 30, 20
CALLS = 120
ACTING = 2
"""Accounts named of one risk."""
LONGEST_LINE = 300
"""Characters shown of a message, reason or note in a list."""
EXAMPLE = 150
"""Characters shown of a risk's example, which is printed in full with its check."""
RISK_SENTENCE = 165
"""Characters shown of a risk's sentence: two lines of the summary. The title of a custom check may be of any length."""
TREND_ROWS = 4
"""Runs in the trend table; the trend chart has more."""
LONGEST_NAME = 40
"""Characters shown of a name on the first two pages, which stay two pages whatever the names are."""


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One of the worst failing checks, with the responsible accounts."""

    risk: Risk
    sentence: str
    example: str
    acting: str
    """Responsible accounts, most failures first, and the date of the oldest failure."""


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """Unknown findings of one cause."""

    cause: Cause
    places: str
    checks: str
    """Catalogue ids of the checks; a check without one under its id."""


@dataclass(frozen=True, slots=True)
class WaivedRow:
    """One waived finding."""

    finding: Finding
    title: str
    account: str
    reason: str


@dataclass(frozen=True, slots=True)
class GapSection:
    """Gaps of one reason."""

    group: GapGroup
    rows: tuple[GapRow, ...]
    hidden: str


@dataclass(frozen=True, slots=True)
class Content:
    """Everything bounded that the template needs besides the view."""

    details: Details
    risks: tuple[RiskRow, ...]
    overview: tuple[tuple[Severity | Status, tuple[CheckView, ...]], ...]
    """Checks with open failures by severity, worst first, then checks with errors, then those with unknown results
    only."""
    overview_hidden: str
    unknown: tuple[UnknownRow, ...]
    """Causes with most findings first."""
    unknown_hidden: str
    accounts: tuple[AccountView, ...]
    accounts_hidden: str
    acting: str
    """The accounts with open failures, in one sentence; empty where there are none."""
    waived: tuple[WaivedRow, ...]
    waived_hidden: str
    passed: tuple[CheckView, ...]
    passed_hidden: str
    idle: tuple[CheckView, ...]
    idle_hidden: str
    not_selected: tuple[CheckText, ...]
    """Checks that a narrowed run left out."""
    not_selected_hidden: str
    gaps: tuple[GapSection, ...]
    scripts: tuple[Script, ...]
    """In the order in which to run them."""
    scripts_hidden: str
    charts: tuple[Chart, ...]
    calls: tuple[tuple[str, int, int, int], ...]
    """Operation, requests sent, and how many of them were denied and throttled."""
    calls_hidden: str
    notes: tuple[str, ...]
    notes_hidden: str
    limits: tuple[str, ...]
    limits_hidden: str


def content_of(run: Run, view: ReportView) -> Content:
    """Select what is printed."""
    titles = {check.text.id: check.text.title for check in view.checks}
    waived = tuple(one for one in view.findings if one.waiver is not None)
    overview = (
        *view.worst_first,
        *(check for check in view.checks if not check.open and check.error),
        *(check for check in view.checks if check.unknown and not (check.open or check.error)),
    )
    passed = tuple(check for check in view.checks if check.passed_clean)
    idle = tuple(check for check in view.checks if check.idle)
    causes = causes_of(view.checks)
    calls = tuple(
        (name, sent, run.calls.refused.get(name, 0), run.calls.throttled.get(name, 0))
        for name, sent in sorted(run.calls.sent.items())
    )
    return Content(
        details=details_of(run, view),
        risks=tuple(_risk(run, view, risk) for risk in view.risks),
        overview=tuple(_grouped(overview[:CHECKS_LISTED])),
        overview_hidden=_rest(overview, CHECKS_LISTED, "check", "checks", "checks.csv"),
        unknown=tuple(map(_unknown, causes[:CAUSES])),
        unknown_hidden=_rest(causes, CAUSES, "cause", "causes", "findings.csv"),
        accounts=view.accounts[:ACCOUNTS],
        accounts_hidden=_rest(view.accounts, ACCOUNTS, "account", "accounts", "findings.csv"),
        acting=_acting(run, view),
        waived=tuple(_waived(run, one, titles[one.check]) for one in waived[:WAIVED]),
        waived_hidden=_rest(waived, WAIVED, "waived finding", "waived findings", "findings.csv"),
        passed=passed[:CHECKS_LISTED],
        passed_hidden=_rest(passed, CHECKS_LISTED, "check", "checks", "checks.csv"),
        idle=idle[:CHECKS_LISTED],
        idle_hidden=_rest(idle, CHECKS_LISTED, "check", "checks", "checks.csv"),
        not_selected=view.not_selected[:CHECKS_LISTED],
        not_selected_hidden=_rest(view.not_selected, CHECKS_LISTED, "check", "checks", "checks.csv"),
        gaps=_gap_sections(view),
        scripts=tuple(sorted(run.scripts, key=lambda script: script.name)[:SCRIPTS]),
        scripts_hidden=_rest(run.scripts, SCRIPTS, "script", "scripts", f"the folder {SCRIPT_FOLDER}"),
        charts=pictures_of(view),
        calls=calls[:CALLS],
        calls_hidden=_rest(calls, CALLS, "operation", "operations", "calls.csv"),
        notes=tuple(sentence(shortened(note, LONGEST_LINE, file="findings.json")) for note in run.notes[:NOTES]),
        notes_hidden=_rest(run.notes, NOTES, "note", "notes", "findings.json"),
        limits=tuple(
            sentence(shortened(one, LONGEST_LINE, file="findings.json")) for one in run.limits_sources[:LIMITS]
        ),
        limits_hidden=_rest(run.limits_sources, LIMITS, "source", "sources", "findings.json"),
    )


def places_text(row: GapRow) -> str:
    """The places of a gap row, up to `GAP_PLACES`, and how many more there are."""
    return _bounded_places(row.places, GAP_PLACES, "gaps.csv")


def _bounded_places(places: tuple[str, ...], most: int, file: str) -> str:
    named = ", ".join(shortened(place, LONGEST_LINE, file=file) for place in places[:most])
    return named if len(places) <= most else f"{named} and {number(len(places) - most)} more, all in {file}"


def _rest(whole: Sequence[object], shown: int, one: str, many: str, file: str) -> str:
    return not_shown(len(whole) - shown, len(whole), one, many, file=file)


def _grouped(checks: Iterable[CheckView]) -> Iterator[tuple[Severity | Status, tuple[CheckView, ...]]]:
    for heading, members in groupby(checks, key=_heading):
        yield heading, tuple(members)


def _heading(check: CheckView) -> Severity | Status:
    if check.open:
        return check.severity
    return Status.ERROR if check.error else Status.UNKNOWN


def _risk(run: Run, view: ReportView, risk: Risk) -> RiskRow:
    check = next(one for one in view.checks if one.text.id == risk.check)
    by_account = Counter(finding.account for finding in check.open).most_common()
    named = [f"{_short_label(run, account)}: {number(count)}" for account, count in by_account[:ACTING]]
    if len(by_account) > ACTING:
        named.append(counted(len(by_account) - ACTING, "further account", "further accounts"))
    since = since_text(check.open, view)
    room = EXAMPLE // 2 if view.trend else EXAMPLE  # the trend table is on the same page
    return RiskRow(
        risk=risk,
        sentence=risk.sentence if len(risk.sentence) <= RISK_SENTENCE else f"{risk.sentence[:RISK_SENTENCE]} …",
        example=sentence(risk.example) if len(risk.example) <= room else f"{risk.example[:room]} …",
        acting=f"Accounts: {listed(named)}{f'; {since}' if since else ''}.",
    )


def _acting(run: Run, view: ReportView) -> str:
    """The accounts with open failures, the worst first."""
    acting = [account for account in view.accounts if account.failures]
    most = 3 if view.trend else 5
    named = [
        f"{_short_label(run, one.account)} with {counted(one.failures, 'failure', 'failures')}" for one in acting[:most]
    ]
    if len(acting) > most:
        named.append(f"{counted(len(acting) - most, 'further account', 'further accounts')} with open failures")
    return f"{'; '.join(named)}." if named else ""


def _short_label(run: Run, account: str) -> str:
    label = account_label(run, account)
    return label if len(label) <= LONGEST_NAME else f"{label[:LONGEST_NAME]}…"


def _unknown(cause: Cause) -> UnknownRow:
    return UnknownRow(
        cause=cause,
        places=_bounded_places(cause.places, CAUSE_PLACES, "findings.csv"),
        checks=", ".join(check.text.aliases[0] if check.text.aliases else check.text.id for check in cause.checks[:60])
        + (f" and {number(len(cause.checks) - 60)} more" if len(cause.checks) > 60 else ""),
    )


def _waived(run: Run, finding: Finding, title: str) -> WaivedRow:
    reason = finding.waiver.reason if finding.waiver else ""
    return WaivedRow(
        finding, title, _short_label(run, finding.account), shortened(reason, LONGEST_LINE, file="findings.csv")
    )


def _gap_sections(view: ReportView) -> tuple[GapSection, ...]:
    groups = view.gap_groups
    shares = fair_shares([len(group.rows) for group in groups], each=GAP_ROWS, total=GAP_ROWS)
    return tuple(
        GapSection(
            group=group,
            rows=group.rows[:share],
            hidden=_rest(group.rows, share, "kind of read", "kinds of read", "gaps.csv"),
        )
        for group, share in zip(groups, shares, strict=True)
    )
