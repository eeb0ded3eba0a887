"""`ecr-audit baseline`: what the organization requires."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import aws_options, aws_settings, scope_of, scope_options, utf8_file


@click.group()
def baseline() -> None:
    """Create or validate a baseline: what the organization requires."""


@baseline.command()
@click.argument("file", metavar="FILE")
def validate(file: str) -> None:
    """Validate a baseline; reports every error at once, with line and column."""
    from checks.baseline.loading import load_baseline
    from checks.baseline.yaml_reader import BaselineError
    from checks.catalog import CHECKS

    known = {check.id: check.aliases for check in CHECKS}
    with explained(BaselineError):
        loaded = load_baseline(utf8_file(file), file, known_checks=known)
    click.echo(
        f"{file}: valid; {len(loaded.replication)} replication requirements, {len(loaded.settings)} settings entries,"
        f" {len(loaded.waivers)} waivers"
    )


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
