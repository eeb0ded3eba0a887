"""Runs are kept whole or not at all, and read back as they were."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from audit.evidence import CallCounts, Scope
from audit.model import Coverage, Run
from audit.store import NoSuchRunError, Store, StoreError, open_store, schema
from checks.changes import AddStatement
from checks.model import (
    CheckResult,
    Finding,
    Gap,
    GapKind,
    Remediation,
    Script,
    Severity,
    Status,
    WaiverMark,
)
from checks.selection import Selection

TABLES = {"accounts": pd.DataFrame({"account": ["000000000001"], "name": ["Root ☃"]})}


def a_grant() -> AddStatement:
    return AddStatement(
        account="000000000002", region="eu-west-1", source_account="000000000001", prefixes=("",), actions=("ecr:*",)
    )


def a_run(identifier: str = "20261123T020000Z-aaaaaa", *, fingerprints: tuple[str, ...] = ("0123456789abcdef",)) -> Run:
    moment = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
    findings = tuple(
        Finding(
            check="grants.replication-allowed",
            status=Status.FAIL,
            severity=Severity.CRITICAL,
            account="000000000002",
            region="eu-west-1",
            resource="a → b",
            key={"source_account": "000000000001"},
            message="no grant",
            evidence={"grant_verdict": "DENIED_IMPLICIT", "nothing": None},
            remediation=Remediation("Grant it", (a_grant(),)),
            fingerprint=fingerprint,
            waiver=WaiverMark("known", "me", "2027-01-01") if number else None,
        )
        for number, fingerprint in enumerate(fingerprints)
    )
    return Run(
        id=identifier,
        started_at=moment,
        finished_at=moment + dt.timedelta(seconds=3),
        program_version="0.1.0",
        versions={"python": "3.11"},
        organization_id="o-exampleorg1",
        organization_name="Example",
        caller_account="000000000001",
        partition="aws",
        scope=Scope(regions=("eu-west-1",)),
        baseline_name="baseline.yaml",
        baseline_text="version: 1\n",
        baseline_hash="00",
        limits_sources=("Service Quotas",),
        coverage=Coverage(2, 2, 3, 2, 1, 0, 40),
        results=(CheckResult("grants.replication-allowed", dict.fromkeys(Status, 0) | {Status.FAIL: 1}, findings),),
        gaps=(
            Gap("000000000002", "eu-west-1", "ecr:DescribeRegistry", GapKind.DENIED, "AccessDenied", "no", ("rules",)),
        ),
        scripts=(Script("000000000002", "eu-west-1", "10-x.sh", "#!/bin/sh\n", False, fingerprints),),
        calls=CallCounts({"ecr:DescribeRegistry": 3}),
        validations=({"suite": "links", "success": False},),
        documents={("000000000002", "eu-west-1"): {"account": "000000000002", "region": "eu-west-1", "x": None}},
        account_names={"000000000001": "root"},
    )


def test_a_run_comes_back_as_it_was(url: str):
    store = open_store(url)
    run = a_run()
    store.save(run, TABLES)
    assert store.load(run.id) == run
    pd.testing.assert_frame_equal(store.table(run.id, "accounts"), TABLES["accounts"], check_dtype=False)


def test_runs_are_listed_newest_first_and_found_by_name(url: str):
    store = open_store(url)
    for identifier in ("20261122T020000Z-bbbbbb", "20261123T020000Z-aaaaaa", "20261121T020000Z-cccccc"):
        store.save(a_run(identifier, fingerprints=("0123456789abcdef", "fedcba9876543210")), TABLES)
    assert [line.id[:8] for line in store.list()] == ["20261123", "20261122", "20261121"]
    assert store.list()[0].failing["critical"] == 1
    assert store.list()[0].waived == 1
    assert store.resolve("latest") == "20261123T020000Z-aaaaaa"
    assert store.resolve("previous") == "20261122T020000Z-bbbbbb"
    assert store.resolve("20261122") == "20261122T020000Z-bbbbbb"
    for name in ("2026112", "nonsense", ""):
        with pytest.raises(NoSuchRunError):
            store.resolve(name)


def test_before_the_only_run_there_is_none(url: str):
    store = open_store(url)
    store.save(a_run(), TABLES)
    with pytest.raises(NoSuchRunError, match="there is no previous run"):
        store.resolve("previous")


def test_a_narrowed_run_is_neither_latest_nor_previous_and_is_compared_only_with_its_like(url: str):
    store = open_store(url)
    selection = Selection(("grants",))
    narrowed = [
        replace(a_run(identifier), selection=selection, not_selected=("rules.filters-match",))
        for identifier in ("20261121T020000Z-dddddd", "20261124T020000Z-dddddd", "20261125T020000Z-dddddd")
    ]
    store.save(narrowed[0], TABLES)
    with pytest.raises(NoSuchRunError, match="narrowed to some of the checks"):
        store.resolve("latest")
    for identifier in ("20261122T020000Z-bbbbbb", "20261123T020000Z-aaaaaa"):
        store.save(replace(a_run(identifier), started_at=moment_of(identifier)), TABLES)
    for one in narrowed[1:]:
        store.save(one, TABLES)
    assert store.resolve("latest") == "20261123T020000Z-aaaaaa"
    assert store.resolve("previous") == "20261122T020000Z-bbbbbb"
    assert store.resolve("20261124") == "20261124T020000Z-dddddd"
    assert [one.id for one in store.history(narrowed[2])] == [narrowed[1].id, narrowed[0].id]
    assert [one.id[:8] for one in store.history(a_run("20261123T020000Z-aaaaaa"))] == ["20261122"]
    assert store.load(narrowed[1].id).selection == selection
    assert store.list()[0].selection == "checks grants"
    assert store.list()[0].not_selected == 1
    ages = store.ages("20261123T020000Z-aaaaaa")
    assert [(one.first_seen, one.runs) for one in ages.values()] == [(moment_of("20261122T020000Z"), 2)]


def moment_of(identifier: str) -> dt.datetime:
    return dt.datetime.strptime(identifier[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)


def test_an_altered_run_is_not_believed(url: str):
    store = open_store(url)
    store.save(a_run(), TABLES)
    path = Path(store.at(a_run().id)) / "run.json.gz"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(StoreError, match="altered"):
        store.load(a_run().id)


def test_nothing_is_kept_when_a_table_cannot_be_written(url: str):
    store = open_store(url)
    broken = pd.DataFrame({"a": [object()]})
    with pytest.raises(Exception, match="object"):
        store.save(a_run(), {"accounts": broken})
    assert store.list() == ()
    assert list(store.evidence_store.entries()) == []


def test_a_store_of_a_newer_program_is_refused(url: str):
    store = open_store(url)
    with store.engine.begin() as connection:
        connection.execute(schema.revisions.update().values(version_num="99"))
    with pytest.raises(StoreError, match="newer"):
        open_store(url)


@pytest.mark.parametrize("url", ["nonsense://x", "postgresql+nodriver://u:secret@h/d", "/dev/null/x"])
def test_a_store_that_cannot_be_opened_says_so_without_secrets(url: str):
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_a_store_can_be_used_by_two_writers(url: str):
    first, second = open_store(url), open_store(url)
    first.save(a_run("20261122T020000Z-bbbbbb"), TABLES)
    second.save(a_run("20261123T020000Z-aaaaaa"), TABLES)
    assert isinstance(first, Store)
    assert len(first.list()) == 2


def test_history_holds_earlier_runs_of_the_same_scope_only(url: str):
    store = open_store(url)
    earlier = a_run("20261121T020000Z-cccccc", fingerprints=("0123456789abcdef", "fedcba9876543210"))
    narrowed = replace(a_run("20261122T020000Z-bbbbbb"), scope=Scope(accounts=("000000000002",)))
    now, later = a_run("20261123T020000Z-aaaaaa"), a_run("20261124T020000Z-dddddd")
    for run in (earlier, narrowed, now, later):
        store.save(run, TABLES)
    (past,) = store.history(now)
    assert past.id == earlier.id
    assert past.open == {"0123456789abcdef": Severity.CRITICAL}  # the other one is waived
    assert past.waived == 1
    assert not past.evidence_complete
