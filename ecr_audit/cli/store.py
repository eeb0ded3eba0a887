"""`ecr-audit store`: what a store keeps, whether it is whole, what may go, and bringing it up to date. No AWS audit."""

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
    told: dict[str, object] = {"store": plan.store, "schema": plan.before or None, "current": plan.after}
    if plan.before == plan.after:
        told |= _contents(store_url)
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"Store     {plan.store}")
    if not plan.before:
        click.echo("Schema    none: there is no store yet; `ecr-audit run` creates one")
    elif plan.needed:
        click.echo(f"Schema    {plan.before}; this ecr-audit needs {plan.after}: `ecr-audit store upgrade` upgrades it")
    else:
        _print_contents(told)


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


def _print_contents(told: dict[str, object]) -> None:
    from reports.sanitize import one_line

    click.echo(f"Schema    {told['schema']}, current")
    click.echo(f"Evidence  {told['evidence']}")
    between = f", {told['oldest']} to {told['newest']}" if told["runs"] else ""
    click.echo(f"Runs      {told['runs']}{between}")
    holds = told["holds"]
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
        raise UserError(f"there is no store {done.store}; `ecr-audit run` begins one")
    if done.needed:
        click.echo(f"{done.store} is brought from schema {done.before} to {done.after}.")
    else:
        click.echo(f"{done.store} has schema {done.after}: nothing is to be done.")


@store.command()
@store_option
@click.option("--repair", is_flag=True, help="Delete files that killed processes left behind.")
@click.option("--older-than", "minutes", metavar="MINUTES", type=click.IntRange(min=0), default=60, show_default=True,
              help="Files that belong to no run count as left behind only when they are this old.")  # fmt: skip
@json_option
@click.pass_context
def verify(ctx: click.Context, minutes: int, store_url: str | None, *, repair: bool, as_json: bool) -> None:
    """Compare every stored file with its hash.

    Exit code 0: all is well; 3: it is not, or files lie there that no run names. Others may use the store meanwhile.
    With --repair the leftovers are deleted that are no run's for certain: half written ones, and those of runs that
    retention let go.
    """
    from audit.store import StoreError

    opened = _opened(store_url)
    with explained(StoreError):
        swept = opened.repair(minutes * 60.0) if repair else ()
        looked, wrong = _looked(opened.verify(minutes * 60.0))
    if as_json:
        told = {"checked": looked, "problems": [_row(one) for one in wrong], "deleted": [_row(one) for one in swept]}
        click.echo(json.dumps(told, indent=2))
    else:
        _print_verification(looked, wrong, swept)
    if wrong:
        ctx.exit(FAULTY)


def _looked(found: Iterator[Checked]) -> tuple[int, list[Checked]]:
    looked, wrong = 0, []
    for one in found:
        looked += 1
        if one.problem:
            wrong.append(one)
    return looked, wrong


def _row(one: Checked) -> dict[str, str]:
    return {"run": one.run, "file": one.file, "problem": one.problem}


def _print_verification(looked: int, wrong: list[Checked], swept: tuple[Checked, ...]) -> None:
    from reports.sanitize import one_line

    for one in swept:
        click.echo(f"deleted: {one_line(one.file)} {one.problem}")
    for one in wrong:
        click.echo(one_line(" ".join(filter(None, (one.run, one.file, one.problem)))))
    repairable = sum(1 for one in wrong if one.leftover is not None)
    if not wrong:
        click.echo(f"{looked:,} files verified, all unchanged.")
        return
    click.echo(f"{len(wrong):,} of {looked:,} files are not as they were stored.")
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
    what came after it (twelve runs at most).
    """
    from audit.store import StoreError

    if not days and not runs:
        raise UserError("say with --days or --runs which runs may go")
    opened = _opened(store_url)
    with explained(StoreError):
        gone = opened.prune(days, runs, dt.datetime.now(dt.UTC), dry=dry_run, by=_who(by))
    for one in gone:
        click.echo(f"{one.run} {'would go' if dry_run else 'is deleted'}: {one.reason}")
    if not gone:
        click.echo("There is no run to delete.")


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
    click.echo(f"{held} is under hold.")


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
    click.echo(f"{held} is under hold no longer.")


def _opened(url: str | None) -> Store:
    """The store; unlike other commands, these begin none: a mistyped --store must not look like a store in order."""
    from audit.store import StoreError, planned

    with explained(StoreError):
        plan = planned(url)
    if not plan.before:
        raise UserError(f"there is no store {plan.store}; `ecr-audit run` begins one")
    return opened_store(url)


def _who(by: str | None) -> str:
    """Who acts: as said, or the user of this machine."""
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise UserError("this machine does not say who you are; say it with --by") from error
