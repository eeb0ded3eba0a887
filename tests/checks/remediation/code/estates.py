"""Plans for tests of infrastructure code, and texts that want to break out of it."""

from __future__ import annotations

import json
from typing import Any

from checks.remediation import RegistryTargets, planned
from tests.checks.remediation.test_shell import HOSTILE
from tests.checks.remediation.words import OTHER, SOURCE, adding, change, context, finding, granting, registry, rule

A, B = "111111111111/eu-central-1", "222222222222/eu-west-1"
TEXTS = (
    *HOSTILE,
    "${path.module}",
    "$${x}",
    "$$${x}",
    "%{ if true }",
    "%%{x}",
    "$",
    "%",
    "100%{",
    "${",
    "a$",
    "{",
    "\\${x}",
    "<a&b>",
)
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 500},
                "action": {"type": "expire"},
            }
        ]
    }
)


def lifecycle(description: str) -> str:
    document = json.loads(LIFECYCLE)
    document["rules"][0]["description"] = description
    return json.dumps(document)


def policy(text: str, **others: Any) -> str:
    statement = {
        "Sid": "Pull",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Condition": {"StringLike": {"aws:PrincipalTag/team": text}},
        **others,
    }
    return json.dumps({"Version": "2012-10-17", "Id": text, "Statement": [statement]})


def template(text: str, **others: Any) -> dict[str, Any]:
    return {
        "appliedFor": ["REPLICATION"],
        "description": text,
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}],
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:eu-west-1:{OTHER}:key/1"},
        "resourceTags": [{"Key": "team", "Value": text}],
        "customRoleArn": f"arn:aws:iam::{OTHER}:role/ecr-templates",
        "lifecyclePolicy": lifecycle(text),
        "repositoryPolicy": policy(text),
        **others,
    }


def everything(text: str) -> RegistryTargets:
    """A destination registry of which every kind of document is to be changed."""
    seen = registry(
        OTHER, policy=policy("seen " + text, Resource="*"), rules=[rule(A, prefixes=["base/"], delete=False)]
    )
    changes = [
        granting(SOURCE, "prod/"),
        change("template.create", OTHER, prefix="prod", template=template(text)),
        change("scanning.cover", OTHER, prefixes=["prod/"], type="ENHANCED", frequency="CONTINUOUS_SCAN"),
        change("repository.lifecycle", OTHER, repository="prod/a-b", seen="", policy=lifecycle(text)),
        change("repository.policy", OTHER, repository="prod/a-b", seen=policy("old"), policy=policy(text)),
        change(
            "replication.add",
            OTHER,
            destinations=[{"account": "333333333333", "region": "eu-west-1"}],
            prefixes=["prod/"],
            delete_replication=False,
        ),
        change("repository.tags", OTHER, repository="prod/a-b", tags={"a": text}),
    ]
    return only(planned([finding(one) for one in changes], context(seen)).registries)


def replicating(*added: Any, rules: Any = ()) -> RegistryTargets:
    """A source registry whose rules are to be changed."""
    return only(planned([finding(one) for one in added], context(registry(rules=rules))).registries)


def only(registries: tuple[RegistryTargets, ...]) -> RegistryTargets:
    (one,) = registries
    return one


__all__ = ["TEXTS", "A", "B", "adding", "everything", "lifecycle", "policy", "replicating", "rule", "template"]
