"""The IAM permissions of an audit: as CloudFormation, as Terraform, and compared with other policies."""

from audit.iam_policies.cloudformation import cloudformation
from audit.iam_policies.compare import PolicyComparison, compare
from audit.iam_policies.managed import MANAGED, NotAPolicyError, PolicySource, managed_policy, read_policy
from audit.iam_policies.role import RoleRequest, needless_actions, permissions, trust_policy
from audit.iam_policies.terraform import terraform

__all__ = [
    "MANAGED",
    "NotAPolicyError",
    "PolicyComparison",
    "PolicySource",
    "RoleRequest",
    "cloudformation",
    "compare",
    "managed_policy",
    "needless_actions",
    "permissions",
    "read_policy",
    "terraform",
    "trust_policy",
]  # fmt: skip
