"""The summary on the screen at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from checks.model import Severity, Status, utc_text

if TYPE_CHECKING:
    from rich.console import Console

    from audit.model import Run
    from reports.view import ReportView

STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFORMATIONAL: "dim",
}
WORST = 12
"""How many checks the screen lists; the reports list all."""


def print_summary(
    run: Run, view: ReportView, *, written: Sequence[Path] = (), scripts: Path | None = None, store: str | None = None
) -> None:
    """Print verdict, coverage, the worst checks and the paths of all files."""
    from rich.text import Text

    from reports.sanitize import one_line
    from reports.text import counted

    console = _screen()
    console.print()
    # Names come from AWS and are not trusted: no markup, no terminal control characters.
    name = one_line(run.organization_name or run.organization_id or run.caller_account)
    console.print(Text.assemble((name, "bold"), f"  run {run.id}  {utc_text(run.started_at)}"))
    console.print(one_line(view.verdict), markup=False, style="bold")
    _print_coverage(console, run)
    for note in run.notes:
        console.print(f"Note: {one_line(note)}", markup=False)
    _print_checks(console, run)
    for path in written:
        console.print(f"  {path}", markup=False, soft_wrap=True)
    if scripts is not None:
        manual = sum(1 for script in run.scripts if script.manual)
        steps = f", {manual} with manual steps" if manual else ""
        many = counted(len(run.scripts), "script", "scripts")
        console.print(f"  {scripts}/  ({many}{steps})", markup=False, soft_wrap=True)
    if store is not None:
        console.print(f"  {store}/  (the stored run and its evidence)", markup=False, soft_wrap=True)


def _screen() -> Console:
    """A console that raises BrokenPipeError for a closed reader; rich's own exits with 1."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Screen(highlight=False, emoji=False)


def _print_coverage(console: Console, run: Run) -> None:
    from reports.text import counted
    from reports.view import accounts_text

    coverage = run.coverage
    console.print(
        f"{accounts_text(coverage)}; "
        f"{coverage.registries_complete} of {counted(coverage.registries_planned, 'registry', 'registries')} "
        f"read completely ({coverage.registries_partial} in part, {coverage.registries_unread} not at all), "
        f"{counted(coverage.repositories, 'repository', 'repositories')}, "
        f"{counted(sum(run.calls.sent.values()), 'API call', 'API calls')}, {counted(len(run.gaps), 'gap', 'gaps')}.",
        markup=False,
    )
    if coverage.unaccounted:
        missing = ", ".join(map(str, coverage.unaccounted))
        console.print(f"Planned but missing from the result: {missing}", markup=False, style="bold red")


def _print_checks(console: Console, run: Run) -> None:
    from rich.table import Table

    failing = Counter((f.severity, f.check) for f in run.findings if f.status is Status.FAIL and f.waiver is None)
    unknown: Counter[str] = Counter()
    for one in run.findings:
        if one.status is Status.UNKNOWN:
            unknown[one.check] += one.rows
    errors = [f for f in run.findings if f.status is Status.ERROR]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("severity")
    table.add_column("check", overflow="fold")
    table.add_column("failing", justify="right")
    table.add_column("unknown", justify="right")
    rows = sorted(failing.items(), key=lambda entry: (entry[0][0].rank, -entry[1], entry[0][1]))
    for (severity, check), count in rows[:WORST]:
        table.add_row(f"[{STYLES[severity]}]{severity.value}[/]", check, str(count), str(unknown.get(check, "")))
    console.print()
    console.print(table)
    if len(rows) > WORST:
        more = len(rows) - WORST
        console.print(f"… and {more} more check{'s' * (more > 1)} with findings; the reports list all.", style="dim")
    for finding in errors:
        console.print(f"Check error in {finding.check}: {finding.message}", markup=False, style="bold red")
    console.print()
