"""Waivers that many people append to one file at once all land, and whatever is refused leaves the file as it was."""

from __future__ import annotations

import datetime as dt
import fcntl
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import waiver_file
from audit.model import Run
from audit.waiver_file import CannotWaiveError, Waived, append_waiver, waivable
from checks.baseline.loading import load_baseline
from checks.model import Status, WaiverMark
from tests.audit.store.test_store import a_run

TODAY = dt.date(2026, 11, 23)
SOON = TODAY + dt.timedelta(days=30)
MANY = tuple(f"{number:016x}" for number in range(48))


def run_with(*fingerprints: str) -> Run:
    run = a_run(fingerprints=fingerprints)
    (result,) = run.results
    return replace(
        run, results=(replace(result, findings=tuple(replace(one, waiver=None) for one in result.findings)),)
    )


def append(path: Path, fingerprint: str = MANY[0], **changed: object) -> Waived:
    run = run_with(*MANY)
    used: dict[str, object] = {"reason": "known", "until": SOON, "owner": "me", "today": TODAY} | changed
    return append_waiver(path, run, waivable(run, fingerprint), **used)  # type: ignore[arg-type]


def append_some(path: Path, fingerprints: tuple[str, ...]) -> None:
    """What each of many processes does."""
    for fingerprint in fingerprints:
        append(path, fingerprint, reason=f"of {fingerprint}: #1")


def kept(path: Path) -> list[str]:
    return [waiver.fingerprint for waiver in load_baseline(path.read_text(encoding="utf-8-sig"), "f").waivers]


def test_of_many_processes_that_waive_at_once_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text("# ours\nversion: 1  # of the format\n")
    shares = [MANY[number::8] for number in range(8)]
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert len([*pool.map(append_some, [path] * len(shares), shares)]) == len(shares)
    assert sorted(kept(path)) == sorted(MANY)
    assert path.read_text().startswith("# ours\nversion: 1  # of the format\n")
    assert [one.name for one in tmp_path.iterdir()] == ["waivers.yaml"], "neither a lock nor a part is left behind"


def test_threads_of_one_process_wait_for_each_other_too(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda fingerprint: append(path, fingerprint), MANY[:24]))
    assert sorted(kept(path)) == sorted(MANY[:24])


def test_of_those_who_waive_the_same_finding_at_once_one_succeeds(tmp_path: Path) -> None:
    path, together = tmp_path / "waivers.yaml", threading.Barrier(6)

    def attempt(_: int) -> bool:
        together.wait()
        try:
            append(path)
        except CannotWaiveError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1
    assert kept(path) == [MANY[0]]
    with pytest.raises(CannotWaiveError, match=r"waivers.yaml:4: 0{16} is already waived until 2026-12-23"):
        append(path)


def test_a_lock_that_a_dead_process_left_is_taken_and_one_that_is_held_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock = tmp_path / "waivers.yaml", tmp_path / ".waivers.yaml.lock"
    lock.write_text("")
    append(path)
    assert not lock.exists()
    monkeypatch.setattr(waiver_file, "LOCK_SECONDS", 0.05)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CannotWaiveError, match="another process has been writing to it"):
            append(path, MANY[1])
    assert kept(path) == [MANY[0]]


def test_what_was_written_is_reported(tmp_path: Path) -> None:
    real = tmp_path / "waivers.yaml"
    real.write_text("version: 1\n")
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    waived = append(link, reason="  because\n", owner=" me ")
    assert (waived.path, waived.owner) == (real, "me")
    assert load_baseline(real.read_text(), "f").waivers[0].reason == "because"


def test_a_baseline_is_not_added_to(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.yaml"
    baseline.write_text("longest_waiver_days: 40\nwaivers: []\n")
    with pytest.raises(CannotWaiveError, match=r"baseline\.yaml is a baseline; waivers are added only to a file"):
        append(baseline)
    assert baseline.read_text() == "longest_waiver_days: 40\nwaivers: []\n"


def test_the_baseline_of_the_run_says_how_far_ahead_a_waiver_may_end(tmp_path: Path) -> None:
    run = replace(run_with(*MANY), baseline_text="longest_waiver_days: 40\n")
    last = TODAY + dt.timedelta(days=40)
    used = {"reason": "known", "owner": "me", "today": TODAY}
    with pytest.raises(CannotWaiveError, match="at most 40 are allowed"):
        append_waiver(tmp_path / "f", run, run.findings[0], until=last + dt.timedelta(days=1), **used)  # type: ignore[arg-type]
    append_waiver(tmp_path / "f", run, run.findings[0], until=last, **used)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"until": TODAY - dt.timedelta(days=1)}, "the last day 2026-11-22 has passed; today is 2026-11-23"),
        ({"until": TODAY + dt.timedelta(days=367)}, "at most 366 are allowed"),
        ({"reason": " \n"}, "the reason: it is empty"),
        ({"owner": "a\ud800"}, "the owner: it contains characters that cannot be encoded"),
    ],
)
def test_what_is_refused_leaves_no_file(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    with pytest.raises(CannotWaiveError, match=said):
        append(tmp_path / "waivers.yaml", **changed)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"waivers:\n  - reason: x\n", r"waivers\[0\].owner: is missing"),
        (b"# caf\xe9\n", ":1: not valid UTF-8"),
    ],
)
def test_a_file_with_mistakes_is_left_alone(tmp_path: Path, held: bytes, said: str) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_bytes(held)
    with pytest.raises(CannotWaiveError, match=said):
        append(path)
    assert path.read_bytes() == held


def test_a_link_to_itself_and_a_folder_are_reported(tmp_path: Path) -> None:
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("round.yaml", "folder.yaml", "missing/waivers.yaml"):
        with pytest.raises(CannotWaiveError, match=name):
            append(tmp_path / name)


def test_what_is_never_waived_is_always_refused(tmp_path: Path) -> None:
    (finding,) = run_with(MANY[0]).findings
    for wrong, said in (
        (replace(finding, status=Status.ERROR), "fixed, not waived"),
        (replace(finding, check="waivers.in-force"), "cannot be waived"),
        (replace(finding, waiver=WaiverMark("known", "me", "2999-01-01")), "is already waived until 2999-01-01"),
    ):
        with pytest.raises(CannotWaiveError, match=said):
            append_waiver(
                tmp_path / "f", run_with(MANY[0]), wrong, reason="r", until=SOON, owner="o", today=TODAY
            )  # fmt: skip
    assert not [*tmp_path.iterdir()]


@given(typed=st.text())
def test_only_a_fingerprint_is_taken_for_one(typed: str) -> None:
    run = run_with(MANY[0], "f" * 16)
    with suppress(CannotWaiveError):
        assert waivable(run, typed).fingerprint.startswith(typed.strip().lower())
