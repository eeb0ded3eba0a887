"""The command line. Each command is a small module; heavy packages are imported only by the command that needs them."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module, metadata
from typing import Any, TextIO

import click

COMMANDS = (
    "run",
    "demo",
    "report",
    "plan",
    "diff",
    "runs",
    "store",
    "evidence",
    "send",
    "schedule",
    "serve",
    "token",
    "waive",
    "checks",
    "custom-checks",
    "baseline",
    "grants",
    "iam-policy",
    "simulate",
)
"""Names of the commands, in the order of the help text; module and function have the same name, with `_` for `-`."""

DEBUG = "ECR_AUDIT_DEBUG"


class ReaderGoneError(Exception):
    """The reader of our output (head, less) has closed it."""


@contextmanager
def _closed_pipe() -> Iterator[None]:
    """Hide the closed pipe from click, which would exit with 1, an internal error."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGoneError from error


class Commands(click.Group):
    """Imports a command on first use."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """As in click; help texts are printed here."""
        with _closed_pipe():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """As in click."""
        with _closed_pipe():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command called *name*."""
        if name not in COMMANDS:
            return None
        return command_of(name)


def command_of(name: str) -> click.Command:
    """Import the command called *name*, one of `COMMANDS`."""
    python_name = name.replace("-", "_")
    command: click.Command = getattr(import_module(f"ecr_audit.cli.{python_name}"), python_name)
    return command


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    click.echo(f"ecr-audit {metadata.version('ecr-audit')}")
    ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version."
)
def commands() -> None:
    """Audit Amazon ECR replication across an AWS Organization.

    Reads registries, rules, grants and settings (never writes), compares them with a baseline, and writes
    reports with remediation commands.

    \b
    Start:   ecr-audit demo
    Then:    ecr-audit baseline init --output baseline.yaml
             ecr-audit run --baseline baseline.yaml

    Exit codes: 0 nothing at or above --fail-on and evidence complete; 1 internal error; 2 usage or
    configuration; 3 evidence incomplete; 4 findings at or above --fail-on.
    """


class Terminated(KeyboardInterrupt):
    """A termination signal other than Ctrl-C, handled in the same way."""

    def __init__(self, number: int) -> None:
        """*number*: the signal's."""
        super().__init__(number)
        self.number = number


def _prepare() -> None:
    """Shut down gracefully on SIGTERM, and print any character on any terminal."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup ignores a hang-up on purpose.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _terminate(number: int, _frame: object) -> None:
    raise Terminated(number)


def main() -> None:
    """Entry point. User errors end with one message; internal errors say how to see more."""
    _prepare()
    try:
        # In this mode click returns the code of `ctx.exit(code)`.
        sys.exit(commands.main(prog_name="ecr-audit", standalone_mode=False))
    except click.ClickException as error:
        with suppress(OSError):  # where standard error is closed, the exit code remains
            error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo("\nStopped.", err=True)
        # click turns an interrupt into its own Abort.
        stopped = error if isinstance(error, Terminated) else error.__cause__
        sys.exit(128 + (stopped.number if isinstance(stopped, Terminated) else signal.SIGINT))
    except ReaderGoneError:
        _abandon(sys.stdout)
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        _fail(f"{_place(error)}: {error.strerror or error}")
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        _fail(
            f"internal error: {type(error).__name__}: {error}\nThis is a defect. Set {DEBUG}=1 to see where it arose."
        )


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""Errors of writing without a file name. Code that writes files adds the name, so the rest are streams."""


def _place(error: OSError) -> str:
    """The file or stream that could not be read or written."""
    if error.filename:
        return str(error.filename)
    if error.errno in _FULL:
        _abandon(sys.stdout)
        return "standard output cannot be written"
    return "an operation of the operating system failed"


def _abandon(stream: TextIO) -> None:
    """Discard what *stream* has buffered, or flushing it would fail again when the interpreter exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _fail(message: str) -> None:
    if os.environ.get(DEBUG):
        raise
    with suppress(OSError):  # as above
        click.echo(f"Error: {message}", err=True)
    sys.exit(1)
