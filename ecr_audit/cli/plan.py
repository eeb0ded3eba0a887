"""`ecr-audit plan`: every fix of a stored run as ordered scripts or infrastructure as code. Does not call AWS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import ACCOUNTS, REGIONS, CommaList, opened_store, store_option
from ecr_audit.cli.output import prepare_folder

if TYPE_CHECKING:
    from audit.model import Run
    from checks.model import Finding
    from checks.remediation import Plan


@dataclass(frozen=True, slots=True)
class Choice:
    """Selection of the findings of a plan."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    """Check ids."""
    safe_only: bool = False
    waived: bool = False

    def has(self, account: str, region: str) -> bool:
        """Whether the plan is for this registry."""
        return (not self.accounts or account in self.accounts) and (not self.regions or region in self.regions)


@click.command()
@click.argument("run", metavar="[RUN|latest]", default="latest")
@click.option("--account", "accounts", type=ACCOUNTS, default=(), help="Only changes in these accounts.")
@click.option("--region", "regions", type=REGIONS, default=(), help="Only changes in these Regions.")
@click.option("--check", "checks", type=CommaList(), default=(), help="Only findings of these checks.")
@click.option("--safe-only", is_flag=True, help="Only changes that are safe without review.")
@click.option("--waived", is_flag=True, help="Include findings that a waiver covers.")
@click.option("--output", metavar="DIR", default="ecr-audit-plan", show_default=True, help="Folder for the plan.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("shell", "cloudformation", "terraform")),
    default="shell",
    show_default=True,
    help="Scripts for the AWS CLI, or the target documents as infrastructure code.",
)
@store_option
def plan(
    run: str, accounts: tuple[str, ...], regions: tuple[str, ...], checks: tuple[str, ...], output: str, form: str,
    store_url: str | None, *, safe_only: bool, waived: bool,
) -> None:  # fmt: skip
    """Write the remediation plan of a stored run: one script per registry and stage, in the order in which to run them.

    RUN is an id, its beginning, or `latest`. Nothing is changed and AWS is not called.
    """
    from audit.store import StoreError
    from ecr_audit.cli.plan_output import write_code, write_shell

    store = opened_store(store_url)
    with explained(StoreError):
        loaded = store.load(store.resolve(run))
    choice = Choice(accounts, regions, _check_ids(checks, loaded), safe_only, waived)
    findings = chosen(loaded, choice)
    planned_steps = _planned_steps(loaded, findings, choice)
    folder = Path(output)
    prepare_folder(folder)
    write = write_shell if form == "shell" else write_code
    try:
        lines = write(loaded, findings, planned_steps, folder, form)
    except OSError as error:
        raise UserError(
            f"the plan cannot be written into {folder}: {error.strerror or error}; choose a folder with --output"
        ) from error
    for line in (*lines, *_narrowed(loaded, choice, findings)):
        click.echo(line)


def _check_ids(names: tuple[str, ...], run: Run) -> tuple[str, ...]:
    """Check ids for ids or aliases. Raises UserError for a check that is neither built-in nor in the run."""
    from checks.catalog import CHECKS

    ids = {alias.lower(): check.id for check in CHECKS for alias in (*check.aliases, check.id)}
    ids |= {result.check.lower(): result.check for result in run.results}
    for name in names:
        if name.lower() not in ids:
            raise UserError(f"check {name!r} does not exist; run `ecr-audit checks list` to list all checks")
    return tuple(ids[name.lower()] for name in names)


def chosen(run: Run, choice: Choice) -> tuple[Finding, ...]:
    """The failures in the plan, in catalog order."""
    from checks.model import Status

    def wanted(finding: Finding) -> bool:
        if finding.status is not Status.FAIL or (finding.waiver is not None and not choice.waived):
            return False
        if choice.checks and finding.check not in choice.checks:
            return False
        remediation = finding.remediation
        if choice.safe_only and not (remediation and remediation.safe and remediation.changes):
            return False
        places = [(change.account, change.region) for change in (remediation.changes if remediation else ())]
        return any(choice.has(*place) for place in (*places, (finding.account, finding.region)))

    return tuple(finding for finding in run.findings if wanted(finding))


def _planned_steps(run: Run, findings: tuple[Finding, ...], choice: Choice) -> Plan:
    from dataclasses import replace

    from checks.baseline.loading import load_baseline
    from checks.baseline.yaml_reader import BaselineError
    from checks.model import RemediationContext
    from checks.remediation import planned

    with explained(BaselineError):
        baseline = load_baseline(run.baseline_text, run.baseline_name)
    context = RemediationContext(baseline, run.organization_id, run.documents)
    try:
        planned_steps = planned(findings, context, waived=choice.waived)
    except ValueError as error:
        raise UserError(
            f"run {run.id} was stored by another version of ecr-audit: {error}; run the audit again"
        ) from error
    return replace(
        planned_steps,
        scripts=tuple(script for script in planned_steps.scripts if choice.has(script.account, script.region)),
        registries=tuple(one for one in planned_steps.registries if choice.has(one.account, one.region)),
    )


def _narrowed(run: Run, choice: Choice, findings: tuple[Finding, ...]) -> list[str]:
    """Failures that the options exclude, so that a part is not mistaken for the whole."""
    everything = chosen(run, Choice(waived=True))
    waived = sum(finding.waiver is not None for finding in everything)
    lines = []
    others = len(everything) - len(findings) - (0 if choice.waived else waived)
    if others > 0:
        lines.append(f"Excluded from this plan by its options: {others} failures of the run.")
    if waived and not choice.waived:
        lines.append(f"Covered by waivers and not included: {waived} failures; use --waived to include them.")
    return lines
