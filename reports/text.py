"""Wording shared by all formats: numbers, plurals, lists, times, severities and statuses; how long lists are cut."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from audit.model import Run
from audit.progress import Phase, ProgressEvent, Step
from checks.model import Finding, Severity, Status
from checks.tables import NOUNS as NOUNS  # reports take their words from here

SEVERITY_WORDS = {
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
    Severity.INFORMATIONAL: "Informational",
}
SEVERITY_MARKS = {
    Severity.CRITICAL: "◆",
    Severity.HIGH: "▲",
    Severity.MEDIUM: "■",
    Severity.LOW: "●",
    Severity.INFORMATIONAL: "○",
}
"""A shape for each severity, so that colour is never the only indicator."""

PHASE_WORDS = {
    Phase.ORGANIZATION: "reading the organization",
    Phase.ACCOUNTS: "assuming roles and reading Regions",
    Phase.SUMMARIES: "reading rules, policies and repository lists",
    Phase.DETAILS: "reading settings, repositories and images",
    Phase.STATUSES: "reading the replication status of missing images",
    Phase.TABLES: "building tables",
    Phase.JUDGING: "evaluating checks",
    Phase.KEEPING: "storing the run",
    Phase.REPORTS: "writing reports",
}

NOTHING = "\u2013"
"""En dash: the content of an empty cell."""

STATUS_WORDS = {
    Status.PASS: "Passed",
    Status.FAIL: "Failed",
    Status.UNKNOWN: "Unknown",
    Status.NOT_APPLICABLE: "Not applicable",
    Status.ERROR: "Check error",
}
STATUS_MARKS = {
    Status.PASS: "✔",
    Status.FAIL: "✘",
    Status.UNKNOWN: "?",
    Status.NOT_APPLICABLE: NOTHING,
    Status.ERROR: "!",
}


def number(value: int) -> str:
    """An integer with thousands separators."""
    return f"{value:,}"


def counted(count: int, one: str, many: str) -> str:
    """`1 registry`, `0 registries`, `1,234 registries`."""
    return f"{number(count)} {one if count == 1 else many}"


def be(count: int) -> str:
    """`is` for one, `are` for any other count."""
    return "is" if count == 1 else "are"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; empty text for nothing."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def narrowed_text(run: Run) -> str:
    """What narrowed a run to some of the checks, as a sentence; empty for a run that evaluated every check."""
    if not run.narrowed:
        return ""
    left, every = len(run.not_selected), len(run.not_selected) + len(run.results)
    checks = f"{number(left)} of {counted(every, 'check', 'checks')} {'was' if left == 1 else 'were'} not evaluated"
    return f"This run was narrowed to {run.selection.words}: {checks}."


def percent(part: int, whole: int) -> str:
    """Share with one decimal; 100 % only when it is all, 0 % only when it is none; a dash of nothing."""
    if whole <= 0:
        return NOTHING
    if part in (0, whole):
        return "100 %" if part else "0 %"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"


def in_utc(moment: dt.datetime) -> dt.datetime:
    """The moment in UTC; a time without a zone is taken as UTC, which all times of a run are."""
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def day_text(moment: dt.datetime) -> str:
    """`23 November 2026`, the day in UTC."""
    utc = in_utc(moment)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}"


def moment_text(moment: dt.datetime) -> str:
    """`23 November 2026, 02:00 UTC`."""
    return f"{day_text(moment)}, {in_utc(moment):%H:%M} UTC"


def stamp(moment: dt.datetime) -> str:
    """ISO 8601 in UTC with a `Z`, to the second."""
    return in_utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration_text(start: dt.datetime, end: dt.datetime) -> str:
    """`42 s`, `4 min 12 s`, `2 h 03 min`."""
    seconds = max(0, round((in_utc(end) - in_utc(start)).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def area_name(group: str) -> str:
    """How reports call a group of checks."""
    from checks.catalog import GROUPS  # here: it imports every check

    if group == "user":
        return "Custom checks"
    return GROUPS[group].title if group in GROUPS else group.replace("-", " ").capitalize()


_OPENERS = frozenset({
    "a", "an", "another", "each", "every", "how", "it", "no", "none", "nothing", "one", "only", "some",
    "that", "the", "there", "these", "this", "what", "whether", "which",
})  # fmt: skip
_OPENING = re.compile(r"(rule|statement) \d|rules? replicates? |changes of ")
"""Beginnings of check messages that cannot be the name of a repository."""


def comparison(finding: Finding) -> str:
    """`Unique destinations: expected at most 25, observed 26`; empty where nothing was compared."""
    if not finding.expected:
        return ""
    fact = f"{finding.fact.replace('_', ' ').capitalize()}: expected" if finding.fact else "Expected"
    return f"{fact} {finding.expected}, observed {finding.observed}"


def sentence(text: str) -> str:
    """The text with a full stop where it has no end, and a capital first letter where it begins with a plain word.

    Other beginnings stay as they are: they may be names, and a report does not respell names.
    """
    text = text.strip()
    if not text:
        return ""
    if text.split(maxsplit=1)[0] in _OPENERS or _OPENING.match(text):
        text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?:" else f"{text}."


def progress_text(event: ProgressEvent) -> str:
    """The current step of an audit, or its last event, in a few words."""
    place = " ".join(part for part in (event.account, event.region) if part)
    match event.step:
        case Step.READ:
            return place
        case Step.LOST:
            return f"{place}: {event.reason}"
        case Step.RESUMED:
            return f"resuming: {counted(event.count, 'completed read is', 'completed reads are')} reused"
    return PHASE_WORDS[event.phase]


def fair_shares(counts: Sequence[int], *, each: int, total: int) -> tuple[int, ...]:
    """How many of each list to show: at most *each* of one and about *total* of all, short lists whole first.

    Every list that has entries shows at least one, so a long first list cannot displace the others; what equal shares
    leave goes to the first lists that are cut.
    """
    share = each
    while share > 1 and sum(min(share, count) for count in counts) > total:
        share -= 1
    shares = [min(share, count) for count in counts]
    left = total - sum(shares)
    for position, count in enumerate(counts):
        more = max(0, min(left, min(each, count) - shares[position]))
        shares[position] += more
        left -= more
    return tuple(shares)


def not_shown(hidden: int, whole: int, one: str, many: str, *, file: str) -> str:
    """The sentence about the entries that are not shown; empty where all are."""
    if hidden <= 0:
        return ""
    left_out = counted(hidden, f"further {one}", f"further {many}")
    return f"{left_out} {be(hidden)} not shown here; {file} holds all {number(whole)}."


def shortened(text: str, longest: int, *, file: str) -> str:
    """The text, or its beginning with a note of how many characters are left out and where they are."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]} … [{number(len(text) - longest)} more characters in {file}]"
