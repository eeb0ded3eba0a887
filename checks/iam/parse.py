"""Registry policy text → statements. No policy makes this raise.

What cannot be parsed (a wrong type, an unknown element) becomes a *problem*, and that part of the statement is
unknown from then on; the other parts still count.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from checks.iam.conditions import Condition, read_conditions
from checks.iam.patterns import Glob, compile_glob
from checks.iam.principals import Principals, read_principals

LONGEST = 65_536
"""Characters beyond which a policy is not evaluated. AWS accepts 10,240 (ECR API reference, PutRegistryPolicy)."""

VERSIONS = ("2012-10-17", "2008-10-17")
"""Versions of the policy language; policy variables exist in the first only (IAM user guide)."""

_ELEMENTS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """Why a policy cannot be evaluated at all."""

    message: str
    """A clause, without full stop."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """An Action or Resource element. `texts` and `globs` run side by side."""

    element: str
    """`Action`, `NotAction`, `Resource` or `NotResource`; empty: the statement has none that can be read."""
    texts: tuple[str, ...]
    globs: tuple[Glob, ...]
    problems: tuple[str, ...] = ()
    """Why some or all of it could not be read; its result is then unknown."""
    variables: bool = False
    """Whether `${…}` is a policy variable in it."""

    @property
    def negated(self) -> bool:
        """Whether it names what does *not* match."""
        return self.element.startswith("Not")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. A part that could not be read carries its problem."""

    number: int
    """Position in the policy, from 1."""
    sid: str
    effect: str
    """`Allow`, `Deny`, or empty where it is neither."""
    principals: Principals
    actions: Patterns
    resources: Patterns
    conditions: tuple[Condition, ...]
    json: str
    """As written, JSON."""
    problems: tuple[str, ...]
    """Everything in it that could not be parsed, as clauses."""
    judgeable: bool
    """False where the statement as a whole could not be parsed, so nothing about it is certain."""

    @property
    def name(self) -> str:
        """Its name in a sentence: `statement 2 (AllowHub)`."""
        return f"statement {self.number} ({self.sid})" if self.sid else f"statement {self.number}"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that could be read; single statements may still have problems."""

    version: str
    statements: tuple[Statement, ...]
    _by_account: Mapping[str, tuple[Statement, ...]] = field(init=False, repr=False, compare=False)
    _by_no_account: tuple[Statement, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = {account for one in self.statements for account in one.principals.accounts}
        found: dict[str, list[Statement]] = {account: [] for account in named}
        free = []
        for one in self.statements:
            bound = one.principals.accounts and not (one.principals.unbounded or one.principals.malformed)
            for account in one.principals.accounts if bound else named:
                found[account].append(one)
            if not bound:
                free.append(one)
        object.__setattr__(self, "_by_no_account", tuple(free))
        object.__setattr__(self, "_by_account", {account: tuple(ones) for account, ones in found.items()})

    def near(self, account: str) -> tuple[Statement, ...]:
        """The statements that could concern *account*: all but those that name other accounts only."""
        return self._by_account.get(account, self._by_no_account)

    @property
    def problems(self) -> tuple[str, ...]:
        """The problems of all statements, each naming its statement."""
        return tuple(f"{one.name}: {problem}" for one in self.statements for problem in one.problems)


@lru_cache(maxsize=2_048)
def parse_policy(text: str) -> Policy | PolicyProblem:
    """Read a registry policy. Empty text is a policy without statements. Never raises for any text."""
    if len(text) > LONGEST:
        return PolicyProblem(
            f"the policy has {len(text):,} characters; AWS accepts 10,240, and a longer one is not evaluated"
        )
    if not text.strip():
        return Policy(VERSIONS[0], ())
    try:
        document = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
        # A lone surrogate is legal in JSON, and cannot be written into any report.
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return PolicyProblem("the policy contains an invalid character (a lone surrogate)")
    except RecursionError:
        return PolicyProblem("the policy is nested too deeply to be read")
    except ValueError as error:
        return PolicyProblem(f"the policy is not valid JSON: {error}")
    return _policy(document)


def read_statement(document: object, number: int, *, variables: bool = True) -> Statement:
    """One statement, already out of JSON. *variables*: whether `${…}` is a policy variable in it. Never raises."""
    if not isinstance(document, Mapping):
        return _unreadable(document, number, f"it is {_kind(document)} instead of an object")
    problems = [f"unknown element {name!r}" for name in map(str, document) if name not in _ELEMENTS]
    sid, effect = document.get("Sid", ""), document.get("Effect")
    if not isinstance(sid, str):
        problems.append(f"Sid is {_kind(sid)} instead of text")
    judgeable = not problems
    if effect not in ("Allow", "Deny"):
        problems.append("Effect is missing" if effect is None else f"Effect is {_shown(effect)}, not Allow or Deny")
    principals = read_principals(document)
    actions = _patterns(document, "Action", variables=False)
    resources = _patterns(document, "Resource", variables=variables)
    conditions, condition_problems = read_conditions(document.get("Condition", {}), variables=variables)
    return Statement(
        number=number,
        sid=sid if isinstance(sid, str) else "",
        effect=effect if effect in ("Allow", "Deny") else "",
        principals=principals,
        actions=actions,
        resources=resources,
        conditions=conditions,
        json=_text_of(document),
        problems=(*problems, *principals.problems, *actions.problems, *resources.problems, *condition_problems),
        judgeable=judgeable,
    )


def _policy(document: object) -> Policy | PolicyProblem:
    if not isinstance(document, dict):
        return PolicyProblem(f"the policy is {_kind(document)} instead of an object")
    unknown = [name for name in document if name not in ("Version", "Id", "Statement")]
    if unknown:
        return PolicyProblem(f"the policy has the unknown element {_shown(unknown[0])}")
    version = document.get("Version", VERSIONS[1])
    if version not in VERSIONS:
        return PolicyProblem(f"the policy's Version is {_shown(version)}; AWS knows {' and '.join(VERSIONS)}")
    if "Statement" not in document:
        return PolicyProblem("the policy has no Statement")
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        return PolicyProblem(f"Statement is {_kind(statements)} instead of an object or a list")
    variables = version == VERSIONS[0]
    read = (read_statement(one, number, variables=variables) for number, one in enumerate(statements, 1))
    return Policy(version, tuple(read))


def _patterns(document: Mapping[str, Any], element: str, *, variables: bool) -> Patterns:
    present = [name for name in (element, f"Not{element}") if name in document]
    if len(present) != 1:
        problem = f"the statement has both {element} and Not{element}" if present else f"{element} is missing"
        return Patterns("", (), (), (problem,))
    name = present[0]
    value = document[name]
    listed = value if isinstance(value, list) else [value]
    texts = tuple(one for one in listed if isinstance(one, str))
    problems = tuple(f"{name} has {_kind(one)} instead of text" for one in listed if not isinstance(one, str))
    if not listed:
        problems = (f"{name} is an empty list",)
    folded = texts if element == "Resource" else tuple(text.lower() for text in texts)
    globs = tuple(compile_glob(text, variables=variables) for text in folded)
    return Patterns(name, texts, globs, problems[:1], variables)


def _unreadable(document: object, number: int, problem: str) -> Statement:
    nothing = Patterns("", (), (), (problem,))
    return Statement(
        number, "", "", read_principals({}), nothing, nothing, (), _text_of(document), (problem,), judgeable=False
    )


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:60]!a} occurs twice in one object")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else _kind(value)
    return repr(text if len(text) <= 60 else text[:59] + "…") if isinstance(value, str) else text


def _text_of(document: object) -> str:
    try:
        return json.dumps(document, ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):
        # Only what did not come out of JSON text gets here.
        return json.dumps(f"{_kind(document)} that cannot be shown")
