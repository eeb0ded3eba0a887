"""The request that a registry policy is evaluated for: source, destination and repository; the possible verdicts; and
the actions on a repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

REPLICATE = "ecr:ReplicateImage"
CREATE = "ecr:CreateRepository"
V1_ACTIONS = (REPLICATE, CREATE, "ecr:BatchImportUpstreamImage")
"""The only actions that a registry policy of scope V1 controls (ECR user guide, registry-permissions.html)."""


class GrantVerdict(StrEnum):
    """Whether a registry policy allows a replication."""

    ALLOWED = "ALLOWED"
    ALLOWED_IF_REPOSITORY_EXISTS = "ALLOWED_IF_REPOSITORY_EXISTS"
    """ecr:ReplicateImage is granted and ecr:CreateRepository is not."""
    DENIED_EXPLICIT = "DENIED_EXPLICIT"
    """A Deny statement matches."""
    DENIED_IMPLICIT = "DENIED_IMPLICIT"
    """No Allow statement matches, or there is no policy. A Deny may or may not match as well."""
    INDETERMINATE = "INDETERMINATE"
    """It depends on something that AWS does not document, or that was not read."""

    @property
    def gives(self) -> bool | None:
        """Whether replication is allowed, for a repository that exists; None: unknown."""
        if self is GrantVerdict.INDETERMINATE:
            return None
        return self in (GrantVerdict.ALLOWED, GrantVerdict.ALLOWED_IF_REPOSITORY_EXISTS)


SERVICE_LINKED_ROLE = "aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
"""Path and name of the role that replication acts as (ECR user guide, using-service-linked-roles.html)."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The calling principal: the replication service-linked role of the source account, unless `identity` is set."""

    account: str | None
    """Source account; None: an account that is not known."""
    partition: str
    organization_id: str | None
    """Organization of the account; None: not known; empty: it belongs to none."""
    organization_path: str | None
    """`o-…/r-…/ou-…/` as `aws:PrincipalOrgPaths` spells it; None: not known; empty: it belongs to none."""
    identity: str = ""
    """ARN of the user, role or session that calls ECR directly; empty: the caller is replication, unless `unnamed`."""
    outside: str = ""
    """Organization to which the account certainly does not belong, where `organization_id` is not known."""
    unnamed: bool = False
    """Whether it is any user, role or session of the account that calls ECR directly."""

    @property
    def direct(self) -> bool:
        """Whether the principal calls ECR itself, so that the caller is not replication."""
        return self.unnamed or bool(self.identity)

    @property
    def arn(self) -> str | None:
        """Value of `aws:PrincipalArn`; None: not known."""
        if self.identity:
            return self.identity
        if self.account is None or self.unnamed:
            return None
        return f"arn:{self.partition}:iam::{self.account}:role/{SERVICE_LINKED_ROLE}"


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry whose policy is read: the destination."""

    account: str
    region: str
    partition: str

    @property
    def arn_head(self) -> str:
        """Common beginning of the repository ARNs of this registry, up to the repository name."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/"


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """Source account → destination registry, for any repository."""

    source_account: str
    destination_account: str
    region: str
    """Region of the destination."""
    partition: str = "aws"
    organization_id: str | None = None
    """Organization of the *source* account; None: not known; empty: it belongs to none."""
    organization_path: str | None = None
    """Organization path of the *source* account; None: not known; empty: it belongs to none."""
    policy_scope: str | None = "V2"
    """Account setting REGISTRY_POLICY_SCOPE of the destination; None: not known."""
    outside: str = ""
    """Organization to which the source account certainly does not belong, where `organization_id` is not known."""
    time: float | None = None
    """Epoch seconds of the request, for evaluations the time of the audit; None: not known."""

    @property
    def caller(self) -> Caller:
        """The principal of the request at the destination."""
        return Caller(
            self.source_account, self.partition, self.organization_id, self.organization_path, outside=self.outside
        )

    @property
    def registry(self) -> Registry:
        """The destination."""
        return Registry(self.destination_account, self.region, self.partition)

    @property
    def same_account(self) -> bool:
        """Whether source and destination are in one account, so no policy is needed."""
        return self.source_account == self.destination_account


@dataclass(frozen=True, slots=True)
class ReplicationRequest:
    """One repository of a source account → one destination registry."""

    source_account: str
    destination_account: str
    region: str
    """Region of the destination."""
    repository: str
    """Name, the same on both sides."""
    partition: str = "aws"
    repository_exists: bool | None = None
    """Whether the repository exists at the destination, so it need not be created; None: not known."""
    organization_id: str | None = None
    organization_path: str | None = None
    resource_tags: Mapping[str, str] | None = None
    """Tags of the destination repository; None: not known."""
    policy_scope: str | None = "V2"
    repository_policy: str = ""
    """Repository policy text of the destination repository; empty: none, or not known."""
    time: float | None = None
    """Epoch seconds of the request; None: not known."""

    @property
    def link(self) -> LinkRequest:
        """The same without the repository."""
        return LinkRequest(
            self.source_account, self.destination_account, self.region, self.partition,
            self.organization_id, self.organization_path, self.policy_scope, time=self.time,
        )  # fmt: skip


PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""Each of them reads the contents of a replica: its manifests, or its layers."""

PULL_AND_LOOK = (*PULL, "ecr:BatchCheckLayerAvailability")
"""The actions that a client needs to pull."""

PUSH = (
    "ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload",
    "ecr:PutImageTagMutability", "ecr:SetRepositoryPolicy",
)  # fmt: skip
"""Actions that change which image a tag names, or grant that permission: the last two enable the first."""

DELETE = (
    "ecr:BatchDeleteImage", "ecr:DeleteRepository", "ecr:PutLifecyclePolicy", "ecr:UpdateImageStorageClass",
    "ecr:DeleteRepositoryPolicy",
)  # fmt: skip
"""Actions that remove a replica: at once, by a rule that expires it, to the archive, or by denying pulls."""

ON_REPOSITORIES = (
    *PULL_AND_LOOK, *PUSH, *DELETE, REPLICATE, CREATE, "ecr:BatchGetRepositoryScanningConfiguration",
    "ecr:BatchImportUpstreamImage", "ecr:DeleteLifecyclePolicy", "ecr:DescribeImageReplicationStatus",
    "ecr:DescribeImageScanFindings", "ecr:DescribeImageSigningStatus", "ecr:DescribeImages", "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy", "ecr:GetLifecyclePolicyPreview", "ecr:GetRepositoryPolicy", "ecr:ListImageReferrers",
    "ecr:ListImages", "ecr:ListTagsForResource", "ecr:PutImageScanningConfiguration", "ecr:StartImageScan",
    "ecr:StartLifecyclePolicyPreview", "ecr:TagResource", "ecr:UntagResource",
)  # fmt: skip
"""Every action that a repository policy can control."""
