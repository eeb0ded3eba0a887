"""Calls the API of one registry and records evidence gaps: a failed call is recorded, and reading continues."""

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
"""Failures that apply to every further call to the same registry."""
_CONSECUTIVE_FAILURES = {
    GapKind.UNKNOWN_OPERATION: 1,
    GapKind.FEATURE_DISABLED: 1,
    GapKind.THROTTLED: 3,
    GapKind.TIMED_OUT: 3,
    GapKind.UNEXPECTED: 10,
    GapKind.DENIED: 25,
    GapKind.DENIED_BY_SCP: 25,
}
"""Consecutive failures of one operation after which it is not called again in this registry."""
_NAMED_RESOURCES = 3


@dataclass(slots=True)
class _FailureGroup:
    """Failures of one operation with one error code: many repositories, one gap."""

    gap: Gap
    resources: list[str] = field(default_factory=list)
    times: int = 0


class Reader:
    """Calls to one registry (or, with an empty Region, to one account). Safe to share between threads."""

    def __init__(self, calls: Calls, account: str, region: str, *, ask_in: str = "") -> None:
        """Gaps name *account* and *region*; requests go to the Region *ask_in* where that is another one."""
        self.account = account
        self.region = region
        self._ask_in = ask_in or region
        self._calls = calls
        self._counter = CallCounter()
        self._lock = threading.Lock()
        self._failure_groups: dict[tuple[str, GapKind, str], _FailureGroup] = {}
        self._in_a_row: dict[str, tuple[Failure, int]] = {}
        self._suspended: dict[str, Failure] = {}
        self._unusable: tuple[Failure, Operation | None] | None = None
        self._answered = False

    def ask(
        self, action: str, wanted: str, parameters: Mapping[str, Any], *, resource: str = "", region: str | None = None
    ) -> Answer | None:
        """The response, with the member *wanted*; {} where the resource does not exist; None with a gap recorded."""
        asked = operation(action)
        try:
            answer = self.attempt(asked, parameters, region=region)
            if wanted not in answer:
                raise CallError(Failure(GapKind.UNEXPECTED, "MissingMember", f"the response has no `{wanted}`"))
        except CallError as error:
            return self.refused(asked, error, resource)
        return answer

    def attempt(self, asked: Operation, parameters: Mapping[str, Any], *, region: str | None = None) -> Answer:
        """The response as it is; CallError where the call failed. The caller decides whether that is a gap."""
        if self._unusable is not None:
            raise CallError(*self._unusable)
        if asked.action in self._suspended:
            raise CallError(self._suspended[asked.action])
        answer = self._calls.call(asked, self.account, region or self._ask_in, parameters, self._counter)
        self._answered = True
        if self._in_a_row:
            self._in_a_row.pop(asked.action, None)
        return answer

    def refused(self, asked: Operation, error: CallError, resource: str = "") -> Answer | None:
        """The result of a call that failed with *error*: {} where the resource does not exist, else None and a gap."""
        failure = error.failure
        if failure.code in asked.none_codes:
            return {}
        culprit = error.operation or asked
        if failure.kind is GapKind.FEATURE_DISABLED and asked.absent_when_disabled:
            self.record(replace(gap_of(failure, asked, self.account, self.region, resource), tables=()))
            return {}
        gap = gap_of(failure, culprit, self.account, self.region, resource)
        self.record(replace(gap, tables=asked.tables))
        self._suspend(asked, error)
        return None

    def pages(
        self, action: str, key: str, parameters: Mapping[str, Any], *, resource: str = "", token: str = "nextToken"
    ) -> Iterator[list[dict[str, Any]] | None]:
        """The rows of each page; None as the last page where the list could not be read completely."""
        asked = operation(action)
        sent = dict(parameters)
        while True:
            answer = self.ask(action, key, sent, resource=resource)
            if answer is None:
                yield None
                return
            rows = answer.get(key) or []
            if not isinstance(rows, list):
                self._malformed(asked, resource, f"`{key}` is not a list")
                yield None
                return
            yield rows
            following = answer.get(token)
            if not following:
                return
            if following == sent.get(token):
                self._malformed(asked, resource, "the same page token was returned twice")
                yield None
                return
            sent[token] = following

    def all_rows(
        self, action: str, key: str, parameters: Mapping[str, Any], *, resource: str = "", token: str = "nextToken"
    ) -> list[dict[str, Any]] | None:
        """All rows of all pages, or None where any page is missing."""
        rows: list[dict[str, Any]] = []
        for page in self.pages(action, key, parameters, resource=resource, token=token):
            if page is None:
                return None
            rows.extend(page)
        return rows

    def record(self, gap: Gap) -> None:
        """Record *gap*; the same failure of another resource is counted, not repeated."""
        with self._lock:
            key = (gap.operation, gap.kind, gap.code)
            group = self._failure_groups.setdefault(key, _FailureGroup(gap))
            group.times += 1
            group.gap = replace(group.gap, tables=tuple(dict.fromkeys(group.gap.tables + gap.tables)))
            if gap.resource and len(group.resources) < _NAMED_RESOURCES and gap.resource not in group.resources:
                group.resources.append(gap.resource)

    def gaps(self) -> tuple[Gap, ...]:
        """Every gap, in the order of first appearance; one that affects many resources names the first of them."""
        with self._lock:
            return tuple(_summed(group) for group in self._failure_groups.values())

    def counts(self) -> CallCounts:
        """Requests sent (retries included), denied and throttled."""
        return self._counter.counts()

    def _malformed(self, asked: Operation, resource: str, message: str) -> None:
        self.refused(asked, CallError(Failure(GapKind.UNEXPECTED, "OddAnswer", message)), resource)

    def _suspend(self, asked: Operation, error: CallError) -> None:
        """Stop calling an operation that keeps failing."""
        failure = error.failure
        with self._lock:
            if failure.kind in _WHOLE_REGISTRY and not (asked.service != "ecr" or self._answered):
                self._unusable = (failure, error.operation)
                return
            _, before = self._in_a_row.get(asked.action, (failure, 0))
            self._in_a_row[asked.action] = (failure, before + 1)
            if before + 1 >= _CONSECUTIVE_FAILURES.get(failure.kind, 3):
                self._suspended[asked.action] = failure
            silent = [one for one, _ in self._in_a_row.values() if one.kind is GapKind.TIMED_OUT]
            if not self._answered and len(silent) >= 2:
                self._unusable = (failure, None)


def _summed(group: _FailureGroup) -> Gap:
    more = group.times - len(group.resources)
    if not group.resources or (more <= 0 and len(group.resources) == 1):
        return group.gap if not group.resources else replace(group.gap, resource=group.resources[0])
    named = ", ".join(group.resources)
    return replace(group.gap, resource=f"{named} and {more} more" if more > 0 else named)


def compact(value: object) -> str:
    """*value* as JSON text without spaces, members in AWS's order."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
