"""`ecr-audit waive`: one entry more in a file of waivers, or one clear refusal and no change."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.model import Run
from audit.store import open_store
from checks.baseline.loading import load_waivers
from checks.model import Status, WaiverMark
from ecr_audit.cli.waive import waive
from tests.audit.store.test_store import TABLES, a_run

ONE, OTHER = "0123456789abcdef", "0123456700000000"
TODAY = dt.datetime.now(dt.UTC).date()
SOON = (TODAY + dt.timedelta(days=30)).isoformat()


def unwaived(
    *fingerprints: str, check: str = "", status: Status = Status.FAIL, waiver: WaiverMark | None = None
) -> Run:
    run = a_run(fingerprints=fingerprints)
    (result,) = run.results
    found = tuple(replace(one, waiver=waiver, status=status, check=check or one.check) for one in result.findings)
    return replace(run, results=(replace(result, findings=found),))


def call(folder: Path, *arguments: str, kept: Run | None = None, **options: str) -> Result:
    """*options* replace the command's usual ones."""
    store = folder / "store"
    if not store.exists():
        open_store(str(store)).save(kept or unwaived(ONE), TABLES)
    used = {"reason": "why: #1", "until": SOON, "owner": "me", "file": str(folder / "waivers.yaml")} | options
    flat = [word for name, value in used.items() if value for word in (f"--{name}", value)]
    return CliRunner().invoke(waive, [*(arguments or (ONE,)), *flat, "--store", str(store)])


def test_it_begins_a_file_that_the_next_run_reads(tmp_path: Path) -> None:
    answer = call(tmp_path)
    assert answer.exit_code == 0, answer.output
    assert "critical grants.replication-allowed 0123456789abcdef in 000000000002/eu-west-1" in answer.output
    assert f"--waivers {tmp_path}/waivers.yaml" in answer.output
    (waiver,) = load_waivers((tmp_path / "waivers.yaml").read_text(), "waivers.yaml")
    assert (waiver.checks, waiver.fingerprint) == (("grants.replication-allowed",), ONE)
    assert (waiver.accounts, waiver.regions) == (("000000000002",), ("eu-west-1",))
    assert (waiver.reason, waiver.owner, waiver.until.isoformat()) == ("why: #1", "me", SOON)


def test_it_appends_through_a_link_and_keeps_mark_and_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "ours.yaml", tmp_path / "link.yaml"
    real.write_text("\ufeff# ours\nversion: 1  # of the format\n", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    assert call(tmp_path, file=str(link)).exit_code == 0
    text = real.read_text(encoding="utf-8")
    assert text.startswith("\ufeff# ours\nversion: 1  # of the format\n")
    assert load_waivers(text, "ours.yaml")[0].fingerprint == ONE
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_baseline_is_refused_and_left_alone(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.yaml"
    baseline.write_text("# ours\nlongest_waiver_days: 10\n")
    refused = call(tmp_path, file=str(baseline))
    assert refused.exit_code == 2
    assert "baseline.yaml is a baseline; waivers are added only to a file that contains nothing else" in refused.output
    assert baseline.read_text() == "# ours\nlongest_waiver_days: 10\n"


def test_the_beginning_of_a_fingerprint_suffices_where_it_is_one(tmp_path: Path) -> None:
    assert call(tmp_path, ONE[:8].upper()).exit_code == 0
    assert "matches 2 findings" in call(tmp_path / "two", ONE[:8], kept=unwaived(ONE, OTHER)).output
    assert "eight to sixteen hex digits" in call(tmp_path, ONE[:7]).output


@pytest.mark.parametrize(
    ("arguments", "options", "kept", "said"),
    [
        (("f" * 16,), {}, unwaived(ONE), "has no finding ffffffffffffffff"),
        ((), {"until": (TODAY - dt.timedelta(days=1)).isoformat()}, unwaived(ONE), "has passed"),
        ((), {"until": (TODAY + dt.timedelta(days=367)).isoformat()}, unwaived(ONE), "at most 366 are allowed"),
        ((), {"until": "2027-02-30"}, unwaived(ONE), "is not a valid date"),
        ((), {"until": "31.1.2027"}, unwaived(ONE), "use YYYY-MM-DD, for example 2027-01-31"),
        ((), {"reason": "  "}, unwaived(ONE), "it is empty"),
        ((), {"run": "19990101"}, unwaived(ONE), "there is no run"),
        ((), {}, unwaived(ONE, status=Status.ERROR), "fixed, not waived"),
        ((), {}, unwaived(ONE, check="waivers.in-force"), "cannot be waived"),
        (
            (),
            {},
            unwaived(ONE, waiver=WaiverMark("known", "me", "2999-01-01")),
            "is already waived until 2999-01-01: known (me)",
        ),
        ((), {"file": "/no/such/folder/waivers.yaml"}, unwaived(ONE), "No such file or directory"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], options: dict[str, str], kept: Run, said: str
) -> None:
    answer = call(tmp_path, *arguments, kept=kept, **options)
    assert answer.exit_code == 2
    assert said in answer.output
    assert not (tmp_path / "waivers.yaml").exists()


def test_a_second_one_for_the_same_finding_is_refused_with_the_line(tmp_path: Path) -> None:
    assert call(tmp_path).exit_code == 0
    before = (tmp_path / "waivers.yaml").read_bytes()
    again = call(tmp_path)
    assert again.exit_code == 2
    assert "waivers.yaml:4: " in again.output
    assert (tmp_path / "waivers.yaml").read_bytes() == before


def test_the_owner_is_who_git_says_or_has_to_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gitconfig").write_text("")
    assert "with --owner" in call(tmp_path, owner="").output
    (tmp_path / "gitconfig").write_text("[user]\nemail = jane@example.com\n")
    assert call(tmp_path, owner="").exit_code == 0
    assert load_waivers((tmp_path / "waivers.yaml").read_text(), "f")[0].owner == "jane@example.com"


def test_a_file_with_mistakes_is_reported_with_lines_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "waivers.yaml").write_text("waivers:\n  - reason: x\n")
    answer = call(tmp_path)
    assert answer.exit_code == 2
    assert "waivers.yaml:2:5: waivers[0].owner: is missing" in answer.output
    assert (tmp_path / "waivers.yaml").read_text() == "waivers:\n  - reason: x\n"
