"""`ecr-audit store`: status, upgrade, integrity, retention and legal hold of a store."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import opened_store, store_option

if TYPE_CHECKING:
    from audit.store import Checked, Store

FAULTY = 3
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
by_option = click.option("--by", metavar="TEXT", help="Name to record.  [default: your user name]")


@click.group()
def store() -> None:
    """Manage the store of runs: status, integrity, retention, legal hold.

    A store is a folder or a PostgreSQL database (`--store postgresql://USER@HOST/DATABASE`); the evidence of its runs
    is in that folder, or where `--evidence` said when it was created.
    """


@store.command()
@store_option
@json_option
def status(store_url: str | None, *, as_json: bool) -> None:
    """Show what the store contains and whether it needs an upgrade.

    Nothing is changed: no store is created, and `--evidence` has no effect.
    """
    from audit.store import StoreError, planned

    with explained(StoreError):
        plan = planned(store_url)
    document: dict[str, object] = {"store": plan.store, "schema": plan.before or None, "current": plan.after}
    if plan.before == plan.after:
        document |= _contents(store_url)
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(f"Store     {plan.store}")
    if not plan.before:
        click.echo("Schema    none: there is no store yet; `ecr-audit run` creates one")
    elif plan.needed:
        click.echo(f"Schema    {plan.before}; this ecr-audit needs {plan.after}: `ecr-audit store upgrade` upgrades it")
    else:
        _print_contents(document)


def _contents(store_url: str | None) -> dict[str, object]:
    from audit.store import StoreError, open_store
    from checks.model import utc_text

    with explained(StoreError):
        opened = open_store(store_url)
        lines = opened.list()
        holds = opened.holds()
    return {
        "evidence": opened.evidence_store.name,
        "runs": len(lines),
        "newest": lines[0].id if lines else None,
        "oldest": lines[-1].id if lines else None,
        "holds": {run: {"reason": hold.reason, "by": hold.by, "at": utc_text(hold.at)} for run, hold in holds.items()},
    }


def _print_contents(document: dict[str, object]) -> None:
    from reports.sanitize import one_line

    click.echo(f"Schema    {document['schema']}, current")
    click.echo(f"Evidence  {document['evidence']}")
    between = f", {document['oldest']} to {document['newest']}" if document["runs"] else ""
    click.echo(f"Runs      {document['runs']}{between}")
    holds = document["holds"]
    for run, hold in holds.items() if isinstance(holds, dict) else ():
        click.echo(f"Held      {run} since {hold['at']} by {one_line(hold['by'])}: {one_line(hold['reason'])}")


@store.command()
@store_option
def upgrade(store_url: str | None) -> None:
    """Upgrade the store of an older ecr-audit.

    The upgrade is one transaction: if it is interrupted, nothing has changed, and it can be run again. `ecr-audit
    store status` shows what it will do. Older programs cannot open the store afterwards: keep a backup.
    """
    from audit.store import StoreError
    from audit.store import upgrade as upgraded

    with explained(StoreError):
        done = upgraded(store_url)
    if not done.before:
        raise UserError(f"store {done.store} does not exist; use `ecr-audit run` to create one")
    if done.needed:
        click.echo(f"{done.store} was upgraded from schema {done.before} to {done.after}.")
    else:
        click.echo(f"{done.store} has schema {done.after}: no upgrade needed.")


@store.command()
@store_option
@click.option("--repair", is_flag=True, help="Delete files that killed processes left behind.")
@click.option("--older-than", "minutes", metavar="MINUTES", type=click.IntRange(min=0), default=60, show_default=True,
              help="Files that belong to no run count as left behind only when they are this old.")  # fmt: skip
@json_option
@click.pass_context
def verify(ctx: click.Context, minutes: int, store_url: str | None, *, repair: bool, as_json: bool) -> None:
    """Compare every stored file with its hash.

    Exit code 0: all files are unchanged; 3: files are altered, missing or belong to no run. The store can be used
    meanwhile. --repair deletes leftovers that certainly belong to no run: incomplete files, and files of runs that
    retention deleted.
    """
    from audit.store import StoreError

    opened = _opened(store_url)
    with explained(StoreError):
        swept = opened.repair(minutes * 60.0) if repair else ()
        checked, wrong = _checked(opened.verify(minutes * 60.0))
    if as_json:
        document = {
            "checked": checked,
            "problems": [_row(one) for one in wrong],
            "deleted": [_row(one) for one in swept],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        _print_verification(checked, wrong, swept)
    if wrong:
        ctx.exit(FAULTY)


def _checked(found: Iterator[Checked]) -> tuple[int, list[Checked]]:
    checked, wrong = 0, []
    for one in found:
        checked += 1
        if one.problem:
            wrong.append(one)
    return checked, wrong


def _row(one: Checked) -> dict[str, str]:
    return {"run": one.run, "file": one.file, "problem": one.problem}


def _print_verification(checked: int, wrong: list[Checked], swept: tuple[Checked, ...]) -> None:
    from reports.sanitize import one_line

    for one in swept:
        click.echo(f"deleted: {one_line(one.file)} {one.problem}")
    for one in wrong:
        click.echo(one_line(" ".join(filter(None, (one.run, one.file, one.problem)))))
    repairable = sum(1 for one in wrong if one.leftover is not None)
    if not wrong:
        click.echo(f"{checked:,} files verified, all unchanged.")
        return
    click.echo(f"{len(wrong):,} of {checked:,} files are not as they were stored.")
    if repairable:
        click.echo(f"{repairable:,} of them are leftovers; `ecr-audit store verify --repair` deletes those.")


@store.command()
@store_option
@click.option("--days", type=click.IntRange(min=0), default=0, help="Delete runs older than this.")
@click.option("--runs", type=click.IntRange(min=0), default=0,
              help="Keep at most this many runs of one organization and scope.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only list what would be deleted.")
@by_option
def prune(days: int, runs: int, by: str | None, store_url: str | None, *, dry_run: bool) -> None:
    """Delete old runs and their evidence permanently.

    Never deleted: runs under legal hold, and of each organization and scope the last run with complete evidence and
    the runs after it (twelve runs at most).
    """
    from audit.store import StoreError

    if not days and not runs:
        raise UserError("set --days or --runs to select the runs to delete")
    opened = _opened(store_url)
    with explained(StoreError):
        gone = opened.prune(days, runs, dt.datetime.now(dt.UTC), dry=dry_run, by=_who(by))
    for one in gone:
        click.echo(f"{one.run} {'would be deleted' if dry_run else 'is deleted'}: {one.reason}")
    if not gone:
        click.echo("There are no runs to delete.")


@store.command()
@click.argument("run", metavar="RUN")
@click.option("--reason", required=True, metavar="TEXT", help="Reason for the hold, for its later readers.")
@by_option
@store_option
def hold(run: str, reason: str, by: str | None, store_url: str | None) -> None:
    """Put RUN under legal hold.

    Retention does not delete the run until it is released. RUN is an id, its beginning, or `latest`.
    """
    from audit.store import StoreError

    opened = _opened(store_url)
    with explained(StoreError):
        held = opened.resolve(run)
        opened.hold(held, reason, _who(by), dt.datetime.now(dt.UTC))
    click.echo(f"{held} is under legal hold.")


@store.command()
@click.argument("run", metavar="RUN")
@by_option
@store_option
def release(run: str, by: str | None, store_url: str | None) -> None:
    """End the legal hold of RUN.

    Retention may delete the run from now on. RUN is an id, its beginning, or `latest`.
    """
    from audit.store import StoreError

    opened = _opened(store_url)
    with explained(StoreError):
        held = opened.resolve(run)
        opened.release(held, _who(by), dt.datetime.now(dt.UTC))
    click.echo(f"{held} is no longer under legal hold.")


def _opened(url: str | None) -> Store:
    """The store; unlike other commands, these create none: a mistyped --store must not look like a valid store."""
    from audit.store import StoreError, planned

    with explained(StoreError):
        plan = planned(url)
    if not plan.before:
        raise UserError(f"store {plan.store} does not exist; use `ecr-audit run` to create one")
    return opened_store(url)


def _who(by: str | None) -> str:
    """The name to record: *by*, or the user of this machine."""
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise UserError("the current user has no name; set one with --by") from error
