"""What people do on the pages: ask, cancel, waive; and what they are not let do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from checks.model import Status
from ecr_audit.web.security.roles import Role
from schedules.configuration.service import Schedule
from schedules.jobs.queue import JobState, Kind
from tests.ecr_audit.web.doors import RUN, Served, mixed, serving
from tests.ecr_audit.web.pages_seen import Seen
from tests.ecr_audit.web.pages_world import look, post, usual
from tests.reports.mixed import mixed_run


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with usual(tmp_path_factory.mktemp("pages")) as world:
        yield world


def test_a_person_asks_for_an_audit_and_cancels_it(tmp_path: Path):
    with serving(tmp_path, schedules={"nightly": Schedule(every="nightly")}, runs=[mixed()]) as world:
        answer = post(world, "/", "/audits", schedule="nightly", accounts="100000000003, 100000000005", regions="")
        assert answer.status_code == 303
        job = world.services.queue.get(answer.headers["location"].rpartition("/")[2])
        assert job is not None
        assert (job.schedule, job.state) == ("nightly", JobState.WAITING)
        assert job.request["scope"]["accounts"] == ["100000000003", "100000000005"]
        seen = look(world.browser().client, answer.headers["location"])
        assert "Waiting" in seen.words
        assert post(world, f"/jobs/{job.id}", "/cancel").status_code == 303
        assert "Cancelled" in look(world.browser().client, f"/jobs/{job.id}").words
        wrong = post(world, "/", "/audits", regions="eu west 1 <b>")
        assert wrong.status_code == 400
        assert "Enter 12-digit account IDs" in Seen(wrong.text).words
        assert post(world, "/", "/audits", schedule="weekly").status_code == 404
        assert post(world, "/schedules", "/audits").status_code == 303
        assert len(world.services.queue.list(limit=10)) == 2


def test_a_person_has_reports_made(served: Served):
    answer = post(served, f"/runs/{RUN}", "/reports", formats="csv")
    assert answer.status_code == 303
    job = served.services.queue.get(answer.headers["location"].rpartition("/")[2])
    assert job is not None
    assert (job.kind, job.run, dict(job.request)) == (Kind.REPORT, RUN, {"formats": ["csv"]})
    served.services.queue.begin(job.id, "worker")
    served.services.queue.end(job.id, "worker", JobState.DONE)
    assert f"/runs/{RUN}/download/csv" in look(served.browser().client, f"/jobs/{job.id}").links
    assert post(served, f"/runs/{RUN}", "/reports", formats="exe").status_code == 400


def test_a_person_waives_a_finding_and_sees_that_it_is_so(served: Served, tmp_path: Path):
    run = served.services.opened(RUN).run
    found = next(one for one in run.findings if one.status is Status.FAIL and one.waiver is None)
    page = f"/runs/{RUN}/findings/{found.fingerprint}"
    for data, problem in (
        ({"reason": " ", "until": "2026-12-31"}, "Enter the reason for the waiver"),
        ({"reason": "x" * 2001, "until": "2026-12-31"}, "shorten it to 2,000 or fewer"),
        ({"reason": "why", "until": "31.12.2026"}, "as YYYY-MM-DD, for example 2027-01-31"),
        ({"reason": "why", "until": "2026-11-22"}, "has passed"),
        ({"reason": "why", "until": "2036-11-22"}, "at most"),
    ):
        refused = post(served, page, "/waive", **data)
        assert refused.status_code == 400
        seen = Seen(refused.text)
        assert seen.problems == []
        assert problem in seen.words
        assert seen.form("/waive").fields["until"] == [data["until"]]
    answer = post(served, page, "/waive", reason="Moved <b>in</b> January\r\nX-Evil: 1", until="2026-12-31")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}#waiver")
    seen = look(served.browser().client, page)
    assert "Waived since this run, until 2026-12-31; the next run applies the waiver." in seen.words
    assert "Moved <b>in</b> January" in seen.words
    assert not any(form.action.partition("#")[0].endswith("/waive") for form in seen.forms)
    assert found.fingerprint in (Path(served.services.configuration.schedules["nightly"].waivers)).read_text()
    waived = next(one for one in run.findings if one.waiver is not None)
    assert waived.waiver is not None
    assert waived.waiver.reason in look(served.browser().client, f"/runs/{RUN}/findings/{waived.fingerprint}").words


@pytest.mark.parametrize(
    "reason", ["nul \0 in it", "bell \x07", "\u2028 line", "#: {[*&!|>'\"%@`", "---\n- a: b\n...\n"]
)
def test_any_reason_is_kept_or_refused_in_words(tmp_path: Path, reason: str):
    schedules = {"nightly": Schedule(every="nightly", waivers=str(tmp_path / "waivers.yaml"))}
    with serving(tmp_path, schedules=schedules, runs=[mixed()]) as world:
        found = next(one for one in mixed_run().findings if one.status is Status.FAIL and one.waiver is None)
        page = f"/runs/{RUN}/findings/{found.fingerprint}"
        answer = post(world, page, "/waive", reason=reason, until="2026-12-31")
        assert answer.status_code in (303, 400), answer.text
        seen = look(world.browser().client, page) if answer.status_code == 303 else Seen(answer.text)
        assert seen.problems == []
        assert ("Waived since this run" in seen.words) is (answer.status_code == 303)


def test_roles_decide_what_is_offered_and_what_is_done(tmp_path: Path):
    with serving(tmp_path, web={"signin": "tokens"}, runs=[mixed()]) as world:
        run = world.services.opened(RUN).run
        found = next(one for one in run.findings if one.status is Status.FAIL and one.waiver is None)
        page = f"/runs/{RUN}/findings/{found.fingerprint}"
        anonymous = world.browser().client.get(page)
        assert anonymous.status_code == 303
        assert urlsplit(anonymous.headers["location"]).path == "/signin"
        assert world.browser().client.get("/static/page.css").status_code == 200
        offered = {Role.READ: (False, False), Role.RUN: (True, False), Role.ADMIN: (True, True)}
        for role, (may_run, may_waive) in offered.items():
            browser = world.browser()
            assert browser.sign_in(world.token(role)).status_code == 303
            home, finding = look(browser.client, "/"), look(browser.client, page)
            assert any(form.action == "/audits" for form in home.forms) is may_run
            assert any("/waive" in form.action for form in finding.forms) is may_waive
            data = {"csrf_token": home.forms[0].fields["csrf_token"][0], "reason": "r", "until": "2026-12-31"}
            assert (browser.post("/audits", data).status_code == 403) is not may_run
            assert (browser.post(f"{page}/waive", data).status_code == 403) is not may_waive
            assert (browser.post(f"/runs/{RUN}/reports", {**data, "formats": "csv"}).status_code == 403) is not may_run


def test_a_form_of_another_page_is_not_taken(served: Served):
    browser = served.browser()
    browser.client.get("/")
    before = len(served.services.queue.list(limit=100))
    for token in ("", "0" * 96):
        answer = browser.post("/audits", {"schedule": "nightly", "csrf_token": token})
        assert answer.status_code == 403
        assert "reload the page and try again" in Seen(answer.text).words
    assert len(served.services.queue.list(limit=100)) == before
