"""Target documents as infrastructure code, for registries that are managed with CloudFormation or Terraform.

The documents are those that the scripts work towards. What a tool's own schema cannot say is left out and told,
never said in part: a document that silently lost a setting would switch that setting off.
"""

from checks.remediation.code.cloudformation import cloudformation
from checks.remediation.code.result import Code, LeftOut
from checks.remediation.code.terraform import terraform

FORMATS = {"cloudformation": cloudformation, "terraform": terraform}
"""Writers by name of the format; each takes the targets of one registry."""

__all__ = ["FORMATS", "Code", "LeftOut", "cloudformation", "terraform"]
