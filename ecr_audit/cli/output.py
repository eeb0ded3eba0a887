"""Writing what a run produced into one folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from audit.model import Run
    from audit.store import Store
    from reports.view import ReportView

    Tables = Callable[[str], pd.DataFrame]


class Formats(click.ParamType[tuple[str, ...]]):
    """A comma-separated list of report formats."""

    name = "list"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split and check against the formats that exist."""
        from reports.formats import FORMATS

        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(",") if name.strip())
        unknown = [name for name in names if name not in FORMATS]
        if unknown or not names:
            self.fail(
                f"{', '.join(unknown) or 'an empty list'} is not a valid format; use {', '.join(FORMATS)}", param, ctx
            )
        return names


def kept_view(store: Store, run: Run) -> ReportView:
    """The view of a stored run for reports; `reports.run_view` is imported here because it is slow to import."""
    from reports import run_view

    return run_view.kept_view(store, run)


def prepare_folder(folder: Path) -> None:
    """Check that *folder* is writable before a long operation starts."""
    probe = folder / ".ecr-audit-can-write"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UserError(f"cannot write into {folder}: {error.strerror}; choose another folder with --output") from error


def write_reports(
    run: Run,
    view: ReportView,
    formats: Iterable[str],
    folder: Path,
    tables: Tables | None = None,
    *,
    archive: bool = False,
) -> tuple[Path, ...]:
    """Render *formats* into *folder*; *tables* gives evidence tables by name, *archive* asks for PDF/A.

    Returns what was written, in order.
    """
    from audit.store.files import write_atomically
    from reports.formats import render

    written = []
    for name in formats:
        for file, data in render(name, run, view, tables=tables, archive=archive).items():
            write_atomically(folder / file, data)
            written.append(folder / file)
    return tuple(written)


def write_annexes(run: Run, view: ReportView, folder: Path, *, archive: bool = False) -> int:
    """Write a PDF for each account with findings or gaps below *folder*. Returns how many."""
    from audit.store.files import write_atomically
    from reports.formats.pdf_annex import FOLDER, render_annexes

    (folder / FOLDER).mkdir(exist_ok=True)
    written = 0
    for file, data in render_annexes(run, view, archive=archive):
        write_atomically(folder / file, data)
        written += 1
    return written


def write_scripts(run: Run, folder: Path) -> Path | None:
    """The remediation scripts, executable, in their own folder; scripts of an earlier run go. None without any."""
    from reports.commands import SCRIPT_FOLDER

    target = folder / SCRIPT_FOLDER
    if target.is_dir():
        for old in target.glob("*.sh"):
            # Only scripts of this program: they start with their own name.
            if f"# {old.name}: " in old.read_text(encoding="utf-8", errors="replace")[:400]:
                old.unlink()
    if not run.scripts:
        return None
    target.mkdir(parents=True, exist_ok=True)
    for script in run.scripts:
        path = target / script.name
        path.write_text(script.text, encoding="utf-8")
        path.chmod(0o755)
    return target
