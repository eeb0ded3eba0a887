"""Progress on the terminal: a bar if standard error is a terminal, else nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.progress import Progress, ProgressEvent, Step, no_progress
from reports.text import progress_text

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


@dataclass
class Shown:
    """A progress bar with the number of registries read and the current step."""

    bar: Bar
    task: TaskID

    def __call__(self, event: ProgressEvent) -> None:
        """Update the bar and its text."""
        if event.step is Step.PLANNED:
            self.bar.update(self.task, total=event.count, completed=0)
        else:
            self.bar.update(self.task, advance=event.step is Step.READ, description=progress_text(event))


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Shown(bar, bar.add_task("starting", total=None))
