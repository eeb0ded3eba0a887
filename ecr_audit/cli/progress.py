"""Progress on the terminal: a bar where there is one, nothing where there is not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from audit.inventory import Progress


class Quiet:
    """Says nothing: output is not a terminal."""

    def started(self, total_registries: int) -> None:
        """Nothing to show."""

    def finished(self, account: str, region: str) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""


@dataclass
class Shown:
    """One bar: registries read, and what is being done."""

    bar: Bar
    task: TaskID

    def started(self, total_registries: int) -> None:
        """So many registry reads are ahead."""
        self.bar.update(self.task, total=total_registries, completed=0)

    def finished(self, account: str, region: str) -> None:
        """One is done."""
        self.bar.update(self.task, advance=1, description=f"{account} {region}")

    def note(self, text: str) -> None:
        """Say what is being done."""
        self.bar.update(self.task, description=text)


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield Quiet()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Shown(bar, bar.add_task("looking around", total=None))
