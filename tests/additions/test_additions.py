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


CHECK = '''"""A registry has no replication rule.

## What it checks

The number of rules in the registry's replication configuration, which the sample wants to be zero.

## Why it matters

Because the sample says so, which is reason enough for a check that lives in a test.

## How to fix

Delete the rules of the sample with PutReplicationConfiguration and an empty list of rules.

## Limits of this check

It is a sample: organizations that replicate images have rules, and are right to have them.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    return Remedy(summary="Delete the rules of the sample.", manual=("Delete the rules of the sample.",))


CHECK = Check(
    id="limits.sample-rules",
    aliases=("LIM-98",),
    title="A registry has no replication rule of the sample",
    severity=Severity.LOW,
    table=REGISTRIES,
    expect=between("rule_count", maximum=0),
    message="{account}/{region} has {rule_count} rules; the sample allows none",
    remedy=_remedy,
    unknown="how many rules {account}/{region} has is not known",
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CP-2",),
)
'''

CASES = """
cases:
  - name: no rule
    row: {rule_count: 0}
    status: pass
  - name: one rule
    row: {rule_count: 1}
    status: fail
    edits: []
    manual_contains: Delete the rules
  - name: the rules were not read
    row: {rule_count: null}
    status: unknown
"""


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return copied(tmp_path / "tree")


def _with_check(tree: Tree) -> None:
    tree.write("checks/limits/sample_rules.py", CHECK)
    tree.write("tests/cases/limits/sample-rules.yaml", CASES)
    tree.add_line("checks/catalog.py", '"limits.sample-rules",', below='"limits.images-within-limit",')


def test_a_check_is_a_module_a_case_file_and_a_line(tree: Tree):
    _with_check(tree)
    named = steps("Add a check", group="limits", name="sample_rules", slug="sample-rules")
    assert tree.touched == {path for path in named if "<" not in path}, "the others declare a new fact"
    _documented(tree)
    tree.passes("additions/with_check.py")
    tree.passes("checks/test_catalog.py", "checks/test_mutations.py", "-k", "limits.sample-rules")


def test_a_new_fact_is_a_column_and_what_fills_it(tree: Tree):
    _with_check(tree)
    column = 'count("sample_regions", "Destination Regions over all rules"),'
    tree.add_line("checks/tables/registries.py", column, below='count("rule_count"')
    value = '"sample_regions": None if rules is None else len({to[1] for rule in rules for to in rule.destinations}),'
    tree.add_line("audit/tables/registries.py", value, below='"rule_count":')
    check = tree.folder / "checks/limits/sample_rules.py"
    check.write_text(check.read_text().replace("rule_count", "sample_regions"))
    cases = tree.folder / "tests/cases/limits/sample-rules.yaml"
    cases.write_text(cases.read_text().replace("rule_count", "sample_regions"))
    named = steps("Add a check", group="limits", name="sample_rules", slug="sample-rules", table="registries")
    assert tree.touched == named
    tree.passes("additions/with_check.py", "-k", "csv")


def test_a_format_is_a_module_and_a_line(tree: Tree):
    tree.write("reports/formats/sample.py", FORMAT)
    line = 'ReportFormat("sample", "Sample, for tests", "report.sample", "application/x-sample"),'
    tree.add_line("reports/formats/__init__.py", line, below='ReportFormat("markdown"')
    assert tree.touched == steps("Add a report format", name="sample")
    _documented(tree)
    tree.passes("additions/with_format.py")


def test_a_channel_is_a_module_and_a_line(tree: Tree):
    tree.write("schedules/deliveries/sample.py", CHANNEL)
    line = '"schedules.deliveries.sample",'
    tree.add_line("schedules/deliveries/channels.py", line, below='"schedules.deliveries.securityhub"')
    assert tree.touched == steps("Add a delivery channel", name="sample")
    _documented(tree)
    tree.passes("additions/with_channel.py")


def test_a_command_is_a_module_and_a_line(tree: Tree):
    tree.write("ecr_audit/cli/sample_command.py", COMMAND)
    tree.add_line("ecr_audit/cli/__init__.py", '"sample-command",', below='"simulate",')
    assert tree.touched == steps("Add a command", name="sample_command")
    _documented(tree)
    tree.passes("additions/with_command.py")


def _documented(tree: Tree) -> None:
    """As `make docs` does."""
    done = tree.run("scripts/generate-docs")
    assert done.returncode == 0, done.stderr
