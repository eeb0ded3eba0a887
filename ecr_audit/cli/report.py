"""`ecr-audit report`: render a stored run again. Does not call AWS."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import opened_store, store_option
from ecr_audit.cli.output import Formats, kept_view, prepare_folder, write_annexes, write_reports, write_scripts
from reports.formats import FORMATS


@click.command()
@click.argument("run", metavar="RUN|latest")
@click.option(
    "--format",
    "formats",
    type=Formats(),
    default="csv,pdf",
    show_default=True,
    help=f"Reports to write, of: {', '.join(FORMATS)}.",
)
@click.option(
    "--annex",
    type=click.Choice(["accounts"]),
    help="Also write a PDF for each account with findings or gaps: accounts/ACCOUNT.pdf.",
)
@click.option("--pdf-a", is_flag=True, help="Write PDF/A-2a, for archives, instead of PDF/UA-1.")
@click.option("--output", metavar="DIR", default="ecr-audit-output", show_default=True, help="Folder for the reports.")
@store_option
def report(
    run: str, formats: tuple[str, ...], output: str, store_url: str | None, annex: str | None, *, pdf_a: bool
) -> None:
    """Write reports of a stored run. RUN is an id, its beginning, or `latest`."""
    from audit.store import StoreError

    folder = Path(output)
    store = opened_store(store_url)
    with explained(StoreError):
        loaded = store.load(store.resolve(run))
        view = kept_view(store, loaded)
    prepare_folder(folder)
    try:
        written = write_reports(loaded, view, formats, folder, partial(store.table, loaded.id), archive=pdf_a)
        annexes = write_annexes(loaded, view, folder, archive=pdf_a) if annex else 0
        scripts = write_scripts(loaded, folder)
    except OSError as error:
        raise UserError(
            f"the reports cannot be written into {folder}: {error.strerror or error}; choose a folder with --output"
        ) from error
    for path in written:
        click.echo(str(path))
    if annexes:
        click.echo(f"{folder / 'accounts'}/")
    if scripts:
        click.echo(f"{scripts}/")
