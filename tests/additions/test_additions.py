"""What CONTRIBUTING says about adding something is all that there is to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.additions.tree import Tree, copied, steps

FORMAT = '''"""report.sample: the id of the run."""

from collections.abc import Mapping

from audit.model import Run
from reports.view import ReportView


def render(run: Run, view: ReportView) -> Mapping[str, bytes]:
    """`report.sample` as UTF-8."""
    return {"report.sample": f"sample of {run.id}\\n".encode()}
'''


CHANNEL = '''"""A line of JSON for each delivery, in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from schedules.deliveries.secret_places import Revealed
from schedules.deliveries.settings import Channel, DeliverySettings, FilePath, FolderPath, NoFiles, SecretPlace
from schedules.jobs import Clock
from schedules.model import Parcel


class SampleDelivery(DeliverySettings):
    """A line in a file."""

    type: Literal["sample"]
    spool: FolderPath = Field(description="File to append to.")
    token: SecretPlace = Field(description="Never written.")
    ca_file: FilePath = Field(default="")
    attach: NoFiles = Field(default=())


def deliver(settings: SampleDelivery, parcel: Parcel, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Append a line."""
    token = revealed.read(settings.token, "the token of the sample")
    line = {"key": parcel.key, "run": parcel.run.id if parcel.run else "", "subject": parcel.message.subject}
    with Path(settings.spool).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\\n")
    return {"answer": f"taken with {token}"}


CHANNEL = Channel(
    settings=SampleDelivery,
    deliver=deliver,
    arrives="a line of JSON",
    repeated="a second line",
    example="""
spool:
  type: sample
  spool: spool.jsonl
  token: {env: SAMPLE_TOKEN}
  ca_file: ""
""",
)
'''

COMMAND = '''"""`ecr-audit sample-command`: a command of a test."""

from __future__ import annotations

import click


@click.command()
@click.option("--twice", is_flag=True, help="Say it again.")
def sample_command(*, twice: bool) -> None:
    """Say something."""
    import pandas as pd  # a heavy package is imported by the command that needs it

    click.echo("\\n".join(pd.Series(["something"] * (1 + twice))))
'''


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return copied(tmp_path / "tree")


def test_a_format_is_a_module_and_a_line(tree: Tree):
    tree.write("reports/formats/sample.py", FORMAT)
    line = 'ReportFormat("sample", "Sample, for tests", "report.sample", "application/x-sample"),'
    tree.add_line("reports/formats/__init__.py", line, below='ReportFormat("markdown"')
    assert tree.touched == steps("Add a report format", name="sample")
    _documented(tree)
    tree.passes("with_format.py")


def test_a_channel_is_a_module_and_a_line(tree: Tree):
    tree.write("schedules/deliveries/sample.py", CHANNEL)
    line = '"schedules.deliveries.sample",'
    tree.add_line("schedules/deliveries/channels.py", line, below='"schedules.deliveries.securityhub"')
    assert tree.touched == steps("Add a delivery channel", name="sample")
    _documented(tree)
    tree.passes("with_channel.py")


def test_a_command_is_a_module_and_a_line(tree: Tree):
    tree.write("ecr_audit/cli/sample_command.py", COMMAND)
    tree.add_line("ecr_audit/cli/__init__.py", '"sample-command",', below='"simulate",')
    assert tree.touched == steps("Add a command", name="sample_command")
    _documented(tree)
    tree.passes("with_command.py")


def _documented(tree: Tree) -> None:
    """As `make docs` does."""
    done = tree.run("scripts/generate-docs")
    assert done.returncode == 0, done.stderr
