"""`ecr-audit token`: access tokens for the web page and the API."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import explained
from ecr_audit.cli.options import opened_store, store_option
from ecr_audit.cli.service_config import DEFAULT, configured_store, opened_configuration, this_user

if TYPE_CHECKING:
    from audit.store import Store
    from ecr_audit.web.security.tokens import Tokens

ROLES = ("read", "run", "admin")

_config = click.option(
    "--config", "config_file", metavar="FILE", envvar="ECR_AUDIT_CONFIG",
    help=f"The service's configuration, which names its store.  [default: {DEFAULT}, if it exists]",
)  # fmt: skip


@click.group()
def token() -> None:
    """Tokens for the web page and the API: create, list, revoke.

    A token is shown once, when it is created; the store contains only its SHA-256. Programs send it as `Authorization:
    Bearer TOKEN`, people paste it into the sign-in page.
    """


@token.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="read: view. run: also start and cancel audits. admin: also waive findings.",
)
@click.option(
    "--days", type=click.IntRange(1, 3650), metavar="N", help="Expires after this many days.  [default: never]"
)
@_config
@store_option
def add(name: str, role: str, days: int | None, config_file: str | None, store_url: str | None) -> None:  # fmt: skip
    """Create the token NAME and print it once on standard output."""
    from ecr_audit.web.security.roles import Role
    from ecr_audit.web.security.tokens import TokenError

    store = _store(config_file, store_url)
    with explained(TokenError):
        secret = _tokens(store).add(name, Role(role), days)
    store.act(this_user(), "token add", name, {"role": role, "days": days}, _now())
    click.echo(secret)
    ends = f"for {days} days" if days else "until it is removed"
    click.echo(f"The token {name} has the role {role} {ends}. It cannot be shown again: save it now.", err=True)


@token.command("list")
@_config
@store_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_tokens(config_file: str | None, store_url: str | None, *, as_json: bool) -> None:
    """List the tokens by name, never their values."""
    lines = _tokens(_store(config_file, store_url)).list()
    if as_json:
        documents = [
            {
                "name": one.name, "role": one.role, "made_at": one.made_at.isoformat(),
                "until": one.until and one.until.isoformat(),
            }
            for one in lines
        ]  # fmt: skip
        click.echo(json.dumps(documents, indent=2))
        return
    if not lines:
        click.echo("There are no tokens; use `ecr-audit token add NAME --role read` to create one.")
        return
    now = _now()
    click.echo(f"{'NAME':<30} {'ROLE':<6} {'CREATED (UTC)':<17} EXPIRES (UTC)")
    for one in lines:
        ends = "never" if one.until is None else f"{one.until:%Y-%m-%d %H:%M}"
        expired = " (expired)" if one.until is not None and one.until <= now else ""
        click.echo(f"{one.name:<30} {one.role.value:<6} {one.made_at:%Y-%m-%d %H:%M}  {ends}{expired}")


@token.command()
@click.argument("name", metavar="NAME")
@_config
@store_option
def remove(name: str, config_file: str | None, store_url: str | None) -> None:
    """Revoke the token NAME at once; browsers that signed in with it are signed out."""
    from ecr_audit.web.security.tokens import TokenError

    store = _store(config_file, store_url)
    with explained(TokenError):
        _tokens(store).remove(name)
    store.act(this_user(), "token remove", name, {}, _now())
    click.echo(f"The token {name} is revoked.")


def _store(config_file: str | None, store_url: str | None) -> Store:
    """The store of `--store`, else of the configuration, else the user's default store."""
    from pathlib import Path

    if config_file is None and (store_url or not Path(DEFAULT).exists()):
        return opened_store(store_url)
    return configured_store(opened_configuration(config_file or DEFAULT), store_url)


def _tokens(store: Store) -> Tokens:
    from audit.store.access import AccessRows
    from ecr_audit.web.security.tokens import Tokens

    return Tokens(AccessRows(store.engine), _now)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
