"""Numbers, plurals and sentences read well."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.progress import Phase, ProgressEvent, Step
from reports import text as reports_text
from reports.sanitize import one_line, visible
from reports.text import fair_shares, not_shown, shortened


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 registries"), (1, "1 registry"), (2, "2 registries"), (1234, "1,234 registries")]
)
def test_plural(count: int, text: str) -> None:
    assert reports_text.counted(count, "registry", "registries") == text


@pytest.mark.parametrize(
    ("parts", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists(parts: list[str], text: str) -> None:
    assert reports_text.listed(parts) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 9, "0 %"), (9, 9, "100 %"), (9999, 10000, "99.9 %"), (1, 100000, "0.1 %"), (1, 3, "33.3 %"), (0, 0, "\u2013")],
)
def test_percent_is_never_rounded_into_all_or_nothing(part: int, whole: int, text: str) -> None:
    assert reports_text.percent(part, whole) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59, "59 s"), (252, "4 min 12 s"), (7380, "2 h 03 min")])
def test_durations(seconds: int, text: str) -> None:
    start = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    assert reports_text.duration_text(start, start + dt.timedelta(seconds=seconds)) == text


def test_times_are_utc_and_say_so() -> None:
    in_berlin = dt.datetime(2026, 11, 23, 3, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert reports_text.moment_text(in_berlin) == "23 November 2026, 02:00 UTC"
    assert reports_text.stamp(in_berlin) == "2026-11-23T02:00:00Z"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the rules could not be read", "The rules could not be read."),
        ("backup requires prod/ to be replicated", "backup requires prod/ to be replicated."),
        ("Ends already.", "Ends already."),
        ("", ""),
    ],
)
def test_sentences_do_not_respell_names(text: str, found: str) -> None:
    assert reports_text.sentence(text) == found


@given(st.text())
def test_visible_text_can_be_encoded_and_holds_nothing_invisible(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not any(char in shown for char in "\r\x00\x1b\u202e\u200b\ufeff\u2066")
    assert visible(shown) == shown


def test_nothing_is_lost_when_made_visible() -> None:
    assert visible("a\u202eb\ud83dc") == "a<U+202E>b<U+D83D>c"
    assert visible("Ünïcode → 漢字\tand\nlines") == "Ünïcode → 漢字\tand\nlines"
    assert one_line("a\r\nb\tc") == "a b c"


@given(st.lists(st.integers(0, 500), max_size=40), st.integers(1, 30), st.integers(1, 300))
def test_shares_keep_the_bounds_and_starve_nobody(counts: list[int], each: int, total: int) -> None:
    shares = fair_shares(counts, each=each, total=total)
    assert all(share <= min(each, count) for share, count in zip(shares, counts, strict=True))
    assert all(share or not count for share, count in zip(shares, counts, strict=True))
    assert sum(shares) <= max(total, sum(1 for count in counts if count))


def test_cuts_are_told_exactly() -> None:
    assert not_shown(0, 5, "link", "links", file="findings.csv") == ""
    assert not_shown(1, 26, "link", "links", file="findings.csv") == (
        "1 further link is not shown here; findings.csv holds all 26."
    )
    assert shortened("x" * 1500, 1200, file="findings.csv").endswith("… [300 more characters in findings.csv]")


def test_every_step_of_an_audit_has_words() -> None:
    assert set(reports_text.PHASE_WORDS) == set(Phase)
    assert reports_text.progress_text(ProgressEvent(Phase.JUDGING)) == "evaluating checks"
    here = "111122223333", "eu-west-1"
    assert reports_text.progress_text(ProgressEvent(Phase.DETAILS, Step.READ, *here)) == "111122223333 eu-west-1"
    lost = ProgressEvent(Phase.DETAILS, Step.LOST, *here, reason="two worker processes died")
    assert reports_text.progress_text(lost) == "111122223333 eu-west-1: two worker processes died"
    assert reports_text.progress_text(ProgressEvent(Phase.ORGANIZATION, Step.RESUMED, count=1)).startswith(
        "resuming: 1 completed"
    )
