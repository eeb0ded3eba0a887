"""What the organization requires. One YAML file; pydantic models; every error at once, with line and column."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from checks.model import Severity


class Strict(BaseModel):
    """Unknown keys are errors; values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


AccountId = str  # TODO(baseline): annotated pattern
Mutability = Literal["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"]


class Sources(Strict):
    """Which repositories of which registries; an omitted field does not narrow."""

    accounts: tuple[AccountId, ...] = ()
    ous: tuple[str, ...] = ()
    """OU ids or name paths, subtrees included."""
    regions: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    """Repository name prefixes, literal, as ECR's PREFIX_MATCH."""


class Destination(Strict):
    account: AccountId | Literal["same"]
    """`same`: the source account itself (cross-Region)."""
    region: str


class Requirement(Strict):
    """These sources must replicate to these destinations."""

    name: str
    sources: Sources = Sources()
    destinations: tuple[Destination, ...] = Field(min_length=1)
    delete_replication: bool | None = None
    """None: not judged. False: the copy is a backup. True: copies must follow."""


class AllowedDestinations(Strict):
    """Where replication may go besides what `replication` requires."""

    accounts: tuple[AccountId, ...] = ()
    ous: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    """Empty: every Region of the partition."""


class Limit(Strict):
    maximum: int = Field(gt=0)
    warn_at_percent: int = Field(default=80, ge=1, le=100)


class Limits(Strict):
    """Used where Service Quotas cannot be read. AWS's values as of `as_of`."""

    as_of: dt.date = dt.date(2026, 11, 23)
    unique_destinations: Limit = Limit(maximum=25)
    rules: Limit = Limit(maximum=25)
    filters_per_rule: Limit = Limit(maximum=100)
    registry_policy_characters: Limit = Limit(maximum=10_240)


class Grants(Strict):
    """What grants must look like."""

    external_accounts: dict[AccountId, str] = {}
    """Partner accounts outside the organization → why they are trusted."""
    allowed_actions: tuple[str, ...] = ("ecr:ReplicateImage", "ecr:CreateRepository", "ecr:TagResource", "ecr:BatchImportUpstreamImage")
    """What a registry policy may allow other accounts."""


class Encryption(Strict):
    type: Literal["AES256", "KMS", "KMS_DSSE"]
    key: str = ""
    """Key ARN with `{region}` and `{account}` allowed; `customer`: any customer key; empty: any key."""


class Scanning(Strict):
    required: bool = True
    type: Literal["BASIC", "ENHANCED"] | None = None
    frequency: Literal["SCAN_ON_PUSH", "CONTINUOUS_SCAN"] | None = None


class Settings(Strict):
    """Settings of destination repositories. The entry with the longest matching prefix decides, field by field."""

    repositories: tuple[str, ...] = ()
    """Name prefixes; empty: every repository."""
    tag_mutability: Mutability | Literal["same-as-source"] | None = None
    mutability_exclusions: tuple[str, ...] = ()
    scanning: Scanning | None = None
    encryption: Encryption | None = None
    lifecycle_policy: Literal["required", "not-required", "same-as-source"] | dict[str, Any] | None = None
    repository_policy: Literal["required", "none", "same-as-source"] | dict[str, Any] | None = None
    tags: dict[str, str] = {}


class Waiver(Strict):
    """A dated, reasoned exception."""

    checks: tuple[str, ...] = Field(min_length=1)
    """Check ids, aliases or patterns with `*`."""
    fingerprint: str = ""
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    """Patterns with `*` over the repository name."""
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    until: dt.date


class Baseline(Strict):
    """The whole file."""

    version: Literal[1] = 1
    replication: tuple[Requirement, ...] = ()
    undeclared_replication: Literal["allowed", "forbidden"] = "allowed"
    """`forbidden`: every link must be required above or allowed below."""
    allowed_destinations: AllowedDestinations = AllowedDestinations()
    limits: Limits = Limits()
    grants: Grants = Grants()
    settings: tuple[Settings, ...] = ()
    replication_delay_minutes: int = Field(default=60, ge=0)
    """Images pushed more recently than this are in flight, not missing."""
    severity: dict[str, Severity] = {}
    """Check id → severity that replaces the check's own."""
    waivers: tuple[Waiver, ...] = ()
