"""The rights that an audit needs, ready to deploy: as CloudFormation, as Terraform, and held against other policies."""

from audit.roles.cloudformation import cloudformation
from audit.roles.compare import Comparison, compare
from audit.roles.managed import MANAGED, NotAPolicyError, PolicySource, managed_policy, read_policy
from audit.roles.role import RoleRequest, needless_actions, permissions, trust_policy
from audit.roles.terraform import terraform

__all__ = [
    "MANAGED", "Comparison", "NotAPolicyError", "PolicySource", "RoleRequest", "cloudformation", "compare",
    "managed_policy", "needless_actions", "permissions", "read_policy", "terraform", "trust_policy",
]  # fmt: skip
