"""Who may use the audit's roles, and what these may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.aws.operations import MEMBER, management_policy, member_policy

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline

START_ROLE = "ecr-audit-start"
"""Name of the role that a run begins with, unless told otherwise."""
PRINCIPAL = r"[0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*]+"
"""An account id, or the ARN of a principal; a regular expression that CloudFormation understands too."""
EXTERNAL_ID = r"[A-Za-z0-9_+=,.@:/-]{2,}"
"""STS API reference, AssumeRole, ExternalId. Its upper bound, 1,224, is more than Terraform's expressions can count."""
ORGANIZATION = r"o-[a-z0-9]{10,32}"


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """What a role is asked to be."""

    side: str = MEMBER
    """`member`: the role in every account; `management`: the role that a run begins with."""
    role_name: str = "ecr-audit"
    """Name of the role in every account, with its path where it has one (`audit/ecr-audit`)."""
    trusted_principal: str = ""
    """Account id or ARN that may assume the role; empty: whoever deploys says so."""
    external_id: str = ""
    organization: str = ""
    """Organization id that the caller must belong to; empty: not asked."""
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

    The role that a run begins with also reads its own account, so it has the rights of a member besides. *audit_role*
    and *partition* may be references in the language of a template.
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
    """Actions that an audit by *baseline* never uses."""
    return frozenset() if baseline.registries.failure_events else frozenset({"events:ListRules"})
