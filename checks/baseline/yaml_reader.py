"""YAML 1.2 text to plain values, with the position of each value. Hostile or invalid text becomes problems.

The grammar is ruamel.yaml's; types are assigned here, by the core schema of YAML 1.2.2 section 10.3: no timestamps, no
`yes` and `no`, no octal by a leading zero, no merge keys, no tags. One addition: twelve digits are always text, so an
account id without quotes stays text and keeps its leading zeros.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

MAX_CHARACTERS = 1024 * 1024
MAX_VALUES = 100_000
"""Limit of values after the expansion of aliases, so exponentially nested aliases are rejected cheaply."""
MAX_DEPTH = 40

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]
"""Keys and positions (from 0) from the top of the file to a value."""

TWELVE_DIGITS = re.compile(r"[0-9]{12}")
"""The format of an account id."""
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_SURROGATE = re.compile("[\ud800-\udfff]")

_HINTS = (
    ("'\\t'", "indent with spaces, not with tabs"),
    ("mapping values are not allowed", "put text that contains `: ` in quotes, or fix the indentation"),
    ("while scanning an alias", "put text that begins with * in quotes"),
    ("that cannot start any token", "put text that begins with this character in quotes"),
    ("could not find expected ':'", "a key needs a colon and a space after it"),
    ("expected <block end>", "entries of one list or mapping need the same indentation"),
    ("while scanning a quoted scalar", "close the quotes"),
    ("expected the node content", "a value is missing here, or a bracket or brace is not closed"),
    ("flow sequence", "close the bracket"),
    ("flow mapping", "close the brace"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a file."""

    file: str
    line: int
    """From 1."""
    column: int
    """From 1."""
    path: str
    """`replication[0].destinations[1].region`; empty for the file as a whole."""
    message: str
    hint: str = ""
    """What to write instead, where that is known."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        return where + (f"{self.path}: " if self.path else "") + self.message + (f" ({self.hint})" if self.hint else "")


class BaselineError(Exception):
    """An invalid file, with all its problems."""

    SHOWN = 50

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[: self.SHOWN]]
        more = len(self.problems) - len(lines)
        return "\n".join([*lines, *([f"… and {more} more problems"] if more else [])])


class _Event(Protocol):
    """Attributes of ruamel.yaml's events; each kind has some of them."""

    start_mark: Any
    version: tuple[int, int] | None
    anchor: str | None
    tag: object
    implicit: tuple[bool, bool]
    value: str


@dataclass(slots=True)
class Node:
    """One value and its position. Aliases share the node of their anchor."""

    line: int
    column: int
    value: Any = None
    """Plain value; of a collection, the list or mapping of its children's plain values."""
    raw: str = ""
    """A scalar as written."""
    plain: bool = False
    """Whether a scalar is written without quotes and without a tag."""
    children: dict[str | int, Node] = field(default_factory=dict)
    keys: dict[str, Node] = field(default_factory=dict)
    """Of a mapping: the position of each key."""
    size: int = 1
    """Number of values in it, with aliases expanded."""
    closed: bool = False
    """Whether the end of the collection has been read."""


def path_text(path: Path) -> str:
    """`replication[0].name` for ("replication", 0, "name")."""
    # Keys come from the file and are printed on a terminal: no line breaks, no escape sequences.
    keys = (step if isinstance(step, int) or step.isprintable() else repr(step) for step in path)
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


