"""`ecr-audit diff`: what changed between two stored runs. Does not call AWS."""

from __future__ import annotations

from pathlib import Path

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import opened_store, store_option


@click.command()
@click.argument("before", metavar="RUN1", default="previous")
@click.argument("after", metavar="RUN2", default="latest")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "csv", "markdown"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@click.option("--output", metavar="FILE", help="File to write.  [default: standard output]")
@store_option
def diff(before: str, after: str, format_: str, output: str | None, store_url: str | None) -> None:
    """Show what is new, worse, fixed or still open in RUN2 compared with RUN1.

    RUN1 and RUN2 are ids, their beginnings, `latest`, or `previous`. Both words mean runs of the same organization,
    scope and checks as the other run: `previous` is the run before RUN2. Without arguments, `previous` is
    compared with `latest`. A finding that is no longer open counts as fixed only if RUN2 evaluated it again under the
    same requirement; if RUN2 did not ask about it, it is no longer required, and otherwise not evaluated again.
    """
    from audit.store import StoreError
    from audit.store.files import write_atomically
    from reports.comparison import compare
    from reports.comparison_texts import RENDERERS

    store = opened_store(store_url)
    with explained(StoreError):
        first, second = map(store.load, store.resolve_pair(before, after))
        dropped = store.dropped(first, second)
    text = RENDERERS[format_](compare(first, second, dropped))
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        write_atomically(Path(output), text.encode())
    except OSError as error:
        raise UserError(f"{output} cannot be written: {error.strerror or error}; choose another --output") from error
    click.echo(output)
