"""`ecr-audit baseline`: what the organization requires."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import (
    aws_options,
    aws_settings,
    opened_store,
    scope_of,
    scope_options,
    store_option,
    utf8_file,
)

if TYPE_CHECKING:
    from audit.store import Store
    from checks.baseline.schema import Baseline
    from checks.baseline.yaml_reader import Problem


@click.group()
def baseline() -> None:
    """Create or validate a baseline: what the organization requires."""


@baseline.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--run",
    "run_name",
    metavar="RUN|latest",
    help="Also look up accounts, names of accounts, units and Regions in the evidence of this stored run.",
)
@store_option
def validate(file: str, run_name: str | None, store_url: str | None) -> None:
    """Validate a baseline; reports every error at once, with line and column.

    A Region that AWS's SDK does not know gives a warning. With --run, a name that the organization did not have in that
    run is an error, too; `run` itself notes such names.
    """
    from checks.baseline.loading import load_baseline
    from checks.baseline.yaml_reader import BaselineError
    from checks.catalog import CHECKS

    known = {check.id: check.aliases for check in CHECKS}
    text = utf8_file(file)
    with explained(BaselineError):
        loaded = load_baseline(text, file, known_checks=known)
        if run_name:
            _look_up(text, file, opened_store(store_url), run_name)
    for problem in () if run_name else _unknown_regions(text, file):
        click.echo(f"Warning: {problem}", err=True)
    click.echo(f"{file}: valid; {_sections(loaded)}")


def _sections(loaded: Baseline) -> str:
    """How much a baseline requires: `2 replication requirements, 1 resilience requirement, …`."""
    from reports.text import counted

    parts = (
        (loaded.replication, "replication requirement", "replication requirements"),
        (loaded.resilience, "resilience requirement", "resilience requirements"),
        (loaded.settings, "settings entry", "settings entries"),
        (loaded.source_settings, "source settings entry", "source settings entries"),
        (loaded.waivers, "waiver", "waivers"),
    )
    return ", ".join(counted(len(entries), one, many) for entries, one, many in parts)


def _unknown_regions(text: str, file: str) -> tuple[Problem, ...]:
    """Regions in a baseline that the installed botocore does not know: mistyped, or newer than it."""
    import botocore.session

    from checks.baseline.organization_names import OrganizationNames, unknown_names

    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    known = {region for partition in partitions for region in session.get_available_regions("ecr", partition)}
    return unknown_names(text, file, OrganizationNames(regions=frozenset(known)))


def _look_up(text: str, file: str, store: Store, run_name: str) -> None:
    """Raise BaselineError for names in the baseline that the organization of a stored run does not have."""
    from audit.describe import organization_names
    from audit.store import StoreError
    from checks.baseline.organization_names import unknown_names
    from checks.baseline.yaml_reader import BaselineError

    with explained(StoreError):
        run_id = store.resolve(run_name)
        tables = {name: store.table(run_id, name) for name in ("accounts", "regions", "gaps")}
    if problems := unknown_names(text, file, organization_names(tables)):
        raise BaselineError(problems)


@baseline.command()
def schema() -> None:
    """Print the JSON Schema, for editors."""
    from checks.baseline.schema import baseline_schema

    click.echo(json.dumps(baseline_schema(), indent=2))


@baseline.command()
def example() -> None:
    """Print a baseline that explains every key."""
    from checks.baseline.loading import example_baseline

    click.echo(example_baseline(), nl=False)


@baseline.command()
@click.option("--output", metavar="FILE", default="baseline.yaml", show_default=True, help="File to write.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@scope_options
@aws_options
def init(
    output: str, accounts: tuple[str, ...], ous: tuple[str, ...], regions: tuple[str, ...], profile: str | None,
    role_name: str, external_id: str | None, endpoint_url: str | None, *, force: bool,
) -> None:  # fmt: skip
    """Generate a commented baseline from the organization's current configuration."""
    from audit.aws import AwsSetupError
    from audit.baseline_generator import generate_baseline
    from audit.inventory import collect
    from audit.store.files import write_atomically
    from checks.baseline.schema import Baseline
    from ecr_audit.cli.progress import progress

    path = Path(output)
    if path.exists() and not force:
        raise UserError(f"{path} exists; choose another name, or use --force to replace it")
    settings = aws_settings(profile, role_name, external_id, endpoint_url)
    with explained(AwsSetupError), progress() as shown:
        evidence = collect(settings, scope_of(accounts, ous, regions), Baseline(), progress=shown, now=time.time())
    try:
        write_atomically(path, generate_baseline(evidence).encode())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    click.echo(f"{path} describes the current configuration. Review it, change it to your requirements, then run:")
    click.echo(f"  ecr-audit run --baseline {path}")
