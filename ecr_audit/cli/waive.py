"""`ecr-audit waive`: waive one finding, until a day, for a reason."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import opened_store, store_option

if TYPE_CHECKING:
    from audit.waiver_file import Waived


class Day(click.ParamType[dt.date]):
    """A calendar day."""

    name = "date"

    def convert(self, value: str | dt.date, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """Parse the date; only one format, so that month and day cannot be confused."""
        if isinstance(value, dt.date):
            return value
        try:
            day = dt.date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else None
        except ValueError:
            day = None  # not a date of the calendar
        return day or self.fail(f"{value!r} is not a valid date; use YYYY-MM-DD, for example 2027-01-31", param, ctx)


class NonEmptyText(click.ParamType[str]):
    """Non-empty text of one or more lines."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Reject empty text and text that cannot be encoded as UTF-8."""
        from audit.waiver_file import CannotWaiveError, stated

        try:
            return stated(value)
        except CannotWaiveError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("fingerprint", metavar="FINGERPRINT")
@click.option("--reason", required=True, type=NonEmptyText(), help="Why the finding is accepted.")
@click.option("--until", required=True, type=Day(), metavar="YYYY-MM-DD", help="Last day of the waiver.")
@click.option(
    "--owner",
    type=NonEmptyText(),
    metavar="TEXT",
    help="Owner of the waiver.  [default: `user.email` of git]",
)
@click.option(
    "--file",
    "file",
    metavar="FILE",
    default="waivers.yaml",
    show_default=True,
    help="File of waivers to which it is appended; created if it does not exist. A baseline is not changed.",
)
@click.option("--run", "run", metavar="RUN", default="latest", show_default=True, help="Run that has the finding.")
@store_option
def waive(
    fingerprint: str, reason: str, until: dt.date, owner: str | None, file: str, run: str, store_url: str | None
) -> None:
    """Waive one finding of a stored run: append a waiver to a file that the next run reads.

    FINGERPRINT is the finding's, as reports print it, or its beginning, eight digits at least. What the file
    holds stays, comments included. A finding that is waived stays in every report, marked.
    """
    from audit.store import StoreError
    from audit.waiver_file import CannotWaiveError, append_waiver, waivable

    store = opened_store(store_url)
    with explained(StoreError):
        loaded = store.load(store.resolve(run))
    today = dt.datetime.now(dt.UTC).date()
    with explained(CannotWaiveError):
        finding = waivable(loaded, fingerprint)
        responsible = owner or _git_user()
        waived = append_waiver(Path(file), loaded, finding, reason=reason, until=until, owner=responsible, today=today)
    _print_waiver(waived, file)


def _git_user() -> str:
    """The e-mail address in git's configuration: waiver files are usually stored in git."""
    git = shutil.which("git")
    if git:
        answer = subprocess.run([git, "config", "--get", "user.email"], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    raise UserError("git has no `user.email`; set the owner of this waiver with --owner")


def _print_waiver(waived: Waived, name: str) -> None:
    from reports.sanitize import one_line

    finding = waived.finding
    place = "/".join(part for part in (finding.account, finding.region) if part)
    click.echo(f"Waived until {waived.until}, owner {one_line(waived.owner)}:")
    click.echo(f"  {finding.severity.value} {finding.check} {finding.fingerprint}{f' in {place}' if place else ''}")
    click.echo(f"  {one_line(finding.resource)}: {one_line(finding.message)}")
    click.echo(f"Added to the end of {name}. Apply it in the next run: ecr-audit run --waivers {shlex.quote(name)} …")
