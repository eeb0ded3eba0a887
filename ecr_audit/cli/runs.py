"""`ecr-audit runs`: the history."""

from __future__ import annotations

import json

import click

from ecr_audit.cli.errors import explained
from ecr_audit.cli.options import opened_store, store_option
from ecr_audit.cli.output import kept_view


@click.group()
def runs() -> None:
    """List or show stored runs."""


@runs.command("list")
@store_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
def list_runs(store_url: str | None, limit: int, *, as_json: bool) -> None:
    """List stored runs, newest first."""
    from audit.store import StoreError
    from reports.sanitize import one_line

    store = opened_store(store_url)
    with explained(StoreError):
        summaries = store.list(limit)
    if as_json:
        click.echo(json.dumps([summary.as_document() for summary in summaries], indent=2))
        return
    if not summaries:
        click.echo("There are no stored runs yet; use `ecr-audit run` to create one.")
        return
    click.echo(f"{'RUN':<24} {'STARTED (UTC)':<21} {'CRIT':>5} {'HIGH':>5} {'MED':>5} {'LOW':>5} {'UNKNOWN':>8}"
               f" {'GAPS':>5}  ORGANIZATION")  # fmt: skip
    for one in summaries:
        who = f"{one_line(one.organization)}{f'  [narrowed to {one_line(one.selection)}]' if one.selection else ''}"
        counts = " ".join(f"{one.failing[name]:>5}" for name in ("critical", "high", "medium", "low"))
        click.echo(f"{one.id:<24} {one.started_at:<21} {counts} {one.unknown:>8} {one.gaps:>5}  {who}")


@runs.command()
@click.argument("run", metavar="RUN")
@store_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, the same as findings.json of that run.")
def show(run: str, store_url: str | None, *, as_json: bool) -> None:
    """Show one run. RUN is an id, its beginning, or `latest`."""
    from audit.store import StoreError
    from ecr_audit.cli.screen import print_summary
    from reports.formats import render

    store = opened_store(store_url)
    with explained(StoreError):
        loaded = store.load(store.resolve(run))
        view = kept_view(store, loaded)
    if as_json:
        click.echo(render("json", loaded, view)["findings.json"].decode(), nl=False)
        return
    print_summary(loaded, view)
