"""`ecr-audit custom-checks`: an organization's own Great Expectations suites."""

from __future__ import annotations

import click

from ecr_audit.cli.errors import UserError
from ecr_audit.cli.options import given_custom_checks
from reports.sanitize import one_line


@click.group()
def custom_checks() -> None:
    """Validate custom checks (Great Expectations suites)."""


@custom_checks.command()
@click.argument("folder", metavar="DIR")
def check(folder: str) -> None:
    """Read the suites in DIR as a run does, and report for each expectation whether it can run. Does not call AWS."""
    from checks.custom.evaluation import problems_of
    from checks.custom.files import read_custom_checks

    found = read_custom_checks((file.name, file.text) for file in given_custom_checks(folder))
    problems = problems_of(found)
    for suite in found:
        click.echo(f"{suite.file}: {one_line(suite.name)}")
        for one in suite.expectations:
            status = f"cannot run: {problems[one.id]}" if one.id in problems else f"{one.severity.value}, {one.title}"
            click.echo(f"  {one.id}: {one_line(status)}")
    if problems:
        total = sum(len(suite.expectations) for suite in found)
        raise UserError(f"{len(problems)} of {total} expectations cannot run; correct the suites")
