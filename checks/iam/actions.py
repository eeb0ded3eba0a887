"""The ECR actions that act on a repository, by what they let somebody do (service authorization reference, ECR)."""

from __future__ import annotations

from checks.iam.request import CREATE, REPLICATE

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
