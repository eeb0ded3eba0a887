"""The actions of ECR that a policy may name, and what was meant by a name that is none of them.

Source: AWS's service authorization reference for Amazon ECR (27 October 2026) and the operations of the ECR service
model (botocore 1.44.5). Some actions have no operation (`ecr:ReplicateImage`), and some operations no listed action
yet.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache

from checks.iam.malformed import unrendered
from checks.iam.parse import Patterns
from checks.iam.patterns import Glob

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

LISTED_ON = "27 October 2026"
"""Date of the list."""

_BY_FOLDED = {action.lower(): action for action in ACTIONS}


def is_known(glob: Glob) -> bool:
    """Whether a pattern of an Action element, compiled in lower case, matches an action of ECR."""
    literal = glob.literal
    return literal in _BY_FOLDED if literal is not None else any(glob.matches(action) for action in _BY_FOLDED)


@lru_cache(maxsize=4_096)
def meant_action(text: str) -> str:
    """The action of ECR that the unknown action *text* resembles, for a pattern one that it may mean; empty: none."""
    folded = text.lower()
    head = re.split(r"[*?]", folded, maxsplit=1)[0]
    if head == folded:
        candidates = _BY_FOLDED
    else:
        # A pattern resembles an action by the part before its first wildcard.
        candidates = {folded_action[: len(head)]: action for folded_action, action in _BY_FOLDED.items()}
    found = get_close_matches(head, candidates, n=1, cutoff=0.8)
    return candidates[found[0]] if found else ""


def unknown_actions(element: Patterns) -> tuple[str, ...]:
    """The entries of an Action or NotAction element that match no action of ECR."""
    pairs = zip(element.texts, element.globs, strict=True)
    return tuple(dict.fromkeys(text for text, glob in pairs if not is_known(glob)))


def unknown_action_problem(text: str) -> str:
    """Why the action *text* is not one of ECR, as a clause."""
    shown = f"`{text[:100]}`"
    marker = unrendered(text)
    if marker:
        return f"{shown} has an unrendered template, `{marker}`"
    meant = meant_action(text)
    hint = f"; did you mean {meant}?" if meant else ""
    return f"{shown}: no {'ECR action matches' if set('*?').intersection(text) else 'such ECR action'}{hint}"
