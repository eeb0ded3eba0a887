"""Reads which Regions an account has enabled: centrally where that is allowed, else in the account itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from audit.aws.calls import Calls
from audit.aws.failures import CallError, Failure, gap_of
from audit.aws.operations import operation
from audit.aws.sessions import CallCounter
from checks.model import Gap

ENABLED_BY_DEFAULT = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip
"""Regions of the partition `aws` that cannot be disabled (Account Management guide, manage-acct-regions.html)."""
READABLE = frozenset({"ENABLED", "ENABLED_BY_DEFAULT", "DISABLING", None})
"""Statuses with which reading is tried. DISABLING takes days, and replication goes on meanwhile."""

_OPT_IN = {"opt-in-not-required": "ENABLED_BY_DEFAULT", "opted-in": "ENABLED", "not-opted-in": "DISABLED"}
_GIVE_UP_AFTER = 3


@dataclass(frozen=True, slots=True)
class AccountRegions:
    """Regions of one account: name and status (None: assumed, not read)."""

    statuses: tuple[tuple[str, str | None], ...]
    gaps: tuple[Gap, ...] = ()


class RegionReader:
    """Reads Regions of many accounts. Safe to share between threads."""

    def __init__(self, calls: Calls, management_account: str, home_region: str, partition: str) -> None:
        self._calls = calls
        self._management = management_account
        self._home = home_region
        self._partition = partition
        self._known = calls.session.ecr_regions(partition)
        self._lock = threading.Lock()
        self._refused_centrally = 0
        self.counter = CallCounter()

    def read(self, account: str, *, reachable: bool) -> AccountRegions:
        """Regions of *account*; `reachable`: whether its audit role can be used."""
        central = self._centrally(account)
        if central is not None:
            return AccountRegions(central)
        if reachable:
            local = self._locally(account)
            if not isinstance(local, Failure):
                return AccountRegions(local)
            gap = gap_of(local, operation("ec2:DescribeRegions"), account, "", "Regions enabled by default are assumed")
            return AccountRegions(self._assumed(), (gap,))
        return AccountRegions(self._assumed())

    def _centrally(self, account: str) -> tuple[tuple[str, str | None], ...] | None:
        own = account == self._calls.caller_account
        if not own and (account == self._management or self._refused_centrally >= _GIVE_UP_AFTER):
            # Account Management answers for members only; the management account is asked from within.
            return None
        # An account may not name itself (Account Management API reference, ListRegions).
        parameters: dict[str, object] = {"MaxResults": 50} if own else {"AccountId": account, "MaxResults": 50}
        statuses: list[tuple[str, str | None]] = []
        asked = operation("account:ListRegions")
        try:
            while True:
                answer = self._calls.call(asked, "", self._home, parameters, self.counter)
                statuses.extend((str(row["RegionName"]), row.get("RegionOptStatus")) for row in answer["Regions"])
                token = answer.get("NextToken")
                if not token or token == parameters.get("NextToken"):
                    break
                parameters["NextToken"] = token
        except (CallError, KeyError, TypeError):
            # Not a gap: the account itself can be asked the same.
            with self._lock:
                self._refused_centrally += 0 if own else 1
            return None
        return self._of_partition(statuses) or None

    def _locally(self, account: str) -> tuple[tuple[str, str | None], ...] | Failure:
        asked = operation("ec2:DescribeRegions")
        try:
            answer = self._calls.call(asked, account, self._home, {"AllRegions": True}, self.counter)
        except CallError as error:
            return error.failure
        rows = answer.get("Regions") or []
        return self._of_partition(
            [(str(row.get("RegionName")), _OPT_IN.get(str(row.get("OptInStatus")))) for row in rows]
        )

    def _of_partition(self, statuses: list[tuple[str, str | None]]) -> tuple[tuple[str, str | None], ...]:
        return tuple(sorted(one for one in statuses if self._calls.session.partition_of(one[0]) == self._partition))

    def _assumed(self) -> tuple[tuple[str, str | None], ...]:
        known = self._known
        chosen = [name for name in known if name in ENABLED_BY_DEFAULT] if self._partition == "aws" else known
        return tuple((name, None) for name in chosen)
