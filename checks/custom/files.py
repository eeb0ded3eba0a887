"""Files of custom checks: strict JSON → expectations that can be evaluated, or why not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from checks.baseline.check_names import OWN, similar
from checks.engine.expectation_types import AGGREGATES, COUNTS, RefusedError, columns_of, safe_arguments
from checks.engine.text import fields, is_plain
from checks.model import Severity
from checks.tables import FILLED_LAST, TABLES, Table, Type

MAX_CHARACTERS = 1024 * 1024


def json_object(text: str) -> Mapping[str, Any]:
    """The object in *text*. Raises RefusedError with the problem as a clause."""
    if len(text) > MAX_CHARACTERS:
        raise RefusedError(f"the file has more than {MAX_CHARACTERS:,} characters")
    if "\ufffd" in text:
        raise RefusedError("the file is not UTF-8")
    try:
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except RecursionError as error:
        raise RefusedError("the file is nested too deep") from error
    except ValueError as error:
        raise RefusedError(f"the file is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise RefusedError("the file is not a JSON object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("an object has a duplicate key")
    return document


MAX_EXPECTATIONS = 500
_LONGEST_NAME = 32
_LONGEST_TEXT = 2_000

SEVERITIES = {"critical": Severity.HIGH, "warning": Severity.MEDIUM, "info": Severity.INFORMATIONAL}
"""Great Expectations' severities; `critical` is the default that it writes into every expectation."""

OBSERVED = "observed"
"""Name of the observed value in a message about a whole table."""

_META = ("id", "title", "severity", "message", "remediation", "when", "unknown", "at")
_JUDGED_TABLES: Mapping[str, Table] = {table.name: table for table in TABLES if table not in FILLED_LAST}


@dataclass(frozen=True, slots=True)
class CustomCheck:
    """One custom check: an expectation of a suite."""

    id: str
    """`user.<suite>.<id or number>`."""
    file: str
    """File that it comes from."""
    table: str
    """Name of the evaluated table; empty where not known."""
    type: str = ""
    """Great Expectations' name of the expectation."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Its keyword arguments."""
    title: str = ""
    """What holds when it is met."""
    severity: Severity = Severity.HIGH
    message: str = ""
    """Format string over the table's columns, or over `observed`; empty: the default message."""
    remediation: tuple[str, ...] = ()
    """Summary of the remediation, then manual steps; format strings like `message`."""
    when: tuple[str, ...] = ()
    """Boolean columns that must all be true for a row to be evaluated."""
    unknown: bool = False
    """Whether a row with a null is UNKNOWN; else it is left out, as Great Expectations does."""
    at: str = ""
    """Side of a two-sided table to which findings belong."""
    error: str = ""
    """Why it cannot be evaluated, as a clause; empty where it can."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads; none where it only counts rows."""
        return columns_of(self.type, self.arguments)


@dataclass(frozen=True, slots=True)
class CustomCheckFile:
    """One file of a folder of suites."""

    id: str
    """`user.<suite>`."""
    name: str
    """Name of the suite; that of its file where it has none."""
    file: str
    expectations: tuple[CustomCheck, ...] = ()
    """At least one; where the file as a whole is not valid, one with the error."""


def read_custom_checks(files: Iterable[tuple[str, str]]) -> tuple[CustomCheckFile, ...]:
    """The suites in *files* (file name, text), in order. Every id in them is different."""
    custom_checks_files: list[CustomCheckFile] = []
    for file, text in files:
        suite = _suite(file, text)
        taken = {one.id: one.file for one in custom_checks_files}
        if suite.id in taken:
            problem = f"{taken[suite.id]} has a suite of the same name"
            suite = _unusable(_free(suite.id, taken), suite.name, file, problem)
        custom_checks_files.append(suite)
    return tuple(custom_checks_files)


def custom_checks(custom_checks_files: Iterable[CustomCheckFile]) -> tuple[CustomCheck, ...]:
    """Every expectation of *suites*, in order."""
    return tuple(one for suite in custom_checks_files for one in suite.expectations)


