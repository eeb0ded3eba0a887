"""Shared options and their conversion."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from audit.aws import AwsSettings
    from audit.evidence import Scope
    from audit.model import GivenFile
    from audit.store import Store
    from checks.selection import Selection

Command = TypeVar("Command", bound=Callable[..., Any])


class CommaList(click.ParamType[tuple[str, ...]]):
    """A comma-separated list."""

    name = "list"

    def __init__(self, pattern: str = "", what: str = "value") -> None:
        """Accept items that match *pattern* entirely; *what* names an item in error messages."""
        self.pattern, self.what = pattern, what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Split, trim and check."""
        if isinstance(value, tuple):
            return value
        items = tuple(item.strip() for item in value.split(",") if item.strip())
        if not items:
            # An unset shell variable must not extend the scope to the whole organization.
            self.fail("the value is empty; omit the option to include everything", param, ctx)
        for item in items:
            if self.pattern and not re.fullmatch(self.pattern, item):
                self.fail(f"{item!r} is not {self.what}", param, ctx)
        return items


CHECKS = CommaList()
ACCOUNTS = CommaList(r"\d{12}", "a valid 12-digit account ID")
REGIONS = CommaList(r"[a-z]{2,5}(-[a-z0-9]+)+-\d{1,2}", "a valid Region name such as eu-west-1")


class RoleName(click.ParamType[str]):
    """Name of an IAM role, with its path where it has one (IAM API reference, CreateRole)."""

    name = "role"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name: an invalid one would produce the ARN of something else."""
        text = str(value)
        if not re.fullmatch(r"([\x21-\x2e\x30-\x3e\x40-\x7e]+/)*[A-Za-z0-9_+=,.@-]{1,64}", text):
            self.fail(f"{text!r} is not a valid role name", param, ctx)
        return text


_AWS = [
    click.option("--profile", metavar="NAME", help="Profile of the AWS configuration to start with."),
    click.option("--role-name", metavar="NAME", type=RoleName(), default="ecr-audit", show_default=True,
                 help="Role to assume in every member account."),
    click.option("--external-id", metavar="TEXT", help="External id that the role's trust policy requires."),
    click.option("--endpoint-url", metavar="URL", help="Endpoint of every AWS call (a simulator, an emulator)."),
]  # fmt: skip
_SCOPE = [
    click.option("--accounts", type=ACCOUNTS, default=(), help="Only these accounts."),
    click.option("--ous", type=CommaList(), default=(), help="Only accounts below these OUs: ids, or paths of names."),
    click.option("--regions", type=REGIONS, default=(), help="Only these Regions."),
]


def _joined(_ctx: click.Context, _parameter: click.Parameter, value: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The values of an option that is given several times, as one list."""
    return tuple(item for items in value for item in items)


SEVERITIES = ("critical", "high", "medium", "low", "informational")
_SELECTION = [
    click.option("--checks", "check_names", metavar="ID,…", type=CHECKS, multiple=True, callback=_joined,
                 help="Only these checks: ids, catalogue ids (GRT-01), groups (grants), or patterns with *. The run is"
                      " marked as narrowed: the other checks are not evaluated, and it is never the latest run."),
    click.option("--severity", type=click.Choice(SEVERITIES), default=None,
                 help="Only checks whose failures can have this severity or a worse one; narrows as --checks does."),
]  # fmt: skip
_EVIDENCE = "ecr_audit.evidence"


def _store_evidence(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Store the value for `opened_store`; commands do not use it themselves."""
    ctx.meta[_EVIDENCE] = value or ""


_STORE = [
    click.option("--store", "store_url", metavar="URL", envvar="ECR_AUDIT_STORE",
                 help="Folder or PostgreSQL URL of the run history.  [default: the user's data folder]"),
    click.option("--evidence", metavar="PLACE", envvar="ECR_AUDIT_EVIDENCE", expose_value=False,
                 callback=_store_evidence,
                 help="Folder or s3://BUCKET/PREFIX for the files of runs, given once, when a store is created."
                      "  [default: the store's folder]"),
]  # fmt: skip

_CUSTOM_CHECKS = [
    click.option("--custom-checks", "custom_checks_folder", metavar="DIR", envvar="ECR_AUDIT_CUSTOM_CHECKS",
                 help="Folder of your own Great Expectations suites (*.json), which run beside the checks."),
]  # fmt: skip


def _apply(options: list[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    return lambda command: functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


aws_options = _apply(_AWS)
scope_options = _apply(_SCOPE)
selection_options = _apply(_SELECTION)
store_option = _apply(_STORE)
custom_checks_option = _apply(_CUSTOM_CHECKS)


def aws_settings(profile: str | None, role_name: str, external_id: str | None, endpoint_url: str | None) -> AwsSettings:
    """Settings of the AWS side, from the options."""
    from audit.aws import AwsSettings

    return AwsSettings(profile=profile, role_name=role_name, external_id=external_id, endpoint_url=endpoint_url)


def scope_of(
    accounts: tuple[str, ...], ous: tuple[str, ...], regions: tuple[str, ...], *, all_repositories: bool = False
) -> Scope:
    """The scope, from the options."""
    from audit.evidence import Scope

    return Scope(accounts=accounts, ous=ous, regions=regions, all_repositories=all_repositories)


def selection_of(check_names: tuple[str, ...], severity: str | None) -> Selection:
    """The selection of checks, from the options."""
    from checks.model import Severity
    from checks.selection import Selection

    return Selection(check_names, Severity(severity) if severity else None)


def opened_store(url: str | None) -> Store:
    """The store. Raises UserError with a message that states what to do."""
    from audit.store import StoreError, open_store
    from ecr_audit.cli.errors import explained

    with explained(StoreError):
        return open_store(url, evidence=evidence_location())


def evidence_location() -> str:
    """The value of `--evidence`; empty without it."""
    context = click.get_current_context(silent=True)
    return "" if context is None else str(context.meta.get(_EVIDENCE, ""))


def existing_file(name: str) -> bytes:
    """The contents of a file the user named, or a message that says why not."""
    from ecr_audit.cli.errors import UserError

    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}") from error


def utf8_file(name: str) -> str:
    """The text of a file the user named; a name in another encoding would silently match nothing."""
    from ecr_audit.cli.errors import UserError

    data = existing_file(name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name}:{line}: not valid UTF-8; save the file as UTF-8") from error


def given_file(name: str) -> GivenFile:
    """A text file that the user named, as a run stores it."""
    from audit.model import GivenFile

    return GivenFile(Path(name).name, utf8_file(name))


def given_custom_checks(folder: str) -> tuple[GivenFile, ...]:
    """The suites in *folder*, by file name; subfolders are not read."""
    from audit.model import GivenFile
    from ecr_audit.cli.errors import UserError

    try:
        names = sorted(path.name for path in Path(folder).iterdir() if path.suffix == ".json" and path.is_file())
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}") from error
    if not names:
        raise UserError(f"{folder} contains no suites; a suite is a file that ends in .json")
    return tuple(GivenFile(name, _some_text(str(Path(folder) / name))) for name in names)


def _some_text(name: str) -> str:
    """The first part of a file, up to the limit; what is not UTF-8 becomes the suite's own error."""
    from checks.custom.files import MAX_CHARACTERS
    from ecr_audit.cli.errors import UserError

    try:
        with Path(name).open(encoding="utf-8-sig", errors="replace") as file:
            return file.read(MAX_CHARACTERS + 1)
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}") from error
