"""`ecr-audit demo`: the whole product on the simulated organization."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checks.model import Status
from ecr_audit.cli.errors import UserError
from ecr_audit.cli.options import opened_store
from ecr_audit.cli.output import prepare_folder

if TYPE_CHECKING:
    from audit.model import Run


@click.command()
@click.option(
    "--output",
    metavar="DIR",
    default="ecr-audit-output",
    show_default=True,
    help="Folder for the reports, the scripts and the stored run.",
)
def demo(output: str) -> None:
    """Audit a simulated organization on this machine, from AWS call to PDF page.

    Starts the simulator, audits it through boto3 over HTTP, writes findings.csv, findings.json, report.pdf and
    the remediation scripts, and stores the run. Nothing reaches AWS.
    """
    from audit.run import Request
    from audit.store.files import write_atomically
    from ecr_audit.cli.options import aws_settings, scope_of
    from ecr_audit.cli.run import audit_and_report
    from ecr_audit.simulator import DEMO_BASELINE

    folder = Path(output)
    prepare_folder(folder)
    store = opened_store(str(folder / "store"))
    text = Path(DEMO_BASELINE).read_text(encoding="utf-8")
    write_atomically(folder / "baseline.yaml", text.encode())
    with simulator_process() as environment:
        os.environ.update(environment)
        request = Request(
            aws=aws_settings(None, "ecr-audit", None, environment["AWS_ENDPOINT_URL"]),
            scope=scope_of((), (), ()),
            baseline_name="baseline.yaml",
            baseline_text=text,
            processes=min(os.cpu_count() or 1, 2),
        )
        run = audit_and_report(request, store, ("csv", "json", "pdf"), folder, resumable=False)
    click.echo(f"\n{shown_checks(run)}")
    click.echo(
        f"Open {folder / 'report.pdf'} first. To try a remediation, run `ecr-audit simulate`. In another shell, set the"
    )
    click.echo(f"variables that it prints and run a script of {folder / 'remediation'}.")


def shown_checks(run: Run) -> str:
    """How many checks fail in *run*, as a sentence that names the others."""
    missing = [result.check for result in run.results if not result.counts.get(Status.FAIL)]
    total = len(run.results)
    if not missing:
        return f"Each of the {total} checks has a failure in this organization."
    return (
        f"{total - len(missing)} of {total} checks have a failure in this organization. "
        f"Without a failure: {', '.join(missing)}."
    )


@contextmanager
def simulator_process() -> Iterator[dict[str, str]]:
    """The simulator in a process of its own, as AWS would be; yields the environment that points at it."""
    from ecr_audit.simulator import DEMO_WORLD, load_world
    from ecr_audit.simulator.server import environment

    process = subprocess.Popen(
        # It ends when its standard input is closed, so that it never outlives this process.
        [sys.executable, "-m", "ecr_audit.simulator", "--until-stdin-ends"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "http://" not in line:
            raise UserError("the simulator did not start; run `ecr-audit simulate` to see the error")
        yield environment("http://" + line.strip().rpartition("http://")[2], load_world(DEMO_WORLD).first_account())
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
