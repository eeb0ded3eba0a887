"""`ecr-audit checks`: the checks and their documentation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ecr_audit.cli.errors import UserError
from ecr_audit.cli.options import custom_checks_option, given_custom_checks
from reports.sanitize import one_line

if TYPE_CHECKING:
    from checks.custom.files import CustomCheck
    from checks.model import Check


@click.group()
def checks() -> None:
    """List the checks, or show the page of one."""


@checks.command("list")
@custom_checks_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_checks(custom_checks_folder: str | None, *, as_json: bool) -> None:
    """List every check, with --custom-checks also the custom checks."""
    from checks.catalog import CHECKS

    own = _own(custom_checks_folder) if custom_checks_folder else ()
    if as_json:
        click.echo(json.dumps([*map(_document, CHECKS), *map(_own_document, own)], indent=2))
        return
    lines = [(check.id, check.severity.value, ", ".join(check.aliases), check.title) for check in CHECKS]
    lines += [(one.id, one.severity.value, "", f"cannot run: {one.error}" if one.error else one.title) for one in own]
    width = max(len(identifier) for identifier, *_ in lines)
    for identifier, severity, aliases, title in lines:
        click.echo(f"{identifier:<{width}}  {severity:<13}  {aliases:<14}  {one_line(title)}")


@checks.command()
@click.argument("check_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(check_id: str, *, as_json: bool) -> None:
    """Show the page of one check. ID is its slug or its catalogue id (GRT-01)."""
    from checks.catalog import find

    found = find(check_id)
    if not found:
        raise UserError(f"check {check_id!r} does not exist; run `ecr-audit checks list` to list all checks")
    if as_json:
        documents = [{**_document(check), "page": page(check)} for check in found]
        click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2))
        return
    click.echo("\n\n".join(f"{check.id}: {check.title}\n\n{page(check)}" for check in found))


def _own(folder: str) -> tuple[CustomCheck, ...]:
    from checks.custom.files import custom_checks, read_custom_checks

    return custom_checks(read_custom_checks((file.name, file.text) for file in given_custom_checks(folder)))


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
        "facts": list(check.expect.facts),
        "expectation": check.expect.type,
        "demands": check.expect.statement,
        "when": list(check.when),
        "permissions": list(check.permissions),
        "controls": list(check.controls),
        "since": check.since,
    }


def _own_document(own: CustomCheck) -> dict[str, Any]:
    return {
        "id": own.id,
        "aliases": [],
        "title": own.title,
        "severity": own.severity.value,
        "group": "user",
        "table": own.table,
        "expectation": own.type,
        "file": own.file,
        "error": own.error or None,
    }
