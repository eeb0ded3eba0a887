"""`ecr-audit waive`: except one finding, until a day, for a reason."""

from __future__ import annotations

import codecs
import datetime as dt
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.failure import UserError, explained
from ecr_audit.cli.options import opened_store, store_option, utf8_file

if TYPE_CHECKING:
    from audit.model import Run
    from checks.baseline import Baseline
    from checks.model import Finding

SHORTEST_PREFIX = 8


class Day(click.ParamType[dt.date]):
    """A calendar day."""

    name = "date"

    def convert(self, value: str | dt.date, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """Read it; only one spelling, so that nobody takes a month for a day."""
        if isinstance(value, dt.date):
            return value
        try:
            day = dt.date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else None
        except ValueError:
            day = None  # the calendar has no such day
        return day or self.fail(f"{value!r} is no day; write it as 2027-01-31", param, ctx)


class Words(click.ParamType[str]):
    """Text that says something, on one line or several."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is empty, and what no file in UTF-8 could hold."""
        if not value.strip():
            self.fail("nothing is written there", param, ctx)
        if any("\ud800" <= char <= "\udfff" for char in value):
            self.fail("it holds characters that cannot be kept in UTF-8", param, ctx)
        return value.strip()


@click.command()
@click.argument("fingerprint", metavar="FINGERPRINT")
@click.option("--reason", required=True, type=Words(), help="Why this is accepted.")
@click.option("--until", required=True, type=Day(), metavar="YYYY-MM-DD", help="The last day on which it holds.")
@click.option(
    "--owner", type=Words(), metavar="TEXT", help="Who answers for it.  [default: who git says you are, `user.email`]"
)
@click.option(
    "--file",
    "file",
    metavar="FILE",
    default="waivers.yaml",
    show_default=True,
    help="File of waivers, or baseline, to which it is appended; begun if it is not there.",
)
@click.option("--run", "run", metavar="RUN", default="latest", show_default=True, help="Run that has the finding.")
@store_option
def waive(
    fingerprint: str, reason: str, until: dt.date, owner: str | None, file: str, run: str, store_url: str | None
) -> None:
    """Waive one finding of a kept run: append an exception to a file, which the next run reads.

    FINGERPRINT is the finding's, as reports print it, or its beginning, eight digits at least. Everything that the
    file holds stays as it is, comments included. A finding that is waived stays in every report, marked.
    """
    from audit.store import StoreError

    wanted = fingerprint.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_PREFIX},16}}", wanted):
        raise UserError(f"{fingerprint!r} is no fingerprint: eight to sixteen hex digits, as reports print them")
    store = opened_store(store_url)
    with explained(StoreError):
        kept = store.load(store.resolve(run))
    finding = _finding(kept, wanted)
    # A link is written through, not replaced.
    path = Path(file).resolve()
    text, baseline = _current(path, file)
    _refuse_wrong_day(until, _longest_days(kept, baseline, file))
    _refuse_duplicate(finding, baseline, text, file, until)
    answerable = owner or _git_user()
    _write(path, text, finding, reason, answerable, until, file)
    option = "--baseline" if baseline.model_fields_set - {"version", "waivers"} else "--waivers"
    _tell(finding, answerable, until, f"{option} {shlex.quote(file)}", file)


def _finding(run: Run, wanted: str) -> Finding:
    """The one finding of *run* whose fingerprint begins with *wanted*, if it may be waived."""
    from checks.baseline_names import NEVER_WAIVED
    from checks.model import Status

    found = [one for one in run.findings if one.fingerprint.startswith(wanted)]
    if not found:
        raise UserError(
            f"run {run.id} has no finding {wanted}; `ecr-audit runs list` shows the runs that --run can name"
        )
    if len(found) > 1:
        raise UserError(f"{wanted} is the beginning of {len(found)} findings of run {run.id}; give more digits")
    finding = found[0]
    if finding.status is Status.ERROR:
        raise UserError(f"the check {finding.check} broke; that is mended, not waived: {finding.message}")
    if finding.check.startswith(NEVER_WAIVED):
        raise UserError(f"{finding.check}: findings about waivers cannot be waived; mend the waiver: {finding.message}")
    return finding


