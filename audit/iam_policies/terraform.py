"""The role as a Terraform configuration for one account."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from audit.aws.operations import MEMBER
from audit.iam_policies.role import EXTERNAL_ID, ORGANIZATION, PRINCIPAL, RoleRequest, permissions

_REFERENCES = ("${var.audit_role}", "${data.aws_partition.current.partition}")
_MEMBER = (
    "# For every account of an organization, a service-managed StackSet with the CloudFormation template is easier.\n"
)
_MANAGEMENT = (
    "# Apply it in the account in which audits start: the management account or a delegated administrator account.\n"
)
_TRUST = """\
data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "AssumeForAudit"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [%s]
    }
    dynamic "condition" {
      for_each = var.external_id == "" ? [] : [var.external_id]
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
    dynamic "condition" {
      for_each = var.organization_id == "" ? [] : [var.organization_id]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [condition.value]
      }
    }
  }
}
"""
_ROLE = """\
resource "aws_iam_role" "audit" {
  name                 = var.role_name
  path                 = var.role_path
  description          = %s
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "read" {
  name   = "ecr-audit-read"
  role   = aws_iam_role.audit.id
  policy = data.aws_iam_policy_document.read.json
}

output "role_arn" {
  description = "ARN of the role"
  value       = aws_iam_role.audit.arn
}
"""


def terraform(request: RoleRequest) -> str:
    """The configuration as HCL. The values of *request* are the defaults of its variables."""
    member = request.side == MEMBER
    about = "The role that ecr-audit assumes in this account" if member else "The role that starts an ecr-audit run"
    rights = permissions(request, audit_role=_REFERENCES[0], partition=_REFERENCES[1])
    own = "data.aws_caller_identity.current.account_id"
    trusted = "var.trusted_principal" if member else f'var.trusted_principal == "" ? {own} : var.trusted_principal'
    where = _MEMBER if member else _MANAGEMENT
    parts = [
        f"# {about}. It reads configuration, changes nothing and cannot pull an image.\n{where}",
        *_variables(request),
        *(() if member else ('data "aws_partition" "current" {}\n', 'data "aws_caller_identity" "current" {}\n')),
        _TRUST % trusted,
        "".join(_document(rights["Statement"])),
        _ROLE % _text(about),
    ]
    return "\n".join(parts)


def _variables(request: RoleRequest) -> Iterable[str]:
    member = request.side == MEMBER
    yield _variable("role_name", request.name, "Name of the role", "[A-Za-z0-9_+=,.@-]{1,64}")
    yield _variable("role_path", request.path, "Path of the role, with a slash at both ends", "/([!-~]+/)?")
    if not member:
        yield _variable("audit_role", request.role_name, "Path and name of the role in every account", "[!-~]{1,512}")
    about = "Account id, or ARN of the principal, that may assume the role"
    own = "" if member else "; empty: principals of this account whose own policies allow it"
    default = request.trusted_principal or (None if member else "")
    yield _variable("trusted_principal", default, about + own, PRINCIPAL if member else f"({PRINCIPAL})?")
    yield _variable(
        "external_id", request.external_id, "External id that is required; empty: none", f"({EXTERNAL_ID})?"
    )
    about = "Organization that the caller must belong to; empty: any"
    yield _variable("organization_id", request.organization, about, f"({ORGANIZATION})?")


def _variable(name: str, default: str | None, about: str, pattern: str) -> str:
    given = "" if default is None else f"  default     = {_text(default)}\n"
    return (
        f'variable "{name}" {{\n  description = {_text(about)}\n  type        = string\n{given}'
        f"  validation {{\n    condition     = can(regex({_text(f'^({pattern})$')}, var.{name}))\n"
        f"    error_message = {_text(f'{name} must match ^({pattern})$.')}\n  }}\n}}\n"
    )


def _document(statements: Iterable[dict[str, Any]]) -> Iterable[str]:
    yield 'data "aws_iam_policy_document" "read" {\n'
    for one in statements:
        yield f"  statement {{\n    sid       = {_text(one['Sid'])}\n    resources = [{_resource(one['Resource'])}]\n"
        yield "    actions = [\n"
        yield from (f"      {_text(action)},\n" for action in one["Action"])
        yield "    ]\n  }\n"
    yield "}\n"


def _resource(arn: str) -> str:
    """An HCL string in which `_REFERENCES` stay references."""
    text = _text(arn)
    for reference in _REFERENCES:
        text = text.replace(f"${reference}", reference)
    return text


def _text(value: str) -> str:
    """*value* as an HCL string literal without interpolation."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
