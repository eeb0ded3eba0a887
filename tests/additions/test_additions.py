"""What CONTRIBUTING says about adding something is all that there is to do."""

from __future__ import annotations

from collections.abc import Callable
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

from schedules.deliveries.channel import Channel
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import DeliverySettings, FilePath, FolderPath, NoFiles, SecretPlace
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent


class SampleDelivery(DeliverySettings):
    """A line in a file."""

    type: Literal["sample"]
    spool: FolderPath = Field(description="File to append to.")
    token: SecretPlace = Field(description="Never written.")
    ca_file: FilePath = Field(default="")
    attach: NoFiles = Field(default=())


def deliver(settings: SampleDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Append a line."""
    token = revealed.read(settings.token, "the token of the sample")
    line = {"key": content.key, "run": content.run.id if content.run else "", "subject": content.message.subject}
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
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(summary="Delete the rules of the sample.", manual=("Delete the rules of the sample.",))


CHECK = Check(
    id="limits.sample-rules",
    aliases=("LIM-98",),
    title="A registry has no replication rule of the sample",
    severity=Severity.LOW,
    table=REGISTRIES,
    expect=between("rule_count", maximum=0),
    message="{account}/{region} has {rule_count} rules; the sample allows none",
    remediation=_remediation,
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
    changes: []
    manual_contains: Delete the rules
  - name: the rules were not read
    row: {rule_count: null}
    status: unknown
"""


def add_check(tree: Tree) -> None:
    tree.write("checks/limits/sample_rules.py", CHECK)
    tree.write("tests/cases/limits/sample-rules.yaml", CASES)
    tree.add_line("checks/catalog.py", '"limits.sample-rules",', below='"limits.images-within-limit",')


def add_format(tree: Tree) -> None:
    tree.write("reports/formats/sample.py", FORMAT)
    line = 'ReportFormat("sample", "Sample, for tests", "report.sample", "application/x-sample"),'
    tree.add_line("reports/formats/__init__.py", line, below='ReportFormat("markdown"')


def add_channel(tree: Tree) -> None:
    tree.write("schedules/deliveries/sample.py", CHANNEL)
    line = '"schedules.deliveries.sample",'
    tree.add_line("schedules/deliveries/channels.py", line, below='"schedules.deliveries.securityhub"')


def add_command(tree: Tree) -> None:
    tree.write("ecr_audit/cli/sample_command.py", COMMAND)
    tree.add_line("ecr_audit/cli/__init__.py", '"sample-command",', below='"simulate",')


def add_collector(tree: Tree) -> None:
    operation = 'Operation("iam", "ListAccountAliases", _CONTEXT, ("registries",)),'
    tree.add_line("audit/aws/operations.py", operation, below='Operation("kms", "DescribeKey"')
    tree.add_line("audit/evidence.py", "sample_aliases: str | None = None", below="signing_configuration:")
    read = 'sample_aliases=_rows(reader, "iam:ListAccountAliases", "AccountAliases", {}),'
    tree.add_line("audit/inventory/registry.py", read, below="signing_configuration=")
    column = 'text("sample_aliases", "Aliases of the account, JSON array"),'
    tree.add_line("checks/tables/registries.py", column, below='text("signing_configuration"')
    answer = '"ListAccountAliases": lambda call: {"AccountAliases": [f"sample-{call.account}"], "IsTruncated": False},'
    tree.add_line("ecr_audit/simulator/services/iam.py", answer, below='"GetRole":')
    tree.add_line("tests/hostile/access_levels.json", '"iam:ListAccountAliases": "List",', below='"iam:GetRole"')


CHECK_NAMES = {"group": "limits", "name": "sample_rules", "slug": "sample-rules"}


@pytest.mark.parametrize(
    ("title", "add", "names"),
    [
        ("Add a check", add_check, CHECK_NAMES),
        ("Add a report format", add_format, {"name": "sample"}),
        ("Add a delivery channel", add_channel, {"name": "sample"}),
        ("Add a command", add_command, {"name": "sample_command"}),
        ("Add a collector", add_collector, {"module": "registry", "table": "registries", "service": "iam"}),
    ],
)
def test_the_steps_are_the_files_that_are_touched(
    title: str, add: Callable[[Tree], None], names: dict[str, str], tmp_path: Path
):
    tree = copied(tmp_path / "tree")
    add(tree)
    assert tree.touched == {path for path in steps(title, **names) if "<table>" not in path}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A tree with one more of each, in which `make docs` was run."""
    tree = copied(tmp_path_factory.mktemp("additions") / "tree")
    for add in (add_check, add_format, add_channel, add_command, add_collector):
        add(tree)
    done = tree.run("scripts/generate-docs")
    assert done.returncode == 0, done.stderr
    return tree


SCENARIOS = ["with_check.py", "with_format.py", "with_channel.py", "with_command.py", "with_collector.py"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_was_added_goes_all_the_way(tree: Tree, scenario: str):
    tree.passes(f"additions/{scenario}")


def test_every_test_of_checks_runs_over_the_one_that_was_added(tree: Tree):
    tree.passes("checks/test_catalog.py", "checks/test_mutations.py", "-k", "limits.sample-rules")


def test_a_new_fact_is_a_column_and_what_fills_it(tmp_path: Path):
    tree = copied(tmp_path / "tree")
    add_check(tree)
    column = 'count("sample_regions", "Destination Regions over all rules"),'
    tree.add_line("checks/tables/registries.py", column, below='count("rule_count"')
    value = '"sample_regions": None if rules is None else len({to[1] for rule in rules for to in rule.destinations}),'
    tree.add_line("audit/tables/registries/frame.py", value, below='"rule_count":')
    check = tree.folder / "checks/limits/sample_rules.py"
    check.write_text(check.read_text().replace("rule_count", "sample_regions"))
    assert tree.touched == steps("Add a check", **CHECK_NAMES, table="registries")
    tree.passes("additions/with_fact.py")
