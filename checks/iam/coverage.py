"""How a policy decides about *every* repository name under a prefix, and whether an action is allowed for all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from checks.iam.condition_keys import Context
from checks.iam.decision import Clause, Clauses, Decisions, clauses, decision
from checks.iam.parse import PolicyProblem, Statement, parse_policy
from checks.iam.patterns import ANY_ONE
from checks.iam.request import LinkRequest, Registry
from checks.iam.resources import NamePattern, Names, names_of
from checks.iam.three_valued import Truth, every

LONGEST_NAME = 256
"""Characters in a repository name (ECR API reference, CreateRepository)."""

MOST_STEPS = 400_000
"""Bound on the work for one prefix, in steps of single patterns; beyond it the result stays incomplete."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The decisions that occur among the names with one prefix."""

    examples: tuple[tuple[Decisions, str], ...]
    """Each pair of decisions that occurs, with a shortest name for it; a name that ends in `*` stands for all."""
    complete: bool
    """Whether no other pair occurs."""


_ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789"
_ALPHABET = frozenset(_ALNUM + "._-/")
_START, _WORD, _DOT, _LOW, _LOW2, _DASH = range(6)


def _name_step(state: int, char: str) -> int:
    """The next state of the repository name grammar, -1 where no name continues that way.

    Components of a-z and 0-9, within them single `.`, one or two `_` or any run of `-`; joined by `/` (ECR API
    reference, CreateRepository).
    """
    if char in _ALNUM:
        return _WORD
    if char == "/":
        return _START if state == _WORD else -1
    if char == "-":
        return _DASH if state in (_WORD, _DASH) else -1
    if char == "_":
        return {_WORD: _LOW, _LOW: _LOW2}.get(state, -1)
    return _DOT if char == "." and state == _WORD else -1


class _Machine:
    """One pattern as a bit-parallel automaton: bit i of a state: the first i tokens have matched."""

    def __init__(self, pattern: NamePattern) -> None:
        self.pattern = pattern
        self._literal: dict[str, int] = {}
        self._one = self._star = 0
        position = 0
        for number, piece in enumerate(pattern.glob.pieces):
            if number:
                self._star |= 1 << position
                position += 1
            for token in piece:
                bit = 1 << position
                if token is ANY_ONE:
                    self._one |= bit
                else:
                    self._literal[token] = self._literal.get(token, 0) | bit
                position += 1
        self.final = 1 << position
        self._ends_open = bool(self._star & (self.final >> 1))

    def start(self, text: str) -> int:
        """The state after *text*."""
        state = self._settled(1)
        for char in text:
            state = self.step(state, char)
        return state

    def step(self, state: int, char: str) -> int:
        """The state after one more character; 0: no match is possible any more."""
        moved = ((state & (self._literal.get(char, 0) | self._one)) << 1) | (state & self._star)
        return self._settled(moved)

    def _settled(self, state: int) -> int:
        state |= (state & self._star) << 1
        if self._ends_open and state & self.final:
            return self.final | self.final >> 1
        stars = state & self._star
        # From the last star on, whatever an earlier position could still match is matched too.
        return state & -(1 << (stars.bit_length() - 1)) if stars else state

    def distinguished(self, state: int) -> Iterator[str]:
        """Characters that this state distinguishes from others."""
        return (char for char, mask in self._literal.items() if mask & state)


State = tuple[int, int, tuple[tuple[int, int], ...]]
"""(name grammar, length up to 2, (machine, its state) of the machines that still can match)"""


