"""The audit's roles: who may assume them, and their permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.aws.operations import MEMBER, management_policy, member_policy

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline

START_ROLE = "ecr-audit-start"
"""Default name of the role that starts a run."""
PRINCIPAL = r"[0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*]+"
"""An account id, or the ARN of a principal; a regular expression that CloudFormation supports too."""
EXTERNAL_ID = r"[A-Za-z0-9_+=,.@:/-]{2,}"
"""STS API reference, AssumeRole, ExternalId. Its upper bound, 1,224, exceeds what Terraform's regular expressions
support."""
ORGANIZATION = r"o-[a-z0-9]{10,32}"


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """Parameters of a role."""

    side: str = MEMBER
    """`member`: the role in every account; `management`: the role that starts a run."""
    role_name: str = "ecr-audit"
    """Name of the role in every account, with its path where it has one (`audit/ecr-audit`)."""
    trusted_principal: str = ""
    """Account id or ARN that may assume the role; empty: the person who deploys the role sets it."""
    external_id: str = ""
    organization: str = ""
    """Organization id that the caller must belong to; empty: any."""
    without: frozenset[str] = frozenset()
    """Actions to leave out."""

    @property
    def path(self) -> str:
        """Path of the role as IAM spells it: `/`, or `/audit/`."""
        return f"/{self.role_name.rpartition('/')[0]}/".replace("//", "/") if self.side == MEMBER else "/"

    @property
    def name(self) -> str:
        """Name of the role without its path."""
        return self.role_name.rpartition("/")[2] if self.side == MEMBER else START_ROLE


def permissions(request: RoleRequest, *, audit_role: str = "", partition: str = "aws") -> dict[str, Any]:
    """IAM policy document of the role.

    The role that starts a run also reads its own account, so it has the permissions of a member too. *audit_role* and
    *partition* may be references in the template language.
    """
    member = member_policy(request.without)
    if request.side == MEMBER:
        return member
    management = management_policy(audit_role or request.role_name, partition)
    return {**management, "Statement": [*management["Statement"], *member["Statement"]]}


def trust_policy(request: RoleRequest) -> dict[str, Any]:
    """Trust policy document of the role for `request.trusted_principal`."""
    asked = {"sts:ExternalId": request.external_id, "aws:PrincipalOrgID": request.organization}
    statement: dict[str, Any] = {
        "Sid": "AssumeForAudit",
        "Effect": "Allow",
        "Principal": {"AWS": request.trusted_principal},
        "Action": "sts:AssumeRole",
    }
    if any(asked.values()):
        statement["Condition"] = {"StringEquals": {key: value for key, value in asked.items() if value}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def needless_actions(baseline: Baseline) -> frozenset[str]:
    """Actions that an audit with *baseline* never uses."""
    return (
        frozenset()
        if baseline.registries.failure_events
        else frozenset({"events:ListRules", "events:ListTargetsByRule"})
    )
