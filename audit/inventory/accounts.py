"""For each account: whether the audit role can be assumed, which Regions are enabled, and which are read."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from audit.aws.calls import Calls
from audit.aws.failures import CallError, Failure, gap_of
from audit.aws.identities import Keys
from audit.aws.operations import operation
from audit.aws.sessions import CallCounter
from audit.evidence import AccountRecord, RegionRecord, Scope
from audit.inventory.thread_pool import ThreadPool
from checks.model import Gap, GapKind, RegistryId

ENABLED_BY_DEFAULT = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip
"""Regions of the partition `aws` that cannot be disabled (Account Management guide, manage-acct-regions.html)."""
READABLE = frozenset({"ENABLED", "ENABLED_BY_DEFAULT", "DISABLING", None})
"""Region statuses with which a read is attempted. DISABLING takes days, and replication goes on meanwhile."""

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
            gap = gap_of(
                local,
                operation("ec2:DescribeRegions"),
                account,
                "",
                "the Regions that are enabled by default are assumed",
            )
            return AccountRegions(self._assumed(), (gap,))
        return AccountRegions(self._assumed())

    def _centrally(self, account: str) -> tuple[tuple[str, str | None], ...] | None:
        own = account == self._calls.caller_account
        if not own and (account == self._management or self._refused_centrally >= _GIVE_UP_AFTER):
            # Account Management answers for members only; the management account itself is asked for its Regions.
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
            # Not a gap: the same can be read in the account itself.
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


ACTIVE = frozenset({"ACTIVE", None})
"""States in which an account is read. None: unknown, not read from Organizations."""


@dataclass(slots=True)
class Accounts:
    """Credentials and Regions of accounts. Filled in two rounds: accounts in scope, then destinations outside of it."""

    records: Mapping[str, AccountRecord]
    keys: dict[str, Keys | None] = field(default_factory=dict)
    """Account → credentials of its audit role, for every account that can be read; None: the caller's own."""
    regions: dict[RegistryId, RegionRecord] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def reachable(self, account: str) -> bool:
        """Whether there are credentials for *account*."""
        return account in self.keys


class AccountReader:
    """Assumes roles and reads Regions, many accounts at once."""

    def __init__(self, calls: Calls, regions: RegionReader, scope: Scope, pool: ThreadPool) -> None:
        self._calls = calls
        self._regions = regions
        self._scope = scope
        self._pool = pool
        self._lock = threading.Lock()

    def read(self, accounts: Accounts, wanted: Iterable[str]) -> None:
        """Add role credentials, Regions and gaps of the *wanted* accounts that were not asked before."""
        new = [name for name in wanted if name not in accounts.asked and accounts.records[name].state in ACTIVE]
        accounts.asked.update(new)
        self._pool.each(lambda name: self._one(accounts, name), sorted(new), self._pool.size)

    def _one(self, accounts: Accounts, account: str) -> None:
        gaps: list[Gap] = []
        keys: Keys | None = None
        reachable = True
        try:
            keys = self._calls.role_keys(account)
        except CallError as error:
            reachable = False
            gaps.append(gap_of(error.failure, operation("sts:AssumeRole"), account, "", self._role(account)))
        found = self._regions.read(account, reachable=reachable)
        in_scope = accounts.records[account].in_scope
        with self._lock:
            if reachable:
                accounts.keys[account] = keys
            accounts.gaps.extend((*gaps, *found.gaps))
            for region, status in found.statuses:
                chosen = in_scope and (not self._scope.regions or region in self._scope.regions)
                record = RegionRecord(account, region, status, in_scope=chosen)
                accounts.regions[RegistryId(account, region)] = record

    def _role(self, account: str) -> str:
        return f"arn:{self._calls.partition}:iam::{account}:role/{self._calls.session.settings.role_name}"


def readable(accounts: Accounts, pair: RegistryId) -> bool:
    """Whether the Region of *pair* is or may be enabled, so that its registry is read."""
    region = accounts.regions.get(pair)
    return region is not None and region.status in READABLE


def unread_destination(accounts: Accounts, pair: RegistryId, organization_known: bool) -> Gap | None:
    """Why a destination registry is not read; None where nothing is missing from the audit.

    An account outside the organization has no audit role: the checks evaluate the rule that names it.
    """
    account, region = pair
    tables = ("links", "replicas", "images")
    gap = Gap(account, region, "ecr:DescribeRegistry", GapKind.LIMITED, "", "", tables)
    record = accounts.records.get(account)
    if record is None:
        if organization_known:
            return None
        message = "a destination in another account, which an audit of a single account does not read"
        return replace(gap, code="OutsideOfTheRun", message=message)
    if record.state not in ACTIVE:
        message = f"a destination in an account that is {record.state}"
        return replace(gap, kind=GapKind.ACCOUNT_INACTIVE, code=str(record.state), message=message)
    if pair not in accounts.regions:
        return None  # the Region does not exist for this account: the checks report the rule
    status = accounts.regions[pair].status
    message = f"a destination in a Region that is {status} in its account"
    return replace(gap, kind=GapKind.REGION_DISABLED, code=str(status), message=message)
