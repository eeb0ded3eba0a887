"""Opens the service's configuration file and its store for the commands."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import evidence_location, utf8_file

if TYPE_CHECKING:
    from audit.store import Store
    from schedules.configuration.service import Configuration

_Command = TypeVar("_Command", bound=Callable[..., Any])

DEFAULT = "service.yaml"


def config_option(command: _Command) -> _Command:
    """`--config FILE`, as the argument `config_file`."""
    return click.option(
        "--config", "config_file", metavar="FILE", envvar="ECR_AUDIT_CONFIG", default=DEFAULT, show_default=True,
        help="The service's configuration.",
    )(command)  # fmt: skip


def opened_configuration(file: str) -> Configuration:
    """The configuration in *file*. Raises UserError with all errors of the file."""
    from checks.baseline.yaml_reader import BaselineError
    from schedules.configuration.loading import load_configuration

    path = Path(file)
    if not path.exists():
        raise UserError(
            f"configuration file {file} does not exist; set --config or ECR_AUDIT_CONFIG, "
            f"or create one: ecr-audit schedule example > {DEFAULT}"
        )
    with explained(BaselineError):
        return load_configuration(utf8_file(file), file, path.parent)


def configured_store(configuration: Configuration, store_url: str | None) -> Store:
    """The store of `--store` or its variable, else of the configuration, else the user's default store."""
    from audit.store import StoreError, open_store

    with explained(StoreError):
        if store_url or not configuration.store:
            return open_store(store_url, evidence=evidence_location())
        return open_store(configuration.store, evidence=evidence_location() or configuration.evidence)


def this_user() -> str:
    """The current user, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return f"user {os.getuid()}"
