"""What the simulated organization is made of. Mutable: the handlers of the services change it in place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from checks.model import RegistryId
from ecr_audit.simulator.wire.models import partition_of

Document = dict[str, Any]
"""A JSON object."""

DEFAULT_SCANNING: Document = {"scanType": "BASIC", "rules": []}
DEFAULT_SETTINGS = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2", "BLOB_MOUNTING": "DISABLED"}
"""What GetAccountSetting answers for a registry that never set anything."""


@dataclass(slots=True)
class ReplicationOutcome:
    """Replication state of one image at one destination."""

    status: str
    """IN_PROGRESS, COMPLETE or FAILED."""
    failure_code: str = ""


@dataclass(slots=True)
class Image:
    """One image of one repository. Times are epoch seconds."""

    digest: str
    manifest: str | None
    """None: the world names a digest only, so that the manifest cannot be fetched."""
    media_type: str
    tags: list[str]
    pushed_at: float
    status: str = "ACTIVE"
    subject: str = ""
    artifact_type: str = ""
    size: int = 0
    replication: dict[RegistryId, ReplicationOutcome] = field(default_factory=dict)
    """By destination (account, Region); no entry: replication was never attempted."""


@dataclass(slots=True)
class Repository:
    """One repository."""

    name: str
    created_at: float
    tag_mutability: str = "MUTABLE"
    exclusions: list[str] = field(default_factory=list)
    """Wildcard filters of tags that are exceptions from the mode."""
    encryption_type: str = "AES256"
    kms_key: str = ""
    policy: str = ""
    lifecycle: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    scan_on_push: bool = False
    images: dict[str, Image] = field(default_factory=dict)
    """By digest."""
    preview: str = ""
    """Lifecycle policy text of the last preview."""

    def tagged(self, tag: str) -> Image | None:
        """The image that carries *tag*."""
        for image in self.images.values():
            if tag in image.tags:
                return image
        return None


@dataclass(slots=True)
class Registry:
    """One account in one Region."""

    account: str
    region: str
    rules: list[Document] = field(default_factory=list)
    policy: str = ""
    scanning: Document = field(default_factory=lambda: dict(DEFAULT_SCANNING))
    templates: dict[str, Document] = field(default_factory=dict)
    """By prefix without a trailing `/`."""
    settings: dict[str, str] = field(default_factory=dict)
    """Only what differs from `DEFAULT_SETTINGS`."""
    signing: Document | None = None
    pull_through_cache: list[Document] = field(default_factory=list)
    exclusions: dict[str, float] = field(default_factory=dict)
    """Principal ARN → when it was registered."""
    backfills: list[Document] = field(default_factory=list)
    """Newest last; `results` beside the members of AWS's summary."""
    event_rules: dict[str, Document] = field(default_factory=dict)
    """EventBridge rules of the account's default bus in this Region, by name."""
    repositories: dict[str, Repository] = field(default_factory=dict)

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` …"""
        return partition_of(self.region)

    def repository_arn(self, name: str) -> str:
        """ARN of the repository *name* here."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{name}"

    def in_name_order(self) -> Iterator[Repository]:
        """Repositories by name."""
        for name in sorted(self.repositories):
            yield self.repositories[name]


@dataclass(slots=True)
class Role:
    """An IAM role, as far as trust goes."""

    name: str
    trusts: list[str]
    """Account ids and service principals."""
    external_id: str | None = None


@dataclass(slots=True)
class Account:
    """One AWS account, of the organization or outside it."""

    id: str
    name: str
    state: str = "ACTIVE"
    unit: str = ""
    """Id of its organizational unit; empty: directly below the root."""
    member: bool = True
    """False: an account outside the organization."""
    regions: list[str] = field(default_factory=list)
    roles: dict[str, Role] = field(default_factory=dict)
    service_linked_role: bool = False
    inspector_policy: str = ""
    """Content of the effective Inspector policy of AWS Organizations; empty: none."""


@dataclass(slots=True)
class Unit:
    """One organizational unit."""

    id: str
    name: str
    parent: str
    """Id of the unit or root above."""
    path: str
    """`o-…/r-…/ou-…/`, as `aws:PrincipalOrgPaths` spells it."""


@dataclass(slots=True)
class Organization:
    """The organization's frame; accounts are stored separately."""

    id: str
    root: str
    management_account: str
    delegated_administrators: list[str]
    units: dict[str, Unit]
    """By id, parents before children."""


@dataclass(slots=True)
class Key:
    """A KMS key."""

    arn: str
    state: str = "Enabled"
    shared: bool = False
    """Whether other accounts may describe it."""


def sha256(text: str) -> str:
    """`sha256:…` of *text*, the way registries write digests."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
