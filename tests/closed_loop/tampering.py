"""What another user does between an audit and its remediation: every document that changes would modify, modified."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from checks.changes import Change
from tests.closed_loop.estate import REGION, SOURCE, STRANGER

_STATEMENT = {
    "Sid": "Somebody",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
    "Action": "ecr:ReplicateImage",
}
_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_STATEMENT]})
_LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 77,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 7777},
                "action": {"type": "expire"},
            }
        ]
    }
)
Document = dict[str, Any]


def tamper(world: Document, changes: Iterable[Change]) -> bool:
    """Change, in the document *world*, whatever *changes* would change and can find changed; whether there was any."""
    done = [
        modify(_registry(world, change), change)
        for change in changes
        for kind, modify in _CHANGES.items()
        if change.kind.startswith(kind)
    ]
    return any(done)


def _registry(world: Document, change: Change) -> Document:
    for registry in world["registries"]:
        if (registry["account"], registry["region"]) == (change.account, change.region):
            return registry
    registry = {"account": change.account, "region": change.region}
    world["registries"].append(registry)
    return registry


def _rules(registry: Document, change: Change) -> bool:
    rules = registry.setdefault("rules", [])
    strange = {"destinations": [{"region": REGION, "registryId": STRANGER}]}
    if strange not in rules:
        rules.append(strange)
    return True


def _policy(registry: Document, change: Change) -> bool:
    policy = json.loads(registry["policy"]) if registry.get("policy") else {"Version": "2012-10-17", "Statement": []}
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if _STATEMENT not in statements:
        registry["policy"] = json.dumps({**policy, "Statement": [*statements, _STATEMENT]})
    return True


def _template(registry: Document, change: Change) -> bool:
    prefix = change.prefix.rstrip("/")
    templates = registry.setdefault("templates", [])
    for template in templates:
        if template["prefix"] == prefix:
            template["description"] = "Somebody was here"
            return True
    templates.append({"prefix": prefix, "appliedFor": ["CREATE_ON_PUSH"], "description": "Somebody was here"})
    return True


def _scanning(registry: Document, change: Change) -> bool:
    filters = [{"filter": "somebody", "filterType": "WILDCARD"}]
    registry["scanning"] = {"scanType": "BASIC", "rules": [{"scanFrequency": "MANUAL", "repositoryFilters": filters}]}
    return True


def _repository(registry: Document, change: Change) -> Document:
    found: Document = next(one for one in registry["repositories"] if one["name"] == change.repository)
    return found


def _mutability(registry: Document, change: Change) -> bool:
    _repository(registry, change).update(tag_mutability="MUTABLE_WITH_EXCLUSION", exclusions=["somebody*"])
    return True


def _lifecycle(registry: Document, change: Change) -> bool:
    _repository(registry, change)["lifecycle"] = _LIFECYCLE
    return True


def _repository_policy(registry: Document, change: Change) -> bool:
    _repository(registry, change)["policy"] = _POLICY
    return True


def _tag(registry: Document, change: Change) -> bool:
    repository = _repository(registry, change)
    for image in repository["images"]:
        image["tags"] = [tag for tag in image.get("tags", ()) if tag != change.tag]
    repository["images"].append({"digest": "sha256:" + "7" * 64, "tags": [change.tag]})
    return True


_CHANGES: dict[str, Callable[[Document, Change], bool]] = {
    "replication.": _rules,
    "policy.": _policy,
    "template.": _template,
    "scanning.": _scanning,
    "repository.tag-mutability": _mutability,
    "repository.lifecycle": _lifecycle,
    "repository.policy": _repository_policy,
    "repository.retag": _tag,
}
"""Beginnings of edit kinds. The others create what is not there, or set a switch that has two positions."""