def _current(path: Path, name: str) -> tuple[str, Baseline]:
    """The file's text, that of a new file where there is none, and what it says."""
    from checks.baseline import BaselineError, load_baseline
    from checks.waiver_entry import NEW_FILE

    text = utf8_file(str(path)) if path.exists() else NEW_FILE
    with explained(BaselineError):
        return text, load_baseline(text, name)


def _longest_days(run: Run, baseline: Baseline, name: str) -> int:
    """How far ahead a waiver may end: as the file says if it is a baseline, else as the run's baseline said."""
    from checks.baseline import BaselineError, load_baseline

    if "longest_waiver_days" in baseline.model_fields_set:
        return baseline.longest_waiver_days
    with explained(BaselineError):
        return load_baseline(run.baseline_text, run.baseline_name).longest_waiver_days


def _refuse_wrong_day(until: dt.date, longest: int) -> None:
    today = dt.datetime.now(dt.UTC).date()
    if until < today:
        raise UserError(f"--until {until} has passed; today is {today}")
    if (until - today).days > longest:
        last = today + dt.timedelta(days=longest)
        raise UserError(
            f"--until {until} is {(until - today).days} days ahead, at most {longest} are allowed ({last}); "
            "the baseline's `longest_waiver_days` says so"
        )


def _refuse_duplicate(finding: Finding, baseline: Baseline, text: str, name: str, until: dt.date) -> None:
    from checks.baseline import waiver_lines

    for waiver, line in zip(baseline.waivers, waiver_lines(text, name), strict=True):
        if waiver.fingerprint == finding.fingerprint:
            raise UserError(
                f"{name}:{line}: {finding.fingerprint} is waived here until {waiver.until}; change that one"
            )
    mark = finding.waiver
    if mark is not None and mark.until >= until.isoformat():
        raise UserError(f"{finding.fingerprint} is waived already, until {mark.until}: {mark.reason} ({mark.owner})")


def _git_user() -> str:
    """The e-mail address that git signs commits with: files of waivers are mostly kept in git."""
    git = shutil.which("git")
    if git:
        answer = subprocess.run([git, "config", "--get", "user.email"], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    raise UserError("git does not say who you are; say with --owner who answers for this waiver")


def _write(path: Path, text: str, finding: Finding, reason: str, owner: str, until: dt.date, name: str) -> None:
    from audit.store.files import write_atomically
    from checks.waiver_entry import CannotAppendError, with_waiver

    fields: dict[str, str | tuple[str, ...]] = {"checks": (finding.check,), "fingerprint": finding.fingerprint}
    # Not needed to find it; they tell a reader where it is, and whether a narrowed run looked there.
    if finding.account:
        fields["accounts"] = (finding.account,)
    if finding.region:
        fields["regions"] = (finding.region,)
    fields |= {"reason": reason, "owner": owner, "until": until.isoformat()}
    with explained(CannotAppendError):
        new = with_waiver(text, fields, name)
    try:
        mode = path.stat().st_mode & 0o7777 if path.exists() else None
        marked = path.exists() and path.read_bytes().startswith(codecs.BOM_UTF8)
        write_atomically(path, new.encode("utf-8-sig" if marked else "utf-8"))
        if mode is not None:
            path.chmod(mode)
    except OSError as error:
        raise UserError(f"{name}: {error.strerror or error}") from error


def _tell(finding: Finding, owner: str, until: dt.date, option: str, name: str) -> None:
    from reports.visible import one_line

    place = "/".join(part for part in (finding.account, finding.region) if part)
    click.echo(f"Waived until {until}, {one_line(owner)} answers for it:")
    click.echo(f"  {finding.severity.value} {finding.check} {finding.fingerprint}{f' in {place}' if place else ''}")
    click.echo(f"  {one_line(finding.resource)}: {one_line(finding.message)}")
    click.echo(f"It is the last entry of {name}; the next run marks it: ecr-audit run {option} …")
