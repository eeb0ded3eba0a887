"""`ecr-audit schedule`: scheduled audits."""

from __future__ import annotations

import datetime as dt
import json
import zoneinfo
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ecr_audit.cli.errors import UserError
from ecr_audit.cli.options import store_option
from ecr_audit.cli.service_config import config_option, configured_store, opened_configuration

if TYPE_CHECKING:
    from schedules.configuration.service import Configuration, Schedule
    from schedules.jobs.queue import Job, JobQueue

HORIZON = dt.timedelta(days=366 * 40)
"""The rarest occasion, a 29 February on a given day of the week, occurs at least once in this time."""


@click.group()
def schedule() -> None:
    """Scheduled audits: list them, show when they are due, run one now, check the configuration."""


@schedule.command("list")
@config_option
@store_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_schedules(config_file: str, store_url: str | None, *, as_json: bool) -> None:
    """List the schedules with their next and last occasion and its outcome."""
    from schedules.jobs.queue import JobQueue

    configuration = opened_configuration(config_file)
    if not configuration.schedules:
        click.echo("[]" if as_json else f"{config_file} has no schedules; see `ecr-audit schedule example`.")
        return
    now = _now()
    queue = JobQueue(configured_store(configuration, store_url).engine, _now)
    lines = [_line(name, one, queue, now) for name, one in configuration.schedules.items()]
    if as_json:
        click.echo(json.dumps(lines, indent=2))
        return
    rows = [("NAME", "WHEN", "TIME ZONE", "NEXT", "LAST"), *map(_row, lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        click.echo("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row[:4], widths, strict=True)), row[4]]))


def _line(name: str, one: Schedule, queue: JobQueue, now: dt.datetime) -> dict[str, Any]:
    from schedules.calendar.occasions import following, words

    due = None if one.paused else following(one, now)
    last = _last(queue, name)
    return {
        "name": name,
        "words": words(one),
        "cron": one.expression,
        "timezone": one.timezone,
        "paused": one.paused,
        "next_at": due.isoformat() if due else None,
        "next_local": due.astimezone(zoneinfo.ZoneInfo(one.timezone)).isoformat() if due else None,
        "last": _outcome(last) if last else None,
    }


def _last(queue: JobQueue, name: str) -> Job | None:
    """The schedule's last job; jobs that were merged with another job are skipped."""
    from schedules.jobs.queue import JobState

    states = tuple(state for state in JobState if state is not JobState.COALESCED)
    return next(iter(queue.list(schedule=name, states=states, limit=1)), None)


def _outcome(job: Job) -> dict[str, Any]:
    at = job.finished_at or job.started_at or job.requested_at
    return {
        "job": job.id,
        "state": job.state.value,
        "at": at.isoformat(),
        "reason": job.reason,
        "run": job.run or None,
    }


def _row(line: dict[str, Any]) -> tuple[str, ...]:
    from reports.sanitize import one_line

    upcoming, last = line["next_local"], line["last"]
    outcome = "never ran"
    if last:
        about = last["run"] or last["reason"]
        at = dt.datetime.fromisoformat(last["at"])
        outcome = one_line(f"{last['state']} {at:%Y-%m-%d %H:%M} UTC{': ' if about else ''}{about}")
    coming = _local(dt.datetime.fromisoformat(upcoming)) if upcoming else "paused" if line["paused"] else "never"
    return line["name"], line["words"], line["timezone"], coming, outcome


@schedule.command("next")
@click.argument("name", metavar="NAME")
@config_option
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def coming(name: str, config_file: str, count: int, *, as_json: bool) -> None:
    """Show when the schedule NAME is due in its time zone, and how daylight saving time moves it."""
    from schedules.calendar.occasions import occasions, remark, words

    one = _named(opened_configuration(config_file), name)
    zone = zoneinfo.ZoneInfo(one.timezone)
    due = [(moment, remark(one, moment)) for moment in occasions(one, _now(), _now() + HORIZON, count)]
    if as_json:
        documents = [
            {"at": moment.isoformat(), "local": moment.astimezone(zone).isoformat(), "remark": note}
            for moment, note in due
        ]
        click.echo(json.dumps(documents, indent=2))
        return
    click.echo(f"{name}: {words(one)}, {one.timezone}" + (" (paused: it will not run)" if one.paused else ""))
    for moment, note in due:
        click.echo(f"  {_local(moment.astimezone(zone))}  {moment:%H:%M} UTC{f'  {note}' if note else ''}")


@schedule.command()
@click.argument("name", metavar="NAME")
@config_option
@store_option
@click.pass_context
def run(ctx: click.Context, name: str, config_file: str, store_url: str | None) -> None:
    """Run the audit of the schedule NAME now, deliveries included.

    A running service may take the audit over; otherwise it runs here. It does not replace the next occasion.
    Exit codes are those of `ecr-audit run`, and 1 if the audit or a delivery failed.
    """
    from ecr_audit.cli.schedule_run import run_now

    configuration = opened_configuration(config_file)
    _named(configuration, name)
    ctx.exit(run_now(configuration, configured_store(configuration, store_url), name, _now))


@schedule.command()
@config_option
def check(config_file: str) -> None:
    """Check the configuration with its baselines, waivers and suites: every error, with line and column."""
    from ecr_audit.cli.schedule_check import problems, remarks

    configuration = opened_configuration(config_file)
    if found := problems(configuration):
        raise UserError("\n".join(found))
    click.echo(f"{config_file}: valid; schedules: {_names(configuration.schedules)}; deliveries: "
               f"{_names(configuration.deliveries)}")  # fmt: skip
    for line in remarks(configuration, _now()):
        click.echo(f"  note: {line}")


@schedule.command()
def example() -> None:
    """Print a configuration that shows and explains every key."""
    from schedules.configuration.loading import example_configuration

    click.echo(example_configuration(), nl=False)


@schedule.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from schedules.configuration.service import configuration_schema

    click.echo(json.dumps(configuration_schema(), indent=2))


def _named(configuration: Configuration, name: str) -> Schedule:
    from checks.baseline.check_names import similar

    if name not in configuration.schedules:
        hint = similar(name, configuration.schedules, "there are") or "the configuration has none"
        raise UserError(f"schedule {name!r} does not exist: {hint}")
    return configuration.schedules[name]


def _names(named: Mapping[str, object]) -> str:
    return ", ".join(named) or "none"


def _local(moment: dt.datetime) -> str:
    """`Mon 2026-11-23 02:30 +0100`; historical offsets have seconds."""
    return f"{moment:%a %Y-%m-%d %H:%M %z}"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
