"""The actions of ECR that a policy may name.

Source: AWS's service authorization reference for Amazon ECR (October 2026) and the operations of the ECR service model
(botocore 1.44.5). Some actions have no operation (`ecr:ReplicateImage`), and some operations no listed action yet.
"""

from __future__ import annotations

ACTIONS = (
    "ecr:BatchCheckLayerAvailability", "ecr:BatchDeleteImage", "ecr:BatchGetImage",
    "ecr:BatchGetRepositoryScanningConfiguration", "ecr:BatchImportUpstreamImage", "ecr:CompleteLayerUpload",
    "ecr:CreatePullThroughCacheRule", "ecr:CreateRepository", "ecr:CreateRepositoryCreationTemplate",
    "ecr:DeleteLifecyclePolicy", "ecr:DeletePullThroughCacheRule", "ecr:DeleteRegistryPolicy", "ecr:DeleteRepository",
    "ecr:DeleteRepositoryCreationTemplate", "ecr:DeleteRepositoryPolicy", "ecr:DeleteSigningConfiguration",
    "ecr:DeregisterPullTimeUpdateExclusion", "ecr:DescribeImageReplicationStatus", "ecr:DescribeImageScanFindings",
    "ecr:DescribeImageSigningStatus", "ecr:DescribeImages", "ecr:DescribePullThroughCacheRules",
    "ecr:DescribeRegistry", "ecr:DescribeReplicationBackfillResults", "ecr:DescribeRepositories",
    "ecr:DescribeRepositoryCreationTemplates", "ecr:GetAccountSetting", "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer", "ecr:GetImageCopyStatus", "ecr:GetLifecyclePolicy", "ecr:GetLifecyclePolicyPreview",
    "ecr:GetRegistryPolicy", "ecr:GetRegistryScanningConfiguration", "ecr:GetRepositoryPolicy",
    "ecr:GetSigningConfiguration", "ecr:InitiateLayerUpload", "ecr:ListImageReferrers", "ecr:ListImages",
    "ecr:ListPullTimeUpdateExclusions", "ecr:ListReplicationBackfills", "ecr:ListTagsForResource",
    "ecr:PutAccountSetting", "ecr:PutImage", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability",
    "ecr:PutLifecyclePolicy", "ecr:PutRegistryPolicy", "ecr:PutRegistryScanningConfiguration",
    "ecr:PutReplicationConfiguration", "ecr:PutSigningConfiguration", "ecr:RegisterPullTimeUpdateExclusion",
    "ecr:ReplicateImage", "ecr:SetRepositoryPolicy", "ecr:StartImageScan", "ecr:StartLifecyclePolicyPreview",
    "ecr:StartReplicationBackfill", "ecr:StopReplicationBackfill", "ecr:TagResource", "ecr:UntagResource",
    "ecr:UpdateImageStorageClass", "ecr:UpdatePullThroughCacheRule", "ecr:UpdateRepositoryCreationTemplate",
    "ecr:UploadLayerPart", "ecr:ValidatePullThroughCacheRule",
)  # fmt: skip
"""Every action, as AWS writes it; policies may use any case."""
