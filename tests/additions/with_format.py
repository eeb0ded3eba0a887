"""Run in a tree with the format `sample`: everything that offers formats offers it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ecr_audit.cli import commands
from ecr_audit.web.api.openapi import document
from reports.formats import FORMATS
from schedules.configuration.service import Configuration, configuration_schema
from schedules.deliveries.manual import send_now
from tests.additions.tree import ROOT
from tests.ecr_audit.web.doors import Served, mixed, serving

CONTENT = "sample of 20261123T020000Z-4f9a1c\n"
RUN = "20261123T020000Z-4f9a1c"


def test_the_command_line_writes_it(tmp_path: Path):
    with serving(tmp_path, runs=[mixed()]):
        pass
    out = tmp_path / "out"
    arguments = ["report", "latest", "--store", str(tmp_path / "store"), "--output", str(out), "--format", "sample,csv"]
    done = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert (out / "report.sample").read_text() == CONTENT
    assert "sample" in CliRunner().invoke(commands, ["run", "--help"]).output


def test_api_and_pages_offer_it(tmp_path: Path):
    with serving(tmp_path, runs=[mixed()]) as served:
        answer = served.client().get(f"/api/v1/runs/{RUN}/reports/sample")
        assert (answer.status_code, answer.text) == (200, CONTENT)
        assert answer.headers["content-type"] == "application/x-sample"
        asked = served.client().post("/api/v1/reports", json={"run": "latest", "formats": ["sample"]})
        assert (asked.status_code, asked.json()["request"]) == (202, {"formats": ["sample"]})
        assert '"sample"' in json.dumps(document())
        page = served.browser().client.get(f"/runs/{RUN}").text
        assert "Sample, for tests" in page
        assert f'href="/runs/{RUN}/download/sample"' in page
        assert 'name="formats" value="sample"' in page


def test_a_delivery_carries_it(tmp_path: Path):
    settings: dict[str, Any] = {"type": "folder", "folder": str(tmp_path / "out"), "attach": ["sample"]}
    configuration = Configuration.model_validate({"deliveries": {"files": settings}})
    assert '"sample"' in json.dumps(configuration_schema())
    with serving(tmp_path, runs=[mixed()]) as served:
        sent = _sent(served, configuration)
    (file,) = (tmp_path / "out").glob(f"*/{RUN}/report.sample")
    assert file.read_text() == CONTENT
    assert sent["written"] >= 2


def _sent(served: Served, configuration: Configuration) -> dict[str, Any]:
    opened = served.services.opened(RUN)
    delivery = configuration.deliveries["files"]
    return dict(send_now(delivery, "files", opened.run, opened.view, store=served.store, by="test", link=""))


def test_it_is_documented():
    page = (Path.cwd() / "docs" / "formats.md").read_text()
    assert "| `sample` | Sample, for tests | `report.sample` | application/x-sample |" in page
    assert len(FORMATS) == len([line for line in page.splitlines() if line.startswith("| `")])
    assert Path.cwd() == ROOT
