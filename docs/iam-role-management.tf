# The role that starts an ecr-audit run. It reads configuration, changes nothing and cannot pull an image.
# Apply it in the account in which audits start: the management account or a delegated administrator account.

variable "role_name" {
  description = "Name of the role"
  type        = string
  default     = "ecr-audit-start"
  validation {
    condition     = can(regex("^([A-Za-z0-9_+=,.@-]{1,64})$", var.role_name))
    error_message = "role_name must match ^([A-Za-z0-9_+=,.@-]{1,64})$."
  }
}

variable "role_path" {
  description = "Path of the role, with a slash at both ends"
  type        = string
  default     = "/"
  validation {
    condition     = can(regex("^(/([!-~]+/)?)$", var.role_path))
    error_message = "role_path must match ^(/([!-~]+/)?)$."
  }
}

variable "audit_role" {
  description = "Path and name of the role in every account"
  type        = string
  default     = "ecr-audit"
  validation {
    condition     = can(regex("^([!-~]{1,512})$", var.audit_role))
    error_message = "audit_role must match ^([!-~]{1,512})$."
  }
}

variable "trusted_principal" {
  description = "Account id, or ARN of the principal, that may assume the role; empty: principals of this account whose own policies allow it"
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(([0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*]+)?)$", var.trusted_principal))
    error_message = "trusted_principal must match ^(([0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*]+)?)$."
  }
}

variable "external_id" {
  description = "External id that is required; empty: none"
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(([A-Za-z0-9_+=,.@:/-]{2,})?)$", var.external_id))
    error_message = "external_id must match ^(([A-Za-z0-9_+=,.@:/-]{2,})?)$."
  }
}

variable "organization_id" {
  description = "Organization that the caller must belong to; empty: any"
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^((o-[a-z0-9]{10,32})?)$", var.organization_id))
    error_message = "organization_id must match ^((o-[a-z0-9]{10,32})?)$."
  }
}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "AssumeForAudit"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [var.trusted_principal == "" ? data.aws_caller_identity.current.account_id : var.trusted_principal]
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

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "OrganizationRead"
    resources = ["*"]
    actions = [
      "account:ListRegions",
      "organizations:DescribeEffectivePolicy",
      "organizations:DescribeOrganization",
      "organizations:ListAccounts",
      "organizations:ListAccountsForParent",
      "organizations:ListOrganizationalUnitsForParent",
      "organizations:ListRoots",
      "sts:GetCallerIdentity",
    ]
  }
  statement {
    sid       = "AssumeAuditRole"
    resources = ["arn:${data.aws_partition.current.partition}:iam::*:role/${var.audit_role}"]
    actions = [
      "sts:AssumeRole",
    ]
  }
  statement {
    sid       = "EcrRegistryRead"
    resources = ["*"]
    actions = [
      "ecr:DescribePullThroughCacheRules",
      "ecr:DescribeRegistry",
      "ecr:DescribeRepositoryCreationTemplates",
      "ecr:GetAccountSetting",
      "ecr:GetRegistryPolicy",
      "ecr:GetRegistryScanningConfiguration",
      "ecr:GetSigningConfiguration",
      "ecr:ListPullTimeUpdateExclusions",
      "ecr:ListReplicationBackfills",
    ]
  }
  statement {
    sid       = "EcrRepositoryRead"
    resources = ["*"]
    actions = [
      "ecr:BatchGetRepositoryScanningConfiguration",
      "ecr:DescribeImageReplicationStatus",
      "ecr:DescribeImages",
      "ecr:DescribeRepositories",
      "ecr:GetLifecyclePolicy",
      "ecr:GetRepositoryPolicy",
      "ecr:ListTagsForResource",
    ]
  }
  statement {
    sid       = "AccountContextRead"
    resources = ["*"]
    actions = [
      "ec2:DescribeRegions",
      "events:ListRules",
      "events:ListTargetsByRule",
      "iam:GetRole",
      "kms:DescribeKey",
      "servicequotas:GetServiceQuota",
      "servicequotas:ListServiceQuotas",
    ]
  }
}

resource "aws_iam_role" "audit" {
  name                 = var.role_name
  path                 = var.role_path
  description          = "The role that starts an ecr-audit run"
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