class Reading:
    """One pass over the events of one file, without recursion, so the nesting depth can be limited."""

    def __init__(self, text: str, file: str, what: str = "a baseline") -> None:
        """*what*: name of the file's kind in messages, such as `a baseline`."""
        self.file, self.what = file, what
        self.text = text.removeprefix("\ufeff")
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._open: list[tuple[Node, Path]] = []
        self._key: Node | None = None
        self._anchors: dict[str, Node] = {}
        self._values = 0
        self._last = (1, 1)

    def read(self) -> Node | None:
        """The top of the file, None where it is empty. Raises BaselineError where reading cannot continue."""
        if len(self.text) > MAX_CHARACTERS:
            self._stop(1, 1, f"the file has {len(self.text):,} characters, and at most {MAX_CHARACTERS:,} are allowed")
        documents = 0
        for event in self._events():
            kind = type(event).__name__
            self._last = (event.start_mark.line + 1, event.start_mark.column + 1)
            if kind == "DocumentStartEvent":
                documents += 1
                self._document(documents, event)
            elif kind in ("ScalarEvent", "AliasEvent", "MappingStartEvent", "SequenceStartEvent"):
                self._value(kind, event)
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                self._close()
        return self.root

    def _events(self) -> Iterator[_Event]:
        from ruamel.yaml import YAML  # here, because importing it costs as much as the rest of the program's start
        from ruamel.yaml.error import MarkedYAMLError
        from ruamel.yaml.reader import ReaderError

        try:
            yield from YAML(typ="safe", pure=True).parse(self.text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else self._last
            words = ", ".join(part for part in (error.problem, error.context) if part)
            self._stop(line, column, f"not valid YAML: {words}", _hint(words))
        except ReaderError as error:
            before = self.text[: error.position]
            line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
            self._stop(line, column, f"not valid YAML: the character {error.character!r} is not allowed")
        except (ValueError, OverflowError, LookupError, AssertionError, NotImplementedError) as error:
            # ruamel.yaml raises these for unexpected escapes and directives.
            self._stop(*self._last, f"not valid YAML: {' '.join(str(error).split()) or type(error).__name__}")

    def _stop(self, line: int, column: int, message: str, hint: str = "") -> NoReturn:
        self._note(line, column, self._path(), message, hint)
        raise BaselineError(tuple(self.problems))

    def _note(self, line: int, column: int, path: Path, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, line, column, path_text(path), message, hint))

    def _path(self) -> Path:
        if not self._open:
            return ()
        parent, path = self._open[-1]
        if isinstance(parent.value, list):
            return (*path, len(parent.value))
        return (*path, self._key.raw) if self._key else path

    def _document(self, number: int, event: _Event) -> None:
        if number > 1:
            hint = f"a file has one {self.what.removeprefix('a ')}: remove the `---`"
            self._stop(*self._last, "a second document begins here", hint)
        if event.version not in (None, (1, 2)):
            self._note(*self._last, (), f"{self.what} is YAML 1.2", "remove the %YAML line")

    def _value(self, kind: str, event: _Event) -> None:
        node = self._alias(event) if kind == "AliasEvent" else self._node(kind, event)
        self._values += node.size
        if self._values > MAX_VALUES:
            self._stop(*self._last, f"more than {MAX_VALUES:,} values", "aliases count with all their values")
        path = self._path()
        self._attach(node, kind)
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._open.append((node, path))
            self._key = None
            if len(self._open) > MAX_DEPTH:
                self._stop(*self._last, f"values are nested more than {MAX_DEPTH} deep")

    def _node(self, kind: str, event: _Event) -> Node:
        node = Node(*self._last)
        if event.anchor:
            self._anchors[event.anchor] = node
        tag = str(event.tag) if event.tag else ""
        if tag and not (kind == "ScalarEvent" and tag in ("tag:yaml.org,2002:str", "!")):
            self._note(*self._last, self._path(), f"the tag {tag} is not supported", "remove it")
        if kind == "MappingStartEvent":
            node.value = {}
        elif kind == "SequenceStartEvent":
            node.value = []
        else:
            node.raw, node.plain, node.closed = event.value, event.implicit[0], True
            node.value = self._scalar(event) if event.implicit[0] else event.value
            if self._key and event.implicit[0] and not event.value:
                # ruamel.yaml places an empty value where the next token begins, often lines below its key.
                node.line, node.column = self._key.line, self._key.column
            if _SURROGATE.search(event.value):
                node.value = ""
                message = "a lone surrogate is not a valid character"
                self._note(*self._last, self._path(), message, "write it as \\U and eight hex digits")
        return node

    def _scalar(self, event: _Event) -> Scalar:
        raw = event.value
        if raw in _NULL:
            return None
        if raw in _TRUE or raw in _FALSE:
            return raw in _TRUE
        if _INTEGER.fullmatch(raw) and not TWELVE_DIGITS.fullmatch(raw):
            return int(raw, {"0o": 8, "0x": 16}.get(raw[:2], 10))
        if _NO_NUMBER.fullmatch(raw) or (_FLOAT.fullmatch(raw) and not math.isfinite(float(raw))):
            self._note(*self._last, self._path(), f"{raw[:40]} is not a finite number", "put text in quotes")
            return None
        return float(raw) if _FLOAT.fullmatch(raw) and not raw.lstrip("+-").isdigit() else raw

    def _alias(self, event: _Event) -> Node:
        node = self._anchors.get(str(event.anchor))
        if node is None:
            message = f"the anchor of the alias *{event.anchor} is not defined above"
            self._note(*self._last, self._path(), message, "put text that begins with * in quotes")
            return Node(*self._last, closed=True)
        if not node.closed:
            self._stop(*self._last, f"*{event.anchor} contains itself")
        return node

    def _attach(self, node: Node, kind: str) -> None:
        if not self._open:
            self.root = node
            return
        parent, path = self._open[-1]
        if isinstance(parent.value, list):
            parent.children[len(parent.value)] = node
            parent.value.append(node.value)
            return
        if self._key is None:
            if kind != "ScalarEvent":
                self._stop(*self._last, "a key must be plain text", "put text that begins with { [ * or & in quotes")
            self._key = node
            return
        key, self._key = self._key, None
        if key.raw in parent.value:
            first = parent.keys[key.raw].line
            hint = f"it is already on line {first}; merge the two"
            self._note(key.line, key.column, (*path, key.raw), "duplicate key", hint)
            return
        parent.keys[key.raw] = key
        parent.children[key.raw] = node
        parent.value[key.raw] = node.value

    def _close(self) -> None:
        node, _ = self._open.pop()
        node.size = 1 + sum(child.size for child in node.children.values())
        node.closed = True
        self._key = None


def _hint(words: str) -> str:
    return next((hint for text, hint in _HINTS if text in words), "")
