"""`ecr-audit store`, as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.store import open_store
from ecr_audit.cli import commands
from tests.audit.store.next_program import next_program, revisions_of_next
from tests.audit.store.test_finding_age import night
from tests.audit.store.test_store import TABLES

FIRST = night(0, "found").id


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A store of three nights."""
    store = open_store(str(tmp_path / "store"))
    for number in range(3):
        store.save(night(number, "found"), TABLES)
    store.engine.dispose()
    return str(tmp_path / "store")


def said(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["store", *arguments])


def test_the_state_of_a_store(folder: str):
    assert said("hold", FIRST[:8], "--reason", "court\x1b[31m", "--by", "counsel", "--store", folder).exit_code == 0
    shown = said("status", "--store", folder)
    assert shown.exit_code == 0
    assert "Schema    1, current" in shown.output
    assert f"Runs      3, {FIRST} to {night(2, 'found').id}" in shown.output
    assert "by counsel: court" in shown.output
    assert "\x1b" not in shown.output
    status = json.loads(said("status", "--json", "--store", folder).output)
    assert (status["runs"], status["evidence"], list(status["holds"])) == (3, folder, [FIRST])


def test_a_store_that_is_not_there_is_not_begun(tmp_path: Path):
    nowhere = str(tmp_path / "nowhere")
    assert "there is no store yet" in said("status", "--store", nowhere).output
    for command in (("verify",), ("prune", "--days", "3"), ("upgrade",), ("hold", "latest", "--reason", "x")):
        refused = said(*command, "--store", nowhere)
        assert refused.exit_code == 2
        assert "does not exist; use `ecr-audit run` to create one" in refused.output
    assert not Path(nowhere).exists()


def test_an_old_store_is_upgraded(folder: str, tmp_path: Path):
    with next_program(revisions_of_next(tmp_path)):
        assert "`ecr-audit store upgrade` upgrades it" in said("status", "--store", folder).output
        refused = said("verify", "--store", folder)
        assert refused.exit_code == 2
        assert "`ecr-audit store upgrade`" in refused.output
        assert json.loads(said("status", "--json", "--store", folder).output)["schema"] == "1"
        assert "was upgraded from schema 1 to next" in said("upgrade", "--store", folder).output
        assert "no upgrade needed" in said("upgrade", "--store", folder).output
        assert said("verify", "--store", folder).exit_code == 0
    for command in ("status", "upgrade", "verify"):
        refused = said(command, "--store", folder)
        assert refused.exit_code == 2
        assert "a newer version wrote it; update ecr-audit" in refused.output


def test_verify_reports_and_repairs(folder: str):
    assert "files verified, all unchanged" in said("verify", "--store", folder).output
    store = open_store(folder)
    left = Path(store.at("20261102T030000Z-cccccc"))
    left.mkdir()
    assert said("verify", "--store", folder).exit_code == 0  # it may be a run about to be kept
    found = said("verify", "--older-than", "0", "--store", folder)
    assert found.exit_code == 3
    assert "ecr-audit store verify --repair" in found.output
    assert left.exists()
    fixed = said("verify", "--older-than", "0", "--repair", "--store", folder)
    assert fixed.exit_code == 0
    assert f"deleted: {left}" in fixed.output
    assert not left.exists()
    (Path(store.at(FIRST)) / "accounts.parquet").write_bytes(b"x")
    found = said("verify", "--repair", "--json", "--store", folder)
    assert found.exit_code == 3
    assert json.loads(found.output) == {
        "checked": 10,
        "problems": [
            {"run": FIRST, "file": "accounts.parquet", "problem": "was altered after the run was stored"},
        ],
        "deleted": [],
    }


def test_runs_are_let_go_unless_they_are_held(folder: str):
    refused = said("prune", "--store", folder)
    assert refused.exit_code == 2
    assert "--days or --runs" in refused.output
    assert said("hold", FIRST, "--reason", "court", "--store", folder).exit_code == 0
    assert said("hold", FIRST, "--reason", "court", "--store", folder).exit_code == 2
    dry = said("prune", "--runs", "1", "--dry-run", "--store", folder)
    assert dry.output == f"{night(1, 'found').id} would be deleted: more than 1 runs of its organization and scope\n"
    assert len(open_store(folder).list()) == 3
    assert "is deleted" in said("prune", "--runs", "1", "--by", "me", "--store", folder).output
    assert "There are no runs to delete" in said("prune", "--runs", "1", "--store", folder).output
    assert said("release", FIRST, "--by", "counsel", "--store", folder).exit_code == 0
    assert FIRST in said("prune", "--runs", "1", "--store", folder).output
    store = open_store(folder)
    assert len(store.list()) == 1
    assert [(act.act, act.by) for act in store.audit_log()][1:3] == [("release", "counsel"), ("prune", "me")]


def test_evidence_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = str(tmp_path / "apart")
    CliRunner().invoke(commands, ["runs", "list", "--store", str(tmp_path / "a"), "--evidence", place])
    assert f"Evidence  {place}\n" in said("status", "--store", str(tmp_path / "a")).output
    monkeypatch.setenv("ECR_AUDIT_EVIDENCE", str(tmp_path / "other"))
    refused = said("verify", "--store", str(tmp_path / "a"))
    assert refused.exit_code == 2
    assert "cannot be changed" in refused.output
    assert f"Evidence  {place}\n" in said("status", "--store", str(tmp_path / "a")).output
