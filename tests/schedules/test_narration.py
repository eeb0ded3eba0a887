"""What the log hears of an audit's progress."""

from __future__ import annotations

import inspect

from structlog.testing import capture_logs

import audit.inventory.phases
from schedules.narration import narrate


class Told:
    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def started(self, total_registries: int) -> None:
        self.heard.append(("started", total_registries))

    def finished(self, account: str, region: str) -> None:
        self.heard.append(("finished", account, region))

    def note(self, text: str) -> None:
        self.heard.append(("note", text))


def test_events_name_account_and_region_and_everything_is_handed_on() -> None:
    told = Told()
    progress = narrate(told)
    with capture_logs() as events:
        progress.note("reading the organization")
        progress.started(3)
        progress.finished("111122223333", "eu-west-1")
        progress.note("111122223333 eu-west-1: the process that read it\nended")
        progress.note("111122223333 : no role")
    assert events == [
        {"event": "phase", "doing": "reading the organization", "log_level": "info"},
        {"event": "reads-ahead", "registries": 3, "log_level": "info"},
        {"event": "registry-read", "account": "111122223333", "region": "eu-west-1", "log_level": "debug"},
        {
            "event": "registry-lost", "account": "111122223333", "region": "eu-west-1",
            "reason": "the process that read it\nended", "log_level": "warning",
        },
        {
            "event": "registry-lost", "account": "111122223333", "region": "", "reason": "no role",
            "log_level": "warning",
        },
    ]  # fmt: skip
    assert [what for what, *_rest in told.heard] == ["note", "started", "finished", "note", "note"]


def test_a_lost_registry_is_told_in_the_form_that_is_looked_for() -> None:
    assert 'note(f"{task.account} {task.region}: {outcome.message}")' in inspect.getsource(audit.inventory.phases)
