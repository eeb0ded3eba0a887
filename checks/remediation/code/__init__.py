"""Target documents as infrastructure code, for registries that are managed with CloudFormation or Terraform.

The documents are the target documents of the scripts. A document that a tool's schema cannot express is left out and
reported, never written in part: a document that lacks a setting would switch that setting off.
"""

from checks.remediation.code.cloudformation import cloudformation
from checks.remediation.code.result import Code, LeftOut
from checks.remediation.code.terraform import terraform

FORMATS = {"cloudformation": cloudformation, "terraform": terraform}
"""Writers by name of the format; each takes the targets of one registry."""

__all__ = ["FORMATS", "Code", "LeftOut", "cloudformation", "terraform"]
