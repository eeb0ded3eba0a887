"""The role as a CloudFormation template for a service-managed StackSet: it names no account."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import Any

from audit.aws.operations import MEMBER
from audit.iam_policies.role import EXTERNAL_ID, ORGANIZATION, PRINCIPAL, RoleRequest, permissions

_STACK_SET = """\
# Deploy it to every current and future member account from the organization's management account:
#
#   aws cloudformation create-stack-set --stack-set-name ecr-audit --template-body file://ecr-audit-role.yaml \\
#     --permission-model SERVICE_MANAGED --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false \\
#     --capabilities CAPABILITY_NAMED_IAM --parameters ParameterKey=TrustedPrincipal,ParameterValue=ACCOUNT_OR_ARN
#   aws cloudformation create-stack-instances --stack-set-name ecr-audit --regions us-east-1 \\
#     --deployment-targets OrganizationalUnitIds=ROOT_OR_OU
#
# One Region is enough, because IAM roles are global. A StackSet does not include the management account: if that
# account has registries, deploy this template there as a stack.
"""
_STACK = """\
# Deploy it as a stack in the account in which audits start: the management account or a delegated administrator
# account.
#
#   aws cloudformation deploy --stack-name ecr-audit-start --template-file ecr-audit-start.yaml \\
#     --capabilities CAPABILITY_NAMED_IAM
"""
_TRUST = """\
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Sid: AssumeForAudit
            Effect: Allow
            Principal:
              AWS: %s
            Action: sts:AssumeRole
            Condition: !If
              - HasCondition
              - StringEquals:
                  sts:ExternalId: !If [HasExternalId, !Ref ExternalId, !Ref "AWS::NoValue"]
                  aws:PrincipalOrgID: !If [HasOrganization, !Ref OrganizationId, !Ref "AWS::NoValue"]
              - !Ref AWS::NoValue
"""
_LINT = """\
    Metadata:
      cfn-lint:
        config:
          # Some of these actions are newer than the linter's list of actions.
          ignore_checks: [W3037]
"""
_CONDITIONS = """\
Conditions:
  HasExternalId: !Not [!Equals [!Ref ExternalId, ""]]
  HasOrganization: !Not [!Equals [!Ref OrganizationId, ""]]
  HasCondition: !Or [!Condition HasExternalId, !Condition HasOrganization]
"""


def cloudformation(request: RoleRequest) -> str:
    """The template as YAML. The values of *request* are the defaults of its parameters."""
    member = request.side == MEMBER
    about = "The role that ecr-audit assumes in this account" if member else "The role that starts an ecr-audit run"
    rights = permissions(request, audit_role="${AuditRole}", partition="${AWS::Partition}")
    trusted = "!Ref TrustedPrincipal" if member else '!If [HasPrincipal, !Ref TrustedPrincipal, !Ref "AWS::AccountId"]'
    own = "" if member else '  HasPrincipal: !Not [!Equals [!Ref TrustedPrincipal, ""]]\n'
    return (
        f"# {about}. It reads configuration, changes nothing and cannot pull an image.\n"
        "# Creating it needs the capability CAPABILITY_NAMED_IAM, because the role has a name.\n#\n"
        f"{_STACK_SET if member else _STACK}"
        f'AWSTemplateFormatVersion: "2010-09-09"\nDescription: {about}; it reads configuration and changes nothing.\n'
        f"Parameters:\n{''.join(_parameters(request))}{_CONDITIONS}{own}"
        f"Resources:\n  Role:\n    Type: AWS::IAM::Role\n{_LINT}    Properties:\n"
        "      RoleName: !Ref RoleName\n      Path: !Ref RolePath\n"
        f"      Description: {about}\n      MaxSessionDuration: 3600\n"
        f"{_TRUST % trusted}"
        "      Policies:\n        - PolicyName: ecr-audit-read\n          PolicyDocument:\n"
        '            Version: "2012-10-17"\n            Statement:\n'
        f"{textwrap.indent(''.join(_statements(rights['Statement'])), ' ' * 14)}"
        "Outputs:\n  RoleArn:\n    Description: ARN of the role\n    Value: !GetAtt Role.Arn\n"
    )


def _parameters(request: RoleRequest) -> Iterable[str]:
    member = request.side == MEMBER
    yield _parameter("RoleName", request.name, "Name of the role", "[A-Za-z0-9_+=,.@-]{1,64}")
    yield _parameter("RolePath", request.path, "Path of the role, with a slash at both ends", "/([!-~]+/)?")
    if not member:
        yield _parameter("AuditRole", request.role_name, "Path and name of the role in every account", "[!-~]{1,512}")
    about = "Account id, or ARN of the principal, that may assume the role"
    pattern = PRINCIPAL if member else f"({PRINCIPAL})?"
    own = "" if member else "; empty: principals of this account whose own policies allow it"
    yield _parameter("TrustedPrincipal", request.trusted_principal or (None if member else ""), about + own, pattern)
    yield _parameter(
        "ExternalId", request.external_id, "External id that is required; empty: none", f"({EXTERNAL_ID})?"
    )
    about = "Organization that the caller must belong to; empty: any"
    yield _parameter("OrganizationId", request.organization, about, f"({ORGANIZATION})?")


def _parameter(name: str, default: str | None, about: str, pattern: str) -> str:
    lines = [f"  {name}:", "    Type: String", f"    Description: {json.dumps(about)}"]
    if default is not None:
        lines.append(f"    Default: {json.dumps(default)}")
    lines.append(f"    AllowedPattern: {json.dumps(f'^({pattern})$')}")
    return "\n".join(lines) + "\n"


def _statements(statements: Iterable[dict[str, Any]]) -> Iterable[str]:
    for one in statements:
        resource = json.dumps(one["Resource"])
        yield f"- Sid: {one['Sid']}\n  Effect: {one['Effect']}\n  Action:\n"
        yield from (f"    - {action}\n" for action in one["Action"])
        yield f"  Resource: {'!Sub ' if '${' in resource else ''}{resource}\n"
