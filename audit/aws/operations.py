"""Every operation that the collector may call: the IAM action it needs, and what is unknown where it is denied.

One declaration drives three things: the evidence gap of a failed call, the permissions that reports name, and the
generated least-privilege policies. An operation that is not declared here cannot be called.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

MEMBER = "member"
"""Called inside each audited account, with the audit role."""
MANAGEMENT = "management"
"""Called once, with the credentials that started the run."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One API operation."""

    service: str
    """botocore's name of the service (`service-quotas`)."""
    name: str
    """The operation as the service spells it (`ListServiceQuotas`)."""
    sid: str
    """Statement of the generated policy in which its action is listed."""
    tables: tuple[str, ...] = ()
    """Tables that are incomplete when it is denied."""
    side: str = MEMBER
    optional: bool = False
    """Whether a complete audit can do without it: there is a fallback, or only some organizations need it."""
    instead: str = ""
    """What the audit uses instead where it is denied; empty: nothing, so what depends on it is unknown."""
    none_codes: tuple[str, ...] = ()
    """Error codes that mean that the resource does not exist: a result, not a failure."""
    absent_when_disabled: bool = False
    """Whether the error "this feature is disabled" means that nothing exists, rather than that it is unknown."""
    prefix: str = ""
    """IAM prefix where it is not the service's name."""
    action: str = field(init=False)
    """The IAM action (`servicequotas:ListServiceQuotas`)."""
    method: str = field(init=False)
    """The operation's method on a botocore client (`list_service_quotas`)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "action", f"{self.prefix or self.service}:{self.name}")
        object.__setattr__(self, "method", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).lower())


_RULES = ("registries", "rules", "links", "replicas")
_REPOSITORIES = ("registries", "repositories", "replicas", "links")
_EVERYTHING = ("registries", "rules", "links", "grants", "templates", "repositories", "replicas", "images")
_ECR_REGISTRY = "EcrRegistryRead"
_ECR_REPOSITORY = "EcrRepositoryRead"
_CONTEXT = "AccountContextRead"
_ORGANIZATION = "OrganizationRead"

OPERATIONS: tuple[Operation, ...] = (
    Operation("ecr", "DescribeRegistry", _ECR_REGISTRY, _RULES),
    Operation("ecr", "GetRegistryPolicy", _ECR_REGISTRY, ("registries", "grants", "links"),
              none_codes=("RegistryPolicyNotFoundException",)),
    Operation("ecr", "GetRegistryScanningConfiguration", _ECR_REGISTRY, ("registries", "repositories", "replicas"),
              absent_when_disabled=True),
    Operation("ecr", "GetAccountSetting", _ECR_REGISTRY, ("registries", "links")),
    Operation("ecr", "DescribeRepositoryCreationTemplates", _ECR_REGISTRY, ("registries", "templates", "links"),
              none_codes=("TemplateNotFoundException",), absent_when_disabled=True),
    Operation("ecr", "GetSigningConfiguration", _ECR_REGISTRY, ("registries",),
              none_codes=("SigningConfigurationNotFoundException",), absent_when_disabled=True),
    Operation("ecr", "DescribePullThroughCacheRules", _ECR_REGISTRY, ("registries",),
              none_codes=("PullThroughCacheRuleNotFoundException",), absent_when_disabled=True),
    Operation("ecr", "ListPullTimeUpdateExclusions", _ECR_REGISTRY, ("registries",), absent_when_disabled=True),
    Operation("ecr", "ListReplicationBackfills", _ECR_REGISTRY, ("registries",), absent_when_disabled=True),
    Operation("ecr", "DescribeRepositories", _ECR_REPOSITORY, _REPOSITORIES),
    Operation("ecr", "GetRepositoryPolicy", _ECR_REPOSITORY, ("repositories", "replicas"),
              none_codes=("RepositoryPolicyNotFoundException",)),
    Operation("ecr", "GetLifecyclePolicy", _ECR_REPOSITORY, ("repositories", "replicas"),
              none_codes=("LifecyclePolicyNotFoundException",)),
    Operation("ecr", "ListTagsForResource", _ECR_REPOSITORY, ("repositories", "replicas")),
    Operation("ecr", "BatchGetRepositoryScanningConfiguration", _ECR_REPOSITORY, ("repositories", "replicas")),
    Operation("ecr", "DescribeImages", _ECR_REPOSITORY, ("repositories", "replicas", "images")),
    Operation("ecr", "DescribeImageReplicationStatus", _ECR_REPOSITORY, ("images",)),
    Operation("iam", "GetRole", _CONTEXT, ("registries", "templates"),
              none_codes=("NoSuchEntity", "NoSuchEntityException")),
    Operation("kms", "DescribeKey", _CONTEXT, ("templates", "replicas"), none_codes=("NotFoundException",)),
    Operation("events", "ListRules", _CONTEXT, ("registries",), optional=True),
    Operation("events", "ListTargetsByRule", _CONTEXT, ("registries",), optional=True),
    Operation("ec2", "DescribeRegions", _CONTEXT, ("regions", "registries"), optional=True,
              instead="account:ListRegions, else the Regions that are enabled by default"),
    Operation("service-quotas", "ListServiceQuotas", _CONTEXT, ("registries",), optional=True, prefix="servicequotas",
              instead="servicequotas:GetServiceQuota, quota by quota"),
    Operation("service-quotas", "GetServiceQuota", _CONTEXT, ("registries",), optional=True, prefix="servicequotas",
              instead="the limits that the baseline states"),
    Operation("sts", "GetCallerIdentity", _ORGANIZATION, side=MANAGEMENT),
    Operation("sts", "AssumeRole", "AssumeAuditRole", _EVERYTHING, side=MANAGEMENT),
    Operation("organizations", "DescribeOrganization", _ORGANIZATION, ("accounts", "links", "grants"), side=MANAGEMENT,
              none_codes=("AWSOrganizationsNotInUseException",)),
    Operation("organizations", "ListAccounts", _ORGANIZATION, ("accounts", "registries", "links", "grants"),
              side=MANAGEMENT, none_codes=("AWSOrganizationsNotInUseException",)),
    Operation("organizations", "ListRoots", _ORGANIZATION, ("accounts",), side=MANAGEMENT),
    Operation("organizations", "ListOrganizationalUnitsForParent", _ORGANIZATION, ("accounts",), side=MANAGEMENT),
    Operation("organizations", "ListAccountsForParent", _ORGANIZATION, ("accounts",), side=MANAGEMENT, optional=True),
    Operation("organizations", "DescribeEffectivePolicy", _ORGANIZATION, ("registries",), side=MANAGEMENT,
              optional=True, none_codes=("EffectivePolicyNotFoundException", "AWSOrganizationsNotInUseException")),
    Operation("account", "ListRegions", _ORGANIZATION, ("regions", "registries"), side=MANAGEMENT, optional=True,
              instead="ec2:DescribeRegions in the account itself"),
)  # fmt: skip
"""In the order in which a policy lists them."""

_BY_ACTION = {operation.action: operation for operation in OPERATIONS}


def operation(action: str) -> Operation:
    """The operation with that IAM action; KeyError where none is declared."""
    return _BY_ACTION[action]


@dataclass(slots=True)
class _Statement:
    actions: list[str] = field(default_factory=list)


def _policy(side: str, resources: dict[str, str], without: Collection[str]) -> dict[str, Any]:
    statements: dict[str, _Statement] = {}
    for entry in OPERATIONS:
        if entry.side == side and entry.action not in without:
            statements.setdefault(entry.sid, _Statement()).actions.append(entry.action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": sorted(statement.actions), "Resource": resources.get(sid, "*")}
            for sid, statement in statements.items()
        ],
    }


def member_policy(without: Collection[str] = ()) -> dict[str, Any]:
    """IAM policy document of the audit role in every account, minus the actions in *without*. It cannot pull images."""
    return _policy(MEMBER, {}, without)


def management_policy(role_name: str = "ecr-audit", partition: str = "aws") -> dict[str, Any]:
    """IAM policy document for the credentials that start a run: read the organization and assume *role_name*.

    The caller's own account is read with these credentials too, so they need `member_policy()` besides.
    """
    return _policy(MANAGEMENT, {"AssumeAuditRole": f"arn:{partition}:iam::*:role/{role_name}"}, ())
