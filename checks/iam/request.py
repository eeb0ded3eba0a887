"""What is asked of a registry policy: who replicates what into which registry, the possible answers, and the actions
on a repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

REPLICATE = "ecr:ReplicateImage"
CREATE = "ecr:CreateRepository"
V1_ACTIONS = (REPLICATE, CREATE, "ecr:BatchImportUpstreamImage")
"""All that a registry policy of scope V1 speaks about (ECR user guide, registry-permissions.html)."""


class GrantVerdict(StrEnum):
    """Whether a registry policy lets a replication through."""

    ALLOWED = "ALLOWED"
    ALLOWED_IF_REPOSITORY_EXISTS = "ALLOWED_IF_REPOSITORY_EXISTS"
    """ecr:ReplicateImage is granted and ecr:CreateRepository is not."""
    DENIED_EXPLICIT = "DENIED_EXPLICIT"
    """A Deny statement matches."""
    DENIED_IMPLICIT = "DENIED_IMPLICIT"
    """No Allow statement matches, or there is no policy. A Deny may or may not match as well."""
    INDETERMINATE = "INDETERMINATE"
    """It hangs on something that AWS does not document, or that was not read."""

    @property
    def gives(self) -> bool | None:
        """Whether replication goes through, for a repository that exists; None: not decidable."""
        if self is GrantVerdict.INDETERMINATE:
            return None
        return self in (GrantVerdict.ALLOWED, GrantVerdict.ALLOWED_IF_REPOSITORY_EXISTS)


SERVICE_LINKED_ROLE = "aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
"""Path and name of the role that replication acts as (ECR user guide, using-service-linked-roles.html)."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the replication service-linked role of the source account, unless `identity` names somebody else."""

    account: str | None
    """Source account; None stands for some account that is not known."""
    partition: str
    organization_id: str | None
    """Organization of the account; None: not known; empty: it belongs to none."""
    organization_path: str | None
    """`o-…/r-…/ou-…/` as `aws:PrincipalOrgPaths` spells it; None: not known; empty: it belongs to none."""
    identity: str = ""
    """ARN of the user, role or session that calls ECR by itself; empty: replication calls."""

    @property
    def arn(self) -> str | None:
        """What `aws:PrincipalArn` holds; None: not known."""
        if self.identity:
            return self.identity
        return None if self.account is None else f"arn:{self.partition}:iam::{self.account}:role/{SERVICE_LINKED_ROLE}"


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry whose policy is read: the destination."""

    account: str
    region: str
    partition: str

    @property
    def arn_head(self) -> str:
        """What every repository ARN of this registry begins with, up to the repository name."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/"


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """Source account → destination registry, whatever the repository."""

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

    @property
    def caller(self) -> Caller:
        """The principal that the destination sees."""
        return Caller(self.source_account, self.partition, self.organization_id, self.organization_path)

    @property
    def registry(self) -> Registry:
        """The destination."""
        return Registry(self.destination_account, self.region, self.partition)

    @property
    def same_account(self) -> bool:
        """Whether the link stays in one account, so that no policy is needed."""
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
    """Whether the repository exists at the destination, so that nothing has to be created; None: not known."""
    organization_id: str | None = None
    organization_path: str | None = None
    resource_tags: Mapping[str, str] | None = None
    """Tags of the destination repository; None: not known."""
    policy_scope: str | None = "V2"
    repository_policy: str = ""
    """Repository policy text of the destination repository; empty: none, or not known."""

    @property
    def link(self) -> LinkRequest:
        """The same without the repository."""
        return LinkRequest(
            self.source_account, self.destination_account, self.region, self.partition,
            self.organization_id, self.organization_path, self.policy_scope,
        )  # fmt: skip


PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""Either of them reads what a copy holds: its manifests, or its layers."""

PULL_AND_LOOK = (*PULL, "ecr:BatchCheckLayerAvailability")
"""What a client that pulls asks for."""

PUSH = (
    "ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload",
    "ecr:PutImageTagMutability", "ecr:SetRepositoryPolicy",
)  # fmt: skip
"""What changes which image a tag names, or gives somebody the right to: the last two open the way to the first."""

DELETE = (
    "ecr:BatchDeleteImage", "ecr:DeleteRepository", "ecr:PutLifecyclePolicy", "ecr:UpdateImageStorageClass",
    "ecr:DeleteRepositoryPolicy",
)  # fmt: skip
"""What takes a copy away: at once, by a rule that expires it, into the archive, or from those who may pull it."""

ON_REPOSITORIES = (
    *PULL_AND_LOOK, *PUSH, *DELETE, REPLICATE, CREATE, "ecr:BatchGetRepositoryScanningConfiguration",
    "ecr:BatchImportUpstreamImage", "ecr:DeleteLifecyclePolicy", "ecr:DescribeImageReplicationStatus",
    "ecr:DescribeImageScanFindings", "ecr:DescribeImageSigningStatus", "ecr:DescribeImages", "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy", "ecr:GetLifecyclePolicyPreview", "ecr:GetRepositoryPolicy", "ecr:ListImageReferrers",
    "ecr:ListImages", "ecr:ListTagsForResource", "ecr:PutImageScanningConfiguration", "ecr:StartImageScan",
    "ecr:StartLifecyclePolicyPreview", "ecr:TagResource", "ecr:UntagResource",
)  # fmt: skip
"""Every action that a repository policy can be about."""
