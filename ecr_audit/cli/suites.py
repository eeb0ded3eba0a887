"""`ecr-audit suites`: an organization's own Great Expectations suites."""

from __future__ import annotations

import click

from ecr_audit.cli.failure import UserError
from ecr_audit.cli.options import given_suites
from reports.visible import one_line


@click.group()
def suites() -> None:
    """Validate custom checks (Great Expectations suites)."""


@suites.command()
@click.argument("folder", metavar="DIR")
def check(folder: str) -> None:
    """Read the suites in DIR as a run does, and report for each expectation whether it can run. Does not call AWS."""
    from checks.suite_run import problems_of
    from checks.suites import read_suites

    found = read_suites((file.name, file.text) for file in given_suites(folder))
    problems = problems_of(found)
    for suite in found:
        click.echo(f"{suite.file}: {one_line(suite.name)}")
        for one in suite.expectations:
            said = f"cannot run: {problems[one.id]}" if one.id in problems else f"{one.severity.value}, {one.title}"
            click.echo(f"  {one.id}: {one_line(said)}")
    if problems:
        raise UserError(f"{len(problems)} of {sum(len(suite.expectations) for suite in found)} cannot run")
