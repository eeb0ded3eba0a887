"""A finding's age is handed on from run to run: runs as rows of what was found, and the ages that follow."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from audit.evidence import Scope
from audit.model import Coverage
from audit.store import open_store
from checks.model import Gap, GapKind, Status
from tests.audit.store.test_store import TABLES, a_run

MARK = "0123456789abcdef"
FIRST_NIGHT = dt.datetime(2026, 11, 1, 2, 0, tzinfo=dt.UTC)


def night(number: int, what: str):
    """A run that `found` it, has it `unknown` or `gone`, is `blind` (gone, a read failed there), or asks `elsewhere`.

    `far`: gone, and a read failed in another registry.
    """
    moment = FIRST_NIGHT + dt.timedelta(days=number)
    run = replace(
        a_run(f"{moment:%Y%m%dT%H%M%SZ}-aaaaaa", fingerprints=(MARK,)),
        started_at=moment,
        coverage=Coverage(2, 2, 3, 3, 0, 0, 40),
        gaps=(),
    )
    (result,) = run.results
    result_place = (result.findings[0].account, result.findings[0].region)
    if what == "unknown":
        result = replace(result, findings=(replace(result.findings[0], status=Status.UNKNOWN),))
    if what in ("gone", "blind", "far"):
        result = replace(result, findings=())
    if what in ("blind", "far"):
        place = result_place if what == "blind" else ("000000000009", "us-east-1")
        gap = Gap(*place, "ecr:DescribeRegistry", GapKind.DENIED, "AccessDenied", "no", ("links",))
        run = replace(run, coverage=Coverage(2, 2, 3, 2, 1, 0, 40), gaps=(gap,))
    if what == "elsewhere":
        run = replace(run, scope=Scope(accounts=("000000000002",)))
    return replace(run, results=(result,))


@pytest.mark.parametrize(
    ("entries", "first", "runs"),
    [
        (["found"], 0, 1),
        (["found", "found", "found"], 0, 3),
        (["gone", "found", "found"], 1, 2),
        (["found", "gone", "found"], 2, 1),
        (["found", "blind", "found"], 0, 2),
        (["found", "unknown", "found"], 0, 2),
        (["found", "unknown", "blind", "found", "found"], 0, 3),
        (["unknown", "found"], 1, 1),
        (["found", "elsewhere", "found"], 0, 2),
        (["found", "blind", "gone", "found"], 3, 1),
        (["found", "far", "found"], 2, 1),
        (["found", *["blind"] * 14, "found"], 0, 2),
    ],
)
def test_first_seen_and_how_often(url: str, entries: list[str], first: int, runs: int):
    store = open_store(url)
    for number, what in enumerate(entries):
        last = night(number, what)
        store.save(last, TABLES)
    (age,) = store.ages(last.id).values()
    assert age.first_seen == FIRST_NIGHT + dt.timedelta(days=first)
    assert age.runs == runs
    assert age.days(last.started_at) == len(entries) - 1 - first