def _suite(file: str, text: str) -> CustomCheckFile:
    stem = file.removesuffix(".json")
    try:
        document = json_object(text)
    except RefusedError as error:
        return _unusable(f"{OWN}{_slug(stem)}", stem, file, str(error))
    name = document.get("name")
    name = name if isinstance(name, str) and _slug(name) else stem
    identifier = f"{OWN}{_slug(name)}"
    try:
        table = _table(document)
        entries = _expectations(document)
    except RefusedError as error:
        return _unusable(identifier, name, file, str(error))
    found: dict[str, CustomCheck] = {}
    for number, entry in enumerate(entries, start=1):
        one = _expectation(entry, number, identifier, file, table)
        if one.id in found:
            one = replace(one, id=_free(one.id, found), error="another expectation of the suite has the same id")
        found[one.id] = one
    return CustomCheckFile(identifier, name, file, tuple(found.values()))


def _unusable(identifier: str, name: str, file: str, problem: str) -> CustomCheckFile:
    about = CustomCheck(identifier, file, table="", title=f"The suite in {file} can be used", error=problem)
    return CustomCheckFile(identifier, name, file, (about,))


def _free(identifier: str, taken: Iterable[str]) -> str:
    names, number = set(taken), 2
    while f"{identifier}-{number}" in names:
        number += 1
    return f"{identifier}-{number}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:_LONGEST_NAME].strip("-")


def _table(document: Mapping[str, Any]) -> Table:
    meta = document.get("meta")
    name = meta.get("table") if isinstance(meta, dict) else None
    if not isinstance(name, str):
        raise RefusedError('its meta has no table: add one, such as "meta": {"table": "replicas"}')
    if name not in _JUDGED_TABLES:
        hint = similar(name, _JUDGED_TABLES, "tables")
        raise RefusedError(f"its meta names the table {name!r}, which does not exist ({hint})")
    return _JUDGED_TABLES[name]


def _expectations(document: Mapping[str, Any]) -> list[Any]:
    entries = document.get("expectations")
    if not isinstance(entries, list) or not entries:
        raise RefusedError("the suite has no expectations")
    if len(entries) > MAX_EXPECTATIONS:
        raise RefusedError(f"the suite has {len(entries):,} expectations, and at most {MAX_EXPECTATIONS} are allowed")
    return entries


def _expectation(entry: Any, number: int, suite: str, file: str, table: Table) -> CustomCheck:
    """One entry of a suite; a problem is in its `error`."""
    bare = CustomCheck(f"{suite}.{number}", file, table.name, title=f"Expectation {number} holds")
    if not isinstance(entry, dict):
        return replace(bare, error="it is not a JSON object")
    kind, kwargs, meta = entry.get("type"), entry.get("kwargs") or {}, entry.get("meta") or {}
    if not (isinstance(kind, str) and isinstance(kwargs, dict) and isinstance(meta, dict)):
        return replace(bare, error="an expectation needs a `type`, and objects as `kwargs` and `meta`")
    bare = replace(bare, id=f"{suite}.{_name(meta, entry, number)}", type=kind[:_LONGEST_TEXT])
    bare = replace(bare, title=_title(entry, meta, bare.type, kwargs))
    try:
        return _checked(bare, entry, kwargs, meta, table)
    except RefusedError as error:
        return replace(bare, error=str(error))


def _name(meta: Mapping[str, Any], entry: Mapping[str, Any], number: int) -> str:
    """Last part of the id: what `meta` says, else Great Expectations' own id, which stays when others move, else the
    number."""
    for given in (meta.get("id"), entry.get("id")):
        if isinstance(given, str) and _slug(given):
            return _slug(given)
    return str(number)


