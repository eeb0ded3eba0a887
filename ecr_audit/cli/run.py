"""`ecr-audit run`: audit, store the run, write the reports."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import (
    SEVERITIES,
    aws_options,
    aws_settings,
    custom_checks_option,
    given_custom_checks,
    given_file,
    opened_store,
    scope_of,
    scope_options,
    selection_of,
    selection_options,
    store_option,
    utf8_file,
)
from ecr_audit.cli.output import Formats, kept_view, prepare_folder, write_reports, write_scripts
from reports.formats import FORMATS

if TYPE_CHECKING:
    from audit.model import Run
    from audit.run import Request
    from audit.store import Store


@click.command()
@click.option(
    "--baseline",
    "baseline_file",
    metavar="FILE",
    help="Baseline: what the organization requires.  [default: none; AWS limits and working grants are still checked]",
)
@click.option(
    "--waivers",
    "waiver_file",
    metavar="FILE",
    help="Waivers in addition to those of the baseline: `version: 1` and `waivers:`, as in a baseline. Only this file "
    "is read.",
)
@custom_checks_option
@click.option("--output", metavar="DIR", default="ecr-audit-output", show_default=True, help="Folder for the reports.")
@click.option(
    "--format",
    "formats",
    type=Formats(),
    default="csv,pdf",
    show_default=True,
    help=f"Reports to write, of: {', '.join(FORMATS)}.",
)
@scope_options
@selection_options
@store_option
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    default="high",
    show_default=True,
    help="Exit with 4 if there is a finding of this severity or worse.",
)
@click.option("--resume", is_flag=True, help="Resume an interrupted collection with the same scope and baseline.")
@click.option("--all-repositories", is_flag=True, help="Read every repository in detail, not only replicated ones.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=min(os.cpu_count() or 1, 4),
    show_default="cores, at most 4",
    help="Worker processes that read registries.",
)
@aws_options
@click.pass_context
def run(
    ctx: click.Context,
    baseline_file: str | None,
    waiver_file: str | None,
    custom_checks_folder: str | None,
    output: str,
    formats: tuple[str, ...],
    accounts: tuple[str, ...],
    ous: tuple[str, ...],
    regions: tuple[str, ...],
    check_names: tuple[str, ...],
    severity: str | None,
    store_url: str | None,
    fail_on: str,
    processes: int,
    profile: str | None,
    role_name: str,
    external_id: str | None,
    endpoint_url: str | None,
    *,
    resume: bool,
    all_repositories: bool,
) -> None:
    """Audit the organization that the credentials belong to, and write the reports."""
    from audit.run import Request

    folder = Path(output)
    prepare_folder(folder)
    request = Request(
        aws=aws_settings(profile, role_name, external_id, endpoint_url),
        scope=scope_of(accounts, ous, regions, all_repositories=all_repositories),
        baseline_name=Path(baseline_file).name if baseline_file else "defaults",
        baseline_text=utf8_file(baseline_file) if baseline_file else "",
        processes=processes,
        resume=resume,
        waivers=given_file(waiver_file) if waiver_file else None,
        custom_checks=given_custom_checks(custom_checks_folder) if custom_checks_folder else (),
        selection=selection_of(check_names, severity),
    )
    finished = audit_and_report(request, opened_store(store_url), formats, folder)
    ctx.exit(exit_code(finished, fail_on))


def audit_and_report(
    request: Request, store: Store, formats: tuple[str, ...], folder: Path, *, resumable: bool = True
) -> Run:
    """Run the audit, store the run, render it, print the summary. *resumable*: whether the command has `--resume`."""
    from audit.aws import AwsSetupError
    from audit.progress import Phase, ProgressEvent
    from audit.run import run_audit
    from audit.store import StoreError
    from checks.baseline.yaml_reader import BaselineError
    from checks.selection import SelectionError
    from ecr_audit.cli.progress import progress
    from ecr_audit.cli.screen import print_summary

    with explained(AwsSetupError, BaselineError, SelectionError, StoreError), progress() as shown:
        with _resumable() if resumable else nullcontext():
            finished = run_audit(request, store, shown, lambda: dt.datetime.now(dt.UTC))
        with _report_hint(finished, folder):
            shown(ProgressEvent(Phase.REPORTS))
            view = kept_view(store, finished)
            written = write_reports(finished, view, formats, folder, partial(store.table, finished.id))
            scripts = write_scripts(finished, folder)
    with _closed_reader():
        print_summary(finished, view, written=written, scripts=scripts, store=store.at(finished.id))
    return finished


@contextmanager
def _closed_reader() -> Iterator[None]:
    """A reader that closes the summary early (head, less) does not change the result of the audit."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _resumable() -> Iterator[None]:
    """On Ctrl-C, print how to resume."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nThe collected data is stored: run the same command with --resume to continue.", err=True)
        raise


@contextmanager
def _report_hint(finished: Run, folder: Path) -> Iterator[None]:
    """If writing reports fails, print how to write them again: the run is stored."""
    try:
        yield
    except BaseException as error:
        again = f"The run is stored: use `ecr-audit report {finished.id}` with the same --store to write its reports."
        if isinstance(error, OSError):
            reason = f"the reports cannot be written into {folder}: {error.strerror or error}."
            raise UserError(f"{reason} {again} Choose a folder with --output.") from error
        click.echo(f"\n{again}", err=True)
        raise


def exit_code(finished: Run, fail_on: str) -> int:
    """0, 3 or 4, as described in `ecr-audit --help`. Waived findings do not count."""
    from checks.model import Severity, Status

    threshold = Severity(fail_on)
    if any(
        finding.status is Status.FAIL and finding.waiver is None and finding.severity.at_least(threshold)
        for finding in finished.findings
    ):
        return 4
    broken = any(finding.status is Status.ERROR for finding in finished.findings)
    # A scope without registries is usually a typing error: it must not look like a clean audit.
    nothing = finished.coverage.registries_planned == 0
    return 0 if finished.evidence_complete and not broken and not nothing else 3
