"""Statements of registry policies about repositories, other than replication: one value for all equal rows.

Most registry policies are only about replication and have none; most others apply to every repository. Only Resources
that select some repositories are matched with names, and each such pattern once per name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audit.evidence import RegistryRecord
from audit.tables.categorical import Categorical, Codes
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import Flags, flag
from checks.iam import PolicyProblem, Statement, parse_policy
from checks.iam.access import Clause
from checks.iam.condition_keys import Context
from checks.iam.coverage import takes_in_all
from checks.iam.decision import action_match
from checks.iam.grantees import grantees_of
from checks.iam.request import CREATE, DELETE, ON_REPOSITORIES, PULL, PUSH, REPLICATE, Caller, Registry
from checks.iam.resources import Names, names_of
from checks.iam.three_valued import Truth, every

_OPENING = (*PULL, *PUSH, *DELETE)
_ANY = tuple(action for action in ON_REPOSITORIES if action not in (REPLICATE, CREATE))
_TRUTHS: tuple[Truth, ...] = (False, True, None)
"""By `flag`: 0, 1 and -1."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The statements of one registry policy that concern a repository, and whether they certainly do."""

    text: str
    """The registry policy; empty where none of its statements applies."""
    truths: tuple[tuple[int, Truth], ...] = ()
    """(number of the statement, whether its Resource includes the repository), without those that do not."""

    def clauses(self) -> tuple[Clause, ...]:
        """The statements themselves."""
        policy = parse_policy(self.text)
        if isinstance(policy, PolicyProblem):
            return ()
        return tuple(Clause(policy.statements[number - 1], truth) for number, truth in self.truths)


NOTHING = Reach("")


@dataclass(frozen=True, slots=True)
class _Part:
    """One statement that concerns repositories."""

    number: int
    certain: Truth
    """None where the registry may not evaluate it."""
    names: Names


@dataclass(slots=True)
class _Numbers:
    """Distinct values, numbered in order of appearance."""

    values: list[Reach] = field(default_factory=list)
    _number: dict[Reach, int] = field(default_factory=dict)

    def of(self, text: str, truths: Iterable[tuple[int, Truth]]) -> int:
        """The number of the value in which these statements of *text* have these truths."""
        kept = tuple((statement, truth) for statement, truth in truths if truth is not False)
        reach = Reach(text, kept) if kept else NOTHING
        if reach not in self._number:
            self._number[reach] = len(self.values)
            self.values.append(reach)
        return self._number[reach]


def reaches(index: EvidenceIndex, names: Sequence[str], registry: Codes, name: Codes) -> Categorical:
    """For each row the `Reach` of the policy of its *registry* for its *name*; null where that policy was not read.

    *registry* holds positions in `EvidenceIndex.universe`, *name* positions in *names*.
    """
    numbers = _Numbers()
    whole = np.full(len(index.universe) + 1, -1, dtype=np.int64)
    narrow: dict[int, tuple[str, tuple[_Part, ...]]] = {}
    for at, key in enumerate(index.universe):
        record = index.registry(key)
        parts = None if record is None else _parts(record)
        if record is None or parts is None:
            continue
        text = record.registry_policy or ""
        if all(_means_everything(part.names) for part in parts):
            whole[at] = numbers.of(
                text, ((one.number, every((one.certain, one.names.include("any")))) for one in parts)
            )
        else:
            narrow[at] = (text, parts)
    codes = whole[registry]
    masks: dict[Names, Flags] = {}
    for at, (text, parts) in narrow.items():
        rows = np.flatnonzero(registry == at)
        if len(rows):
            columns = [_mask(part.names, names, masks)[name[rows]] for part in parts]
            codes[rows] = _numbered(text, parts, np.stack(columns, axis=1), numbers)
    return Categorical(codes, numbers.values)


def denials_under(record: RegistryRecord, prefix: str) -> tuple[Clause, ...] | None:
    """The Denies of a registry policy, each with whether it includes every name under *prefix*; None: unknown."""
    parts = _parts(record)
    policy = parse_policy(record.registry_policy or "")
    if parts is None or isinstance(policy, PolicyProblem):
        return None
    found = ((policy.statements[part.number - 1], part) for part in parts)
    return tuple(
        Clause(statement, every((part.certain, takes_in_all(part.names, prefix))))
        for statement, part in found
        if statement.effect != "Allow"
    )


def _parts(record: RegistryRecord) -> tuple[_Part, ...] | None:
    """The statements about repositories, other than replication; None: unknown."""
    if record.registry_policy is None:
        return None
    policy = parse_policy(record.registry_policy)
    if isinstance(policy, PolicyProblem):
        return None
    if record.policy_scope == "V1":
        # Scope V1 evaluates replication and pull-through only (ECR user guide, registry-permissions.html).
        return ()
    place = Registry(record.account, record.region, record.partition)
    no_caller = Context(Caller(None, record.partition, None, None), PULL[0])
    certain = None if record.policy_scope is None else True
    return tuple(
        _Part(one.number, certain, names_of(one.resources, place, no_caller))
        for one in policy.statements
        if _concerns(one, record.account)
    )


def _concerns(statement: Statement, owner: str) -> bool:
    if statement.effect == "Allow":
        # Principals of the registry's own account are no exposure.
        opens = any(action_match(statement, action) is not False for action in _OPENING)
        return opens and grantees_of(statement).beyond(owner) is not False
    return any(action_match(statement, action) is not False for action in _ANY)


def _means_everything(names: Names) -> bool:
    """Whether *names* includes or excludes all repositories alike."""
    return all(
        len(pattern.glob.pieces) == 2
        and pattern.glob.pieces[1] == ""
        and isinstance(pattern.glob.pieces[0], str)
        and pattern.head.startswith(pattern.glob.pieces[0])
        for pattern in names.patterns
    )


def _mask(part: Names, names: Sequence[str], masks: dict[Names, Flags]) -> Flags:
    """Whether *part* includes each of *names*; registries often share their patterns."""
    if part not in masks:
        masks[part] = np.fromiter((flag(part.include(name)) for name in names), dtype=np.int8, count=len(names))
    return masks[part]


def _numbered(text: str, parts: Sequence[_Part], truths: NDArray[np.int8], numbers: _Numbers) -> Codes:
    """The number of the value of each row of *truths*, which has one column per part."""
    distinct, case = np.unique(truths, axis=0, return_inverse=True)
    found = [
        numbers.of(
            text, ((part.number, every((part.certain, _TRUTHS[each]))) for part, each in zip(parts, row, strict=True))
        )
        for row in distinct.tolist()
    ]
    return np.array(found, dtype=np.int64)[case.reshape(-1)]