def _title(entry: Mapping[str, Any], meta: Mapping[str, Any], kind: str, kwargs: Mapping[str, Any]) -> str:
    for given in (meta.get("title"), entry.get("description")):
        if isinstance(given, str) and given.strip():
            return " ".join(given.split())[:200].rstrip(".")
    words = kind.removeprefix("expect_").replace("_", " ")
    named = [str(kwargs[name]) for name in ("column", "column_A", "column_B") if name in kwargs]
    return " ".join([words[:1].upper() + words[1:], *([f"({', '.join(named)})"] if named else [])])[:200]


def _checked(
    bare: CustomCheck, entry: Mapping[str, Any], kwargs: Mapping[str, Any], meta: Mapping[str, Any], table: Table
) -> CustomCheck:
    """*bare* with the other fields of its entry. Raises RefusedError."""
    arguments = safe_arguments(bare.type, kwargs)
    if entry.get("windows"):
        raise RefusedError("`windows` over earlier runs are not supported")
    for name in meta:
        hint = similar(name, _META, "") if name not in _META else ""
        if hint:
            raise RefusedError(f"its meta has the unknown key {name!r} ({hint})")
    whole = bare.type in AGGREGATES | COUNTS
    names = (OBSERVED,) if whole else table.names
    when = _when(meta.get("when"), table)
    for column in columns_of(bare.type, arguments):
        if column not in table.names:
            hint = similar(column, table.names, "")
            raise RefusedError(f"the table {table.name} has no column {column!r}{f' ({hint})' if hint else ''}")
    return replace(
        bare,
        arguments=arguments,
        severity=_severity(meta.get("severity"), entry.get("severity")),
        message=next(_templates(meta.get("message"), "message", names), ""),
        remediation=tuple(_templates(meta.get("remediation"), "remediation", names)),
        when=when,
        unknown=_flag(meta.get("unknown")),
        at=_side(meta.get("at"), table),
    )


def _severity(ours: object, theirs: object) -> Severity:
    if ours is None:
        return SEVERITIES.get(str(theirs), Severity.HIGH)
    if ours not in list(Severity):
        raise RefusedError(f"meta.severity is {ours!r}, which is not one of {', '.join(Severity)}")
    return Severity(str(ours))


def _flag(value: object) -> bool:
    if value not in (None, True, False) or (isinstance(value, int) and not isinstance(value, bool)):
        raise RefusedError("meta.unknown is neither true nor false")
    return bool(value)


def _side(value: object, table: Table) -> str:
    if value is None:
        return "source" if table.two_sided else ""
    if not table.two_sided or value not in ("source", "destination"):
        raise RefusedError("meta.at must be `source` or `destination`, and only for a table that has both")
    return str(value)


def _when(value: object, table: Table) -> tuple[str, ...]:
    names = (
        [value] if isinstance(value, str) else value if isinstance(value, list) else [] if value is None else [value]
    )
    for name in names:
        if not isinstance(name, str) or name not in table.names or table.column(name).type is not Type.BOOLEAN:
            raise RefusedError(f"meta.when names {name!r}, which is not a boolean column of {table.name}")
    return tuple(str(name) for name in names)


def _templates(value: object, part: str, names: Iterable[str]) -> Iterator[str]:
    """The format strings in *value*, text or a list of texts, over columns called *names*."""
    for one in (
        [value] if isinstance(value, str) else value if isinstance(value, list) else () if value is None else [value]
    ):
        if not isinstance(one, str) or not one.strip() or len(one) > _LONGEST_TEXT:
            raise RefusedError(f"meta.{part} is not text of at most {_LONGEST_TEXT:,} characters")
        try:
            missing = set(fields(one)) - set(names)
        except ValueError as error:
            problem = f"meta.{part} is not a valid format string: {error}; write a literal brace twice"
            raise RefusedError(problem) from error
        if missing:
            raise RefusedError(f"meta.{part} uses {sorted(missing)[0]!r}, which is not available here")
        if not is_plain(one):
            raise RefusedError(f"meta.{part} has a format specification that is not supported")
        yield " ".join(one.split())


def _as_list(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
