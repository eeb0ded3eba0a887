"""Asks one registry's questions and keeps the gaps: a refusal is recorded where it happens, and reading goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audit.aws.calls import Answer, Calls
from audit.aws.failures import CallError, Failure, gap_of
from audit.aws.operations import Operation, operation
from audit.aws.sessions import CallCounter
from audit.evidence import CallCounts
from checks.model import Gap, GapKind

_WHOLE_REGISTRY = frozenset(
    {GapKind.REGION_DISABLED, GapKind.ACCOUNT_INACTIVE, GapKind.CREDENTIALS, GapKind.ROLE_MISSING, GapKind.UNREACHABLE}
)
"""Kinds that hold for every further question to the same registry."""
_PATIENCE = {
    GapKind.UNKNOWN_OPERATION: 1,
    GapKind.FEATURE_DISABLED: 1,
    GapKind.THROTTLED: 3,
    GapKind.TIMED_OUT: 3,
    GapKind.UNEXPECTED: 10,
    GapKind.DENIED: 25,
    GapKind.DENIED_BY_SCP: 25,
}
"""Failures in a row of one operation after which it is not asked again in this registry."""
_NAMED = 3


@dataclass(slots=True)
class _Trouble:
    """Failures of one operation with one code: many repositories, one gap."""

    gap: Gap
    resources: list[str] = field(default_factory=list)
    times: int = 0


class Reader:
    """Questions to one registry (or, with an empty Region, to one account). Safe to share between threads."""

    def __init__(self, calls: Calls, account: str, region: str, *, ask_in: str = "") -> None:
        """Gaps name *account* and *region*; requests go to the Region *ask_in* where that is another one."""
        self.account = account
        self.region = region
        self._ask_in = ask_in or region
        self._calls = calls
        self._counter = CallCounter()
        self._lock = threading.Lock()
        self._troubles: dict[tuple[str, GapKind, str], _Trouble] = {}
        self._in_a_row: dict[str, tuple[Failure, int]] = {}
        self._closed: dict[str, Failure] = {}
        self._dead: tuple[Failure, Operation | None] | None = None
        self._answered = False

    def ask(
        self, action: str, wanted: str, parameters: Mapping[str, Any], *, resource: str = "", region: str | None = None
    ) -> Answer | None:
        """The answer, which has the member *wanted*; {} where AWS says that there is none; None with a gap recorded."""
        asked = operation(action)
        try:
            answer = self.attempt(asked, parameters, region=region)
            if wanted not in answer:
                raise CallError(Failure(GapKind.UNEXPECTED, "MissingMember", f"the answer has no `{wanted}`"))
        except CallError as error:
            return self.refused(asked, error, resource)
        return answer

    def attempt(self, asked: Operation, parameters: Mapping[str, Any], *, region: str | None = None) -> Answer:
        """The answer as it is; CallError where there is none. The caller decides whether that is a gap."""
        if self._dead is not None:
            raise CallError(*self._dead)
        if asked.action in self._closed:
            raise CallError(self._closed[asked.action])
        answer = self._calls.call(asked, self.account, region or self._ask_in, parameters, self._counter)
        self._answered = True
        if self._in_a_row:
            self._in_a_row.pop(asked.action, None)
        return answer

    def refused(self, asked: Operation, error: CallError, resource: str = "") -> Answer | None:
        """What *error* means for the reader of the answer: {} for "there is none", else None and a gap."""
        failure = error.failure
        if failure.code in asked.none_codes:
            return {}
        culprit = error.operation or asked
        if failure.kind is GapKind.FEATURE_DISABLED and asked.absent_when_disabled:
            self.record(replace(gap_of(failure, asked, self.account, self.region, resource), tables=()))
            return {}
        gap = gap_of(failure, culprit, self.account, self.region, resource)
        self.record(replace(gap, tables=asked.tables))
        self._learn(asked, error)
        return None

    def pages(
        self, action: str, key: str, parameters: Mapping[str, Any], *, resource: str = "", token: str = "nextToken"
    ) -> Iterator[list[dict[str, Any]] | None]:
        """The rows of each page; None as the last one where the list could not be read to its end."""
        asked = operation(action)
        sent = dict(parameters)
        while True:
            answer = self.ask(action, key, sent, resource=resource)
            if answer is None:
                yield None
                return
            rows = answer.get(key) or []
            if not isinstance(rows, list):
                self._odd(asked, resource, f"`{key}` is not a list")
                yield None
                return
            yield rows
            following = answer.get(token)
            if not following:
                return
            if following == sent.get(token):
                self._odd(asked, resource, "the same page was offered twice")
                yield None
                return
            sent[token] = following

    def all_rows(
        self, action: str, key: str, parameters: Mapping[str, Any], *, token: str = "nextToken"
    ) -> list[dict[str, Any]] | None:
        """All rows of all pages, or None where any page is missing."""
        rows: list[dict[str, Any]] = []
        for page in self.pages(action, key, parameters, token=token):
            if page is None:
                return None
            rows.extend(page)
        return rows

    def record(self, gap: Gap) -> None:
        """Keep *gap*; the same trouble with another resource is counted, not repeated."""
        with self._lock:
            key = (gap.operation, gap.kind, gap.code)
            trouble = self._troubles.setdefault(key, _Trouble(gap))
            trouble.times += 1
            trouble.gap = replace(trouble.gap, tables=tuple(dict.fromkeys(trouble.gap.tables + gap.tables)))
            if gap.resource and len(trouble.resources) < _NAMED and gap.resource not in trouble.resources:
                trouble.resources.append(gap.resource)

    def gaps(self) -> tuple[Gap, ...]:
        """Every gap, in the order of first appearance; one that hit many resources names the first of them."""
        with self._lock:
            return tuple(_summed(trouble) for trouble in self._troubles.values())

    def counts(self) -> CallCounts:
        """Requests sent, retries included, and what came of them."""
        return self._counter.counts()

    def _odd(self, asked: Operation, resource: str, message: str) -> None:
        self.refused(asked, CallError(Failure(GapKind.UNEXPECTED, "OddAnswer", message)), resource)

    def _learn(self, asked: Operation, error: CallError) -> None:
        """Stop asking what will not be answered: nothing is repeated without bound."""
        failure = error.failure
        with self._lock:
            if failure.kind in _WHOLE_REGISTRY and not (asked.service != "ecr" or self._answered):
                self._dead = (failure, error.operation)
                return
            _, before = self._in_a_row.get(asked.action, (failure, 0))
            self._in_a_row[asked.action] = (failure, before + 1)
            if before + 1 >= _PATIENCE.get(failure.kind, 3):
                self._closed[asked.action] = failure
            silent = [one for one, _ in self._in_a_row.values() if one.kind is GapKind.TIMED_OUT]
            if not self._answered and len(silent) >= 2:
                self._dead = (failure, None)


def _summed(trouble: _Trouble) -> Gap:
    more = trouble.times - len(trouble.resources)
    if not trouble.resources or (more <= 0 and len(trouble.resources) == 1):
        return trouble.gap if not trouble.resources else replace(trouble.gap, resource=trouble.resources[0])
    named = ", ".join(trouble.resources)
    return replace(trouble.gap, resource=f"{named} and {more} more" if more > 0 else named)


def compact(value: object) -> str:
    """*value* as JSON text without spaces, members in AWS's order."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
