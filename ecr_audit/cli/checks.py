"""`ecr-audit checks`: what is judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ecr_audit.cli.failure import UserError

if TYPE_CHECKING:
    from checks.model import Check


@click.group()
def checks() -> None:
    """The checks: list them, or read one's page."""


@checks.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_checks(*, as_json: bool) -> None:
    """List every check."""
    from checks.catalog import CHECKS

    if as_json:
        click.echo(json.dumps([_document(check) for check in CHECKS], indent=2))
        return
    width = max(len(check.id) for check in CHECKS)
    for check in CHECKS:
        click.echo(f"{check.id:<{width}}  {check.severity.value:<13}  {', '.join(check.aliases):<14}  {check.title}")


@checks.command()
@click.argument("check_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(check_id: str, *, as_json: bool) -> None:
    """Show the page of one check. ID is its slug or its catalogue id (GRT-01)."""
    from checks.catalog import find

    found = find(check_id)
    if not found:
        raise UserError(f"no check is called {check_id!r}; `ecr-audit checks list` shows them all")
    if as_json:
        documents = [{**_document(check), "page": page(check)} for check in found]
        click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2))
        return
    click.echo("\n\n".join(f"{check.id}: {check.title}\n\n{page(check)}" for check in found))


def page(check: Check) -> str:
    """The check's documentation: its module's docstring."""
    import inspect
    from importlib import import_module

    return inspect.getdoc(import_module(f"checks.{check.id.replace('-', '_')}")) or ""


def _document(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "aliases": list(check.aliases),
        "title": check.title,
        "severity": check.severity.value,
        "group": check.group,
        "table": check.table.name,
        "judged": check.judged,
        "permissions": list(check.permissions),
        "controls": list(check.controls),
        "since": check.since,
    }
