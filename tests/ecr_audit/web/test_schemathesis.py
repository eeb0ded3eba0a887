"""Schemathesis asks the running API whatever its own description allows, and much that it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from ecr_audit.web.api import router
from ecr_audit.web.api.events import Followers
from ecr_audit.web.api.openapi import described
from ecr_audit.web.security.roles import Role
from schedules.configuration.service import Schedule
from tests.ecr_audit.web.doors import Served, kept, serving, tables
from tests.reports.runs import small_run

BOUNDS = settings(
    max_examples=8, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("schemathesis")
    schedules = {"nightly": Schedule(every="nightly", waivers=str(folder / "waivers.yaml"))}
    followers = Followers(longest_seconds=0.05, look_seconds=0.01)
    runs = [(kept(small_run(), day), tables()) for day in (22, 23)]
    web = {"signin": "tokens"}
    with serving(folder, web=web, schedules=schedules, runs=runs, followers=followers) as one:
        yield one


schema = schemathesis.openapi.from_dict(described(router.routes, "0"))


@schema.parametrize()
@BOUNDS
def test_an_administrator_gets_what_the_description_says(case: Case, closed: Served) -> None:
    headers = {"Authorization": f"Bearer {closed.token(Role.ADMIN)}"}
    case.call_and_validate(base_url=closed.url, headers=headers, timeout=120)
    _tidy(closed)


@schema.parametrize()
@settings(BOUNDS, max_examples=2)
def test_nobody_gets_nothing(case: Case, closed: Served) -> None:
    answer = case.call(base_url=closed.url)
    assert answer.status_code == 401
    case.validate_response(answer)


def _tidy(closed: Served) -> None:
    """A queue that is full would refuse everything that follows."""
    for job in closed.services.queue.waiting()[20:]:
        closed.services.queue.request_cancel(job.id, "test")


def test_the_application_describes_itself_so(closed: Served) -> None:
    assert closed.app.openapi()["paths"] == described(router.routes, "0")["paths"]
    schema.validate()
