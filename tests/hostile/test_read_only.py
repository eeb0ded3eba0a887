"""An audit reads and changes nothing, is allowed all that it calls and nothing that it does not, and records its calls.

The simulator is the witness: it counts every request that reached it, and how it answered. What is a read is what AWS's
service authorization reference calls one.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.aws import AwsSettings
from audit.aws.operations import OPERATIONS, management_policy, member_policy
from audit.evidence import Scope
from audit.model import Run
from audit.progress import no_progress
from audit.run import Request, run_audit
from audit.store import open_store
from checks.catalog import CHECKS
from ecr_audit.simulator import DEMO_BASELINE, DEMO_WORLD, World, load_world, serve
from ecr_audit.simulator.engine import CallCount
from reports.formats import render
from reports.view import build_view

LEVELS: Mapping[str, str] = json.loads((Path(__file__).parent / "access_levels.json").read_text())["levels"]
CREDENTIALS = "sts:AssumeRole"
"""Gives credentials; changes nothing in the account that it is called for."""
THROTTLED, DENIED = {"ThrottlingException", "Throttling"}, {"AccessDenied", "AccessDeniedException"}


@dataclass(frozen=True)
class Watched:
    run: Run
    stored: Run
    """The same, as the store gives it back."""
    answered: Mapping[CallCount, int]
    before: object
    after: object

    def counted(self, wanted: Callable[[str], bool] = lambda outcome: True) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for (_, _, action, outcome), times in self.answered.items():
            if wanted(outcome):
                counts[action] += times
        return dict(counts)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A whole run over the demo organization, every repository in detail."""
    store = open_store(str(tmp_path_factory.mktemp("store")))
    with pytest.MonkeyPatch.context() as patch, serve(load_world(DEMO_WORLD)) as simulation:
        for name, value in simulation.environment().items():
            patch.setenv(name, value)
        before = simulation.snapshot()
        settings = AwsSettings(endpoint_url=simulation.endpoint)
        text = DEMO_BASELINE.read_text(encoding="utf-8")
        request = Request(settings, Scope(all_repositories=True), "baseline.yaml", text)
        now = dt.datetime.fromtimestamp(simulation.world.now(), dt.UTC)
        run = run_audit(request, store, no_progress, lambda: now)
        yield Watched(run, store.load(run.id), simulation.calls(), before, simulation.snapshot())


def test_nothing_in_the_organization_changed(watched: Watched):
    assert watched.before == watched.after
    World.from_document(watched.after)  # a snapshot is a world: nothing is left out of the comparison silently


def test_every_request_was_a_read(watched: Watched):
    called = set(watched.counted())
    assert called - set(LEVELS) == set(), "look these up in the service authorization reference, and add them"
    assert {action for action in called if LEVELS[action] not in ("Read", "List")} <= {CREDENTIALS}


def test_what_is_declared_reads():
    levels = {one.action: LEVELS.get(one.action) for one in OPERATIONS if one.action != CREDENTIALS}
    assert set(levels.values()) <= {"Read", "List"}, levels


def granted() -> set[str]:
    policies = (member_policy(), management_policy())
    return {action for policy in policies for one in policy["Statement"] for action in one["Action"]}


def test_every_request_is_allowed_by_the_generated_policies(watched: Watched):
    assert set(watched.counted()) <= granted()


def test_no_right_is_asked_for_in_vain(watched: Watched):
    idle = granted() - set(watched.counted())
    assert idle <= {one.action for one in OPERATIONS if one.optional}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_checks_name_permissions_that_exist(check):
    assert set(check.permissions) <= granted()


def test_the_run_recorded_every_request_and_what_came_of_it(watched: Watched):
    run = watched.run
    assert dict(run.calls.sent) == watched.counted()
    assert dict(run.calls.refused) == watched.counted(lambda outcome: outcome in DENIED)
    assert dict(run.calls.throttled) == watched.counted(lambda outcome: outcome in THROTTLED)
    # The demo organization has both.
    assert run.calls.refused
    assert run.calls.throttled
    assert watched.stored.calls == run.calls


def test_reports_tell_the_requests(watched: Watched):
    run = watched.stored
    view = build_view(run)
    told = json.loads(render("json", run, view)["findings.json"])["run"]
    assert (told["calls"], told["refused"], told["throttled"]) == (
        run.calls.sent,
        run.calls.refused,
        run.calls.throttled,
    )
    rows = list(csv.DictReader(io.StringIO(render("csv", run, view)["calls.csv"].decode())))
    assert {row["OPERATION"]: int(row["REQUESTS"]) for row in rows} == run.calls.sent
    assert sum(int(row["REFUSED"]) for row in rows) == sum(run.calls.refused.values())