class _Explorer:
    """A walk over all names that begin with one prefix."""

    def __init__(self, clauses: Clauses, prefix: str) -> None:
        self._clauses = clauses
        numbers: dict[NamePattern, int] = {}
        for clause in (*clauses.replicate, *clauses.create):
            for pattern in clause.names.patterns:
                numbers.setdefault(pattern, len(numbers))
        self._numbers = numbers
        self._machines = [_Machine(pattern) for pattern in numbers]
        self._weight = sum(len(clause.names.patterns) + 1 for clause in (*clauses.replicate, *clauses.create))
        self._grammar = self._after(prefix)
        self._start = tuple(
            (number, state)
            for number, machine in enumerate(self._machines)
            if (state := machine.start(machine.pattern.head + prefix))
        )

    @staticmethod
    def _after(prefix: str) -> int | None:
        """The grammar's state after *prefix*; None where no known name begins with it: then any name counts."""
        state = _START
        for char in prefix:
            state = _name_step(state, char)
            if state < 0:
                return None
        return state

    def outcomes(self, prefix: str) -> Outcomes:
        grammar = _START if self._grammar is None else self._grammar
        first: State = (grammar, min(len(prefix), 2), self._start)
        waiting: deque[tuple[State, str]] = deque([(first, prefix)])
        seen = {first}
        examples: dict[Decisions, str] = {}
        steps = 0
        while waiting:
            state, name = waiting.popleft()
            if self._is_name(state):
                examples.setdefault(self._decisions(state), name)
            if len(name) >= LONGEST_NAME:
                continue
            chars = self._chars(state)
            steps += (len(state[2]) + 1) * len(chars) + self._weight
            if steps > MOST_STEPS:
                return Outcomes(tuple(examples.items()), complete=False)
            for char in chars:
                following = self._step(state, char)
                if following is not None and following not in seen:
                    seen.add(following)
                    waiting.append((following, name + char))
        return Outcomes(tuple(examples.items()), complete=True)

    def _is_name(self, state: State) -> bool:
        return state[1] >= 2 and (self._grammar is None or state[0] == _WORD)

    def _step(self, state: State, char: str) -> State | None:
        grammar = _START if self._grammar is None else _name_step(state[0], char)
        if grammar < 0:
            return None
        alive = tuple(
            (number, moved) for number, bits in state[2] if (moved := self._machines[number].step(bits, char))
        )
        return grammar, min(state[1] + 1, 2), alive

    def _chars(self, state: State) -> list[str]:
        """One character for each way in which names can continue from here."""
        expected = {char for number, bits in state[2] for char in self._machines[number].distinguished(bits)}
        distinct = expected & _ALPHABET
        # All letters and digits that no pattern expects have the same effect.
        other = next((char for char in _ALNUM if char not in distinct), None)
        return sorted(distinct | {".", "_", "-", "/"} | ({other} if other else set()), key=_plainest)

    def _decisions(self, state: State) -> Decisions:
        matched = {number for number, bits in state[2] if bits & self._machines[number].final}
        same = self._clauses.same_account
        return (
            decision((self._met(clause, matched) for clause in self._clauses.replicate), same_account=same),
            decision((self._met(clause, matched) for clause in self._clauses.create), same_account=same),
        )

    def _met(self, clause: Clause, matched: set[int]) -> tuple[str, bool | None]:
        return clause.effect, every((clause.weight, self._included(clause.names, matched)))

    def _included(self, names: Names, matched: set[int]) -> bool | None:
        return names.combined([
            False if self._numbers[pattern] not in matched else (True if pattern.certain else None)
            for pattern in names.patterns
        ])  # fmt: skip


def _plainest(char: str) -> tuple[bool, str]:
    """Letters and digits first, so that examples read like names."""
    return char not in _ALNUM, char


@lru_cache(maxsize=8_192)
def outcomes(clauses: Clauses, prefix: str) -> Outcomes:
    """The decisions about all repository names that begin with *prefix* (empty: about all names)."""
    if not any(clause.names.patterns for clause in (*clauses.replicate, *clauses.create)):
        # No pattern: every name has the same result.
        return Outcomes(((clauses.decide(prefix), f"{prefix}*"),), complete=True)
    return _Explorer(clauses, prefix).outcomes(prefix)


@dataclass(frozen=True, slots=True)
class ActionCoverage:
    """Whether an action is allowed for all names."""

    covered: Truth
    uncovered: tuple[str, ...]
    """Prefixes with a name for which it certainly is not."""


def action_coverage(policy_text: str, link: LinkRequest, action: str, prefixes: Sequence[str]) -> ActionCoverage:
    """Whether the registry policy allows the caller of *link* to do *action* on every repository under *prefixes*.

    Only for links between two accounts: within one, no policy is needed. Never raises for any policy.
    """
    decided = _clauses(policy_text, link, action)
    if decided is None:
        return ActionCoverage(None, ())
    truths = [(prefix, _allowed(decided, prefix)) for prefix in prefixes]
    return ActionCoverage(
        every(truth for _, truth in truths), tuple(prefix for prefix, truth in truths if truth is False)
    )


@lru_cache(maxsize=1_024)
def _clauses(policy_text: str, link: LinkRequest, action: str) -> Clauses | None:
    policy = parse_policy(policy_text)
    if isinstance(policy, PolicyProblem):
        return None
    found = clauses(policy.near(link.source_account), Context(link.caller, action, time=link.time), link.registry)
    return Clauses(found, (), same_account=False)


def _allowed(decided: Clauses, prefix: str) -> Truth:
    found = outcomes(decided, prefix)
    return every([*(pair[0].gives for pair, _ in found.examples), True if found.complete else None])


def speaks_about(statement: Statement, registry: Registry, context: Context, prefixes: Sequence[str]) -> Truth:
    """Whether the Resource of *statement* matches some name that begins with one of *prefixes*."""
    names = names_of(statement.resources, registry, context)
    alone = Clauses((Clause("Allow", True, names),), (), same_account=False)
    answers = [outcomes(alone, prefix) for prefix in prefixes]
    met = [pair[0].gives for found in answers for pair, _ in found.examples]
    if any(met):
        return True
    return None if None in met or not all(found.complete for found in answers) else False


def open_for_some(names: Names) -> bool:
    """Whether it is unknown of some repository name that *names* includes it."""
    found = outcomes(Clauses((Clause("Allow", True, names),), (), same_account=False), "")
    return not found.complete or any(pair[0].gives is None for pair, _ in found.examples)


def takes_in_all(names: Names, prefix: str) -> Truth:
    """Whether *names* includes every repository name that begins with *prefix*."""
    return _allowed(Clauses((Clause("Allow", True, names),), (), same_account=False), prefix)
