"""Runs of one organization whose requirements change: what is fixed, and what is no longer required."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.model import Run
from audit.progress import no_progress
from audit.questions import Difference, Unasked
from audit.run import Request, run_audit
from audit.run_changes import State
from audit.store import NoSuchRunError, Store, open_store
from checks.selection import Selection
from ecr_audit.simulator import World, serve
from reports.comparison import compare
from reports.run_view import kept_view

ACCOUNT = "111111111111"
LINK = """\
version: 1
replication:
  - name: second Region
    destinations: [{account: same, region: us-east-1}]
"""
SETTINGS = (
    LINK
    + """\
settings:
  - repositories: ["team/"]
    tag_mutability: IMMUTABLE
"""
)
NARROWER = (
    LINK
    + """\
settings:
  - repositories: ["team/a"]
    tag_mutability: IMMUTABLE
"""
)
WAIVED = (
    SETTINGS
    + """\
waivers:
  - {checks: [limits.rules-within-limit], accounts: ["111111111111"], reason: r, owner: o, until: 2026-12-01}
"""
)
CHECK = "settings.tag-mutability"


def world(*immutable: str) -> World:
    images = [{"tags": ["1"], "pushed_at": "2026-10-01T00:00:00Z"}]
    repositories = [{"name": name, "images": images} for name in ("team/a", "team/b", "other")]
    replicas = [
        {"name": name, "images": [], "tag_mutability": "IMMUTABLE" if name in immutable else "MUTABLE"}
        for name in ("team/a", "team/b")
    ]
    rules = [{"destinations": [{"region": "us-east-1", "registryId": ACCOUNT}]}]
    return World.from_document(
        {
            "version": 1,
            "now": "2026-11-01T02:00:00Z",
            "accounts": [{"id": ACCOUNT, "name": "one", "state": "ACTIVE", "regions": ["eu-west-1", "us-east-1"]}],
            "registries": [
                {"account": ACCOUNT, "region": "eu-west-1", "rules": rules, "repositories": repositories},
                {"account": ACCOUNT, "region": "us-east-1", "repositories": replicas},
            ],
        }
    )


Audit = Callable[..., Run]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


@pytest.fixture
def audit(store: Store) -> Audit:
    moment = dt.datetime(2026, 11, 1, 2, tzinfo=dt.UTC)

    def run(baseline: str, *immutable: str, scope: Scope = Scope(), selection: Selection = Selection()) -> Run:  # noqa: B008 frozen values
        nonlocal moment
        moment += dt.timedelta(hours=1)
        with pytest.MonkeyPatch.context() as patch, serve(world(*immutable)) as simulation:
            for name, value in simulation.environment().items():
                patch.setenv(name, value)
            settings = AwsSettings(endpoint_url=simulation.endpoint)
            request = Request(settings, scope, "baseline.yaml", baseline, selection=selection)
            return run_audit(request, store, no_progress, lambda: moment)

    return run


def states(store: Store, before: Run, after: Run) -> dict[str, tuple[State, object]]:
    """Repository → change of its tag mutability, with the reason."""
    entries = compare(before, after, store.dropped(before, after)).entries
    return {
        str(one.finding.key["repository"]): (one.state, one.reason) for one in entries if one.finding.check == CHECK
    }


def test_only_what_was_evaluated_under_the_same_requirement_is_fixed(store: Store, audit: Audit) -> None:
    first = audit(SETTINGS)
    assert len([one for one in first.findings if one.check == CHECK]) == 2
    gone = (State.NO_LONGER_REQUIRED, Unasked.REQUIREMENT)

    without = audit(LINK)  # the requirement is gone
    assert states(store, first, without) == {"team/a": gone, "team/b": gone}
    view = kept_view(store, without)
    assert view.change
    assert (len(view.change.fixed), len(view.change.no_longer_required)) == (0, 2)
    assert [point.requirements_changed for point in view.trend] == [False, True]
    assert "2 no longer required" in view.change.sentence

    same = audit(LINK)  # the runs in between know it
    assert states(store, first, same) == {"team/a": gone, "team/b": gone}
    assert store.dropped(without, same) == frozenset()

    again = audit(SETTINGS)  # required again: the failure is new
    assert states(store, without, again) == dict.fromkeys(("team/a", "team/b"), (State.NEW, None))
    assert {one.runs for mark, one in store.ages(again.id).items() if mark in view.change.no_longer_required} == {1}

    both = audit(NARROWER, "team/b")  # one requirement is gone, and that replica would pass it
    assert states(store, again, both) == {"team/a": (State.STILL, None), "team/b": (State.FIXED, None)}
    waived = audit(WAIVED, "team/b")  # a waiver is no requirement
    assert states(store, both, waived) == {"team/a": (State.STILL, None)}
    fixed = audit(SETTINGS, "team/a", "team/b")
    assert states(store, waived, fixed) == {"team/a": (State.FIXED, None)}


def test_replication_within_one_account_has_nothing_to_do_with_registry_policies(audit: Audit) -> None:
    """ECR user guide, registry-permissions.html: only replication across accounts needs a registry policy."""
    found = [one for one in audit(SETTINGS).findings if one.key.get("source_account")]
    assert {"coverage.images-present", "coverage.repository-present"} <= {one.check for one in found}
    for one in found:
        remedy = one.remediation
        texts = (one.message, *((remedy.summary, *remedy.manual) if remedy else ()))
        assert not [text for text in texts if "registry policy" in text or "grant" in text], one.check


def test_other_scopes_and_checks_are_other_questions(store: Store, audit: Audit) -> None:
    first = audit(SETTINGS)
    narrowed = audit(SETTINGS, scope=Scope(regions=("us-east-1",)))
    found = compare(first, narrowed, store.dropped(first, narrowed))
    assert Difference.SCOPE in found.differences
    assert not found.counts[State.FIXED]
    assert {entry.reason for entry in found.entries if entry.state is State.NO_LONGER_REQUIRED} == {Unasked.SCOPE}

    selected = audit(SETTINGS, selection=Selection(("grants",)))
    found = compare(first, selected, store.dropped(first, selected))
    assert Difference.CHECKS in found.differences
    assert {entry.reason for entry in found.entries} == {Unasked.CHECK}

    assert store.resolve_pair(first.id, "latest") == (first.id, first.id)
    with pytest.raises(NoSuchRunError, match="no run before"):
        store.resolve_pair("previous", narrowed.id)
    second = audit(SETTINGS)
    assert store.resolve_pair("previous", "latest") == (first.id, second.id)
    assert store.resolve_pair("previous", second.id) == (first.id, second.id)
