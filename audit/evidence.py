"""What was read from AWS, as plain records: not reshaped, not evaluated.

Null (None) means *not read*, and a `Gap` says why. Empty text means *read, and there is none*.
AWS documents stay JSON text exactly as AWS returned them. This module imports no pandas: worker
processes build these values and should stay small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.model import Gap, RegistryId

Columns = dict[str, list[Any]]
"""Rows kept column by column: column name to values, all of one length. Far smaller than objects."""


@dataclass(frozen=True, slots=True)
class OrganizationRecord:
    """The organization as DescribeOrganization returns it."""

    id: str
    """`o-…`"""
    management_account: str
    name: str = ""
    """Name of the management account, where it could be read: reports use it as the organization's name."""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account of the organization, of any state."""

    account: str
    name: str | None
    state: str | None
    """`State`, or `Status` where the answer has no State."""
    ou_path: str | None
    """Names joined by `/`, from `Root`."""
    organization_path: str | None
    """Ids, as `aws:PrincipalOrgPaths` spells them, with a trailing `/`."""
    management: bool = False
    in_scope: bool = True
    inspector_policy: str | None = None
    """Content of the effective Inspector policy of AWS Organizations; empty: none; None: not asked, or not readable."""


@dataclass(frozen=True, slots=True)
class RegionRecord:
    """One Region of one account."""

    account: str
    region: str
    status: str | None
    """ENABLED, ENABLED_BY_DEFAULT, ENABLING, DISABLING, DISABLED; None: not known."""
    in_scope: bool = True


@dataclass(frozen=True, slots=True)
class RegistryRecord:
    """The registry-level configuration of one account in one Region."""

    account: str
    region: str
    partition: str
    detail: str = "summary"
    """`summary`: rules, policy and repository list; `full`: everything."""
    replication_configuration: str | None = None
    """`replicationConfiguration` of DescribeRegistry."""
    registry_policy: str | None = None
    scanning_configuration: str | None = None
    """`scanningConfiguration`; empty: the Region has no such feature."""
    templates: str | None = None
    """`repositoryCreationTemplates`, JSON array."""
    policy_scope: str | None = None
    blob_mounting: str | None = None
    basic_scan_version: str | None = None
    signing_configuration: str | None = None
    pull_through_cache_rules: str | None = None
    pull_time_exclusions: str | None = None
    backfills: str | None = None
    """`replicationBackfills` or the like, JSON array as AWS returns it."""
    event_rules: str | None = None
    """`Rules` of the default event bus of EventBridge, JSON array; None also where the baseline does not need them.

    An enabled rule with a pattern has its `Targets`, each with its ARN; they are missing where they could not be read.
    """
    service_linked_role_present: bool | None = None
    destinations_limit: int | None = None
    """Service Quotas L-24725E9A; None: not readable, the baseline's default holds."""
    rules_limit: int | None = None
    """Service Quotas L-9B60BFFB."""
    filters_limit: int | None = None
    """Service Quotas L-241DEEBA."""
    roles: str | None = None
    """JSON object: role ARN named by a template → {"exists": bool|null, "trust": trust policy text}."""
    keys: str | None = None
    """JSON object: KMS key ARN named by a template or a replica → {"state": KeyState|"NotFound"|null, "region": …,
    "manager": "CUSTOMER"|"AWS"|null, absent where the key was not described}."""
    repositories_read: bool = False
    """Whether the list of repositories is complete."""


REPOSITORY_COLUMNS = (
    "account", "region", "repository", "created_at", "tag_mutability", "mutability_exclusions", "encryption_type",
    "kms_key", "detailed", "repository_policy", "lifecycle_policy", "tags", "scan_frequency", "image_count",
)  # fmt: skip
"""`created_at` is epoch seconds (float); `mutability_exclusions` a JSON array of filter texts; `tags` a JSON object;
`kms_key` empty where none; the columns after `detailed` are None unless the detail was read. `image_count` counts
ACTIVE images."""

IMAGE_COLUMNS = (
    "account", "region", "repository", "digest", "tags", "pushed_at", "status", "subject_digest", "size_bytes",
)  # fmt: skip
"""`tags` is a JSON array, sorted; `pushed_at` epoch seconds of the push, or of the last restore from the archive, which
replicates as a push does (ECR user guide, replication.html); `status` ACTIVE, ARCHIVED or ACTIVATING (empty where the
endpoint does not report it); `subject_digest` empty where the image refers to no other."""

STATUS_COLUMNS = (
    "account", "region", "repository", "digest", "destination_account", "destination_region", "status", "failure_code",
)  # fmt: skip
"""Responses of DescribeImageReplicationStatus; `status` NEVER_ATTEMPTED where AWS has no entry for the destination, and
None where the call failed."""


def empty_columns(names: tuple[str, ...]) -> Columns:
    """A `Columns` without rows."""
    return {name: [] for name in names}


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Numbers of requests by `service:Operation`."""

    sent: Mapping[str, int] = field(default_factory=dict)
    """All of them, retries included."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Of those, the ones that AWS denied."""
    throttled: Mapping[str, int] = field(default_factory=dict)
    """Of those, the ones that AWS throttled."""

    def plus(self, *more: CallCounts) -> CallCounts:
        """The sum of these counts and all of *more*."""
        parts = (self, *more)
        return CallCounts(
            _summed(one.sent for one in parts),
            _summed(one.refused for one in parts),
            _summed(one.throttled for one in parts),
        )


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for operation, number in count.items():
            total[operation] = total.get(operation, 0) + number
    return total


@dataclass(frozen=True, slots=True)
class RegistryEvidence:
    """Everything that was read from one registry: the unit of work, of transport and of checkpoints."""

    registry: RegistryRecord
    repositories: Columns = field(default_factory=lambda: empty_columns(REPOSITORY_COLUMNS))
    images: Columns = field(default_factory=lambda: empty_columns(IMAGE_COLUMNS))
    statuses: Columns = field(default_factory=lambda: empty_columns(STATUS_COLUMNS))
    gaps: tuple[Gap, ...] = ()
    calls: CallCounts = field(default_factory=CallCounts)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run audits. Empty means: no restriction."""

    accounts: tuple[str, ...] = ()
    ous: tuple[str, ...] = ()
    """OU ids (`ou-…`) or name paths (`Workloads/Prod`); accounts below them are in scope."""
    regions: tuple[str, ...] = ()
    all_repositories: bool = False
    """Read every repository in detail, not only those that are replicated."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that one collection read."""

    organization: OrganizationRecord | None
    """None in single-account mode, or where Organizations could not be read (then there is a gap)."""
    caller_account: str
    """Account of the credentials that started the run."""
    partition: str
    accounts: tuple[AccountRecord, ...]
    regions: tuple[RegionRecord, ...]
    registries: tuple[RegistryEvidence, ...]
    """One for each (account, Region) that the run planned to read, whether or not it could."""
    gaps: tuple[Gap, ...]
    """Gaps that belong to no single registry (organization, roles, Regions)."""
    calls: CallCounts
    """All requests of the run, those of the registries included."""
    started_at: float
    """Epoch seconds at which the collection started: `now` for every evaluation of age."""
    unaccounted: tuple[RegistryId, ...] = ()
    """Registries that were planned and are in no result; empty unless there is a defect."""


def all_gaps(evidence: Evidence) -> tuple[Gap, ...]:
    """Gaps of the run: those of no single registry first, then registry by registry."""
    return evidence.gaps + tuple(gap for part in evidence.registries for gap in part.gaps)
