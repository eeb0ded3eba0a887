"""Run in a tree with the channel `sample`: it is configured, documented, tried and sent through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from checks.baseline.yaml_reader import BaselineError
from ecr_audit.cli import commands
from schedules.configuration.loading import example_configuration, load_configuration
from schedules.configuration.service import configuration_schema
from schedules.deliveries.channels import CHANNELS
from schedules.deliveries.receipts import ReceiptState
from tests.reports import runs
from tests.schedules.deliveries.world import world_in

TEXT = """
store: store
deliveries:
  spool: {type: sample, spool: spool.jsonl, token: {env: SAMPLE_TOKEN}, ca_file: "", notify_on: {always: true}}
"""
SECRET = "s3cret-of-the-sample"


def test_its_settings_are_read_and_its_mistakes_are_named(tmp_path: Path):
    loaded = load_configuration(TEXT, "service.yaml", tmp_path).deliveries["spool"]
    assert loaded.model_dump()["spool"] == f"{tmp_path}/spool.jsonl"
    wrong = TEXT.replace('ca_file: ""', "ca_file: ca.pem").replace("{env: SAMPLE_TOKEN}", SECRET)
    with pytest.raises(BaselineError) as caught:
        load_configuration(wrong, "service.yaml", tmp_path)
    problems = [str(problem) for problem in caught.value.problems]
    assert len(problems) == 2
    assert "deliveries.spool.token" in problems[0]
    assert f"deliveries.spool.ca_file: the file {tmp_path}/ca.pem does not exist" in problems[1]
    assert not any(SECRET in problem for problem in problems)


def test_schedule_check_looks_for_its_secret(tmp_path: Path):
    file = tmp_path / "service.yaml"
    file.write_text(TEXT)
    said = CliRunner().invoke(commands, ["schedule", "check", "--config", str(file)], catch_exceptions=False).output
    assert "deliveries.spool.token: the variable SAMPLE_TOKEN is not set here" in said


def test_a_run_is_delivered_and_the_secret_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SAMPLE_TOKEN", SECRET)
    world, run = world_in(tmp_path / "store"), runs.small_run()
    delivery = load_configuration(TEXT, "service.yaml", tmp_path).deliveries["spool"]
    (receipt,) = world.deliver(world.context(run=run), {"spool": delivery})
    assert (receipt.state, receipt.attempts) == (ReceiptState.SENT, 1)
    assert receipt.detail["answer"] == "taken with (hidden)"
    (line,) = (tmp_path / "spool.jsonl").read_text().splitlines()
    assert json.loads(line) == {"key": f"{receipt.job}.spool", "run": run.id, "subject": json.loads(line)["subject"]}


def test_a_person_tries_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SAMPLE_TOKEN", SECRET)
    (tmp_path / "service.yaml").write_text(TEXT)
    said = CliRunner().invoke(commands, ["send", "test", "spool", "--config", str(tmp_path / "service.yaml")])
    assert said.exit_code == 0, said.output
    assert "Sent through the delivery spool." in said.output
    assert SECRET not in said.output
    assert (tmp_path / "spool.jsonl").is_file()


def test_example_schema_and_page_show_it(tmp_path: Path):
    example = load_configuration(example_configuration(), "example", tmp_path)
    assert example.deliveries["spool"].type == "sample"
    assert "SampleDelivery" in json.dumps(configuration_schema())
    page = (Path.cwd() / "docs" / "channels.md").read_text()
    assert "| [`sample`](#sample) | a line of JSON | no | a second line |" in page
    assert "| `spool` | needed | File to append to. |" in page
    assert list(CHANNELS)[-1] == "sample"
