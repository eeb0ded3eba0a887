"""`ecr-audit evidence`: pack a stored run for an auditor, and verify a pack. Does not call AWS."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import opened_store, store_option
from ecr_audit.cli.output import kept_view

ALTERED = 1


class _PackByDefault(click.Group):
    """`evidence RUN` means `evidence pack RUN`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert `pack` if the first argument is not a command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["pack", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_PackByDefault)
def evidence() -> None:
    """Pack a run into one tamper-evident file, or verify such a file.

    `ecr-audit evidence RUN --output FILE.zip` makes a pack; `ecr-audit evidence verify FILE.zip` compares it with its
    own hashes.
    """


@evidence.command()
@click.argument("run", metavar="RUN|latest")
@click.option("--output", metavar="FILE", help="The ZIP file to write.  [default: evidence-RUN.zip]")
@store_option
def pack(run: str, output: str | None, store_url: str | None) -> None:
    """Write the evidence of RUN into one ZIP file and print the hash that identifies it."""
    from audit.store import StoreError
    from audit.store.files import write_atomically
    from reports.evidence import pack as packed

    store = opened_store(store_url)
    with explained(StoreError):
        loaded = store.load(store.resolve(run))
        stored = store.files(loaded.id)
        view = kept_view(store, loaded)
        data, manifest = packed(loaded, view, stored, partial(store.table, loaded.id))
    path = Path(output or f"evidence-{loaded.id}.zip")
    try:
        write_atomically(path, data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}; choose another --output") from error
    click.echo(str(path))
    click.echo(f"Manifest SHA-256: {manifest}")
    click.echo(
        "Store this hash separately from the file: a person who can alter the file can also rewrite its manifest.",
        err=True,
    )


@evidence.command()
@click.argument("file", metavar="FILE.zip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--manifest", "expected", metavar="SHA256", help="The hash that was printed when the pack was made.")
@click.pass_context
def verify(ctx: click.Context, file: Path, expected: str | None) -> None:
    """Verify FILE.zip. Exit code 0: unaltered; 1: altered."""
    from reports.evidence import PackError
    from reports.evidence import verify as verified
    from reports.sanitize import one_line

    try:
        found = verified(file)
    except PackError as error:
        raise UserError(str(error)) from error
    for word, names in (("altered", found.altered), ("missing", found.missing), ("added", found.added)):
        for name in names:
            click.echo(f"{word}: {one_line(name)}")
    other = expected is not None and expected.strip().lower() != found.manifest
    if other:
        click.echo("The manifest does not match the given hash: this is not the original pack.")
    elif found.intact:
        click.echo(f"Unaltered: {found.files} files match the manifest.")
    click.echo(f"Manifest SHA-256: {found.manifest}")
    if other or not found.intact:
        ctx.exit(ALTERED)
