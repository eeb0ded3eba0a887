"""Terraform. Sources: the schemas in hashicorp/terraform-provider-aws, internal/service/ecr, as of 2026.

`aws_ecr_replication_configuration` allows at most 10 rules of at most 25 destinations and has no deleteReplication.
`aws_ecr_repository_creation_template` sends on update only the arguments that changed, while ECR takes a missing
imageTagMutability for MUTABLE (ECR API reference, UpdateRepositoryCreationTemplate).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from checks.remediation.code import hcl
from checks.remediation.code.result import (
    NO_DOCUMENT,
    CannotExpressError,
    Code,
    LeftOut,
    free_name,
    refuse_deletions,
    refuse_unknown,
    words,
)
from checks.remediation.merging import Target
from checks.remediation.planner import RegistryTargets
from checks.remediation.replication_rules import Rule
from checks.remediation.shell import comment, line
from checks.remediation.templates import FIELDS

_TOOL = "Terraform's AWS provider"
_MOST_RULES = 10
_MOST_DESTINATIONS = 25
_MOST_CHARACTERS = 10_240
_DELETIONS = (
    "WARNING: this provider does not support deleteReplication. Whenever it writes these rules it switches",
    "deleteReplication off without a warning, also where it was switched on outside Terraform.",
)
_KEPT = hcl.block("lifecycle", hcl.attribute("prevent_destroy", True))


def terraform(registry: RegistryTargets) -> Code:
    """The documents of one registry as a root module, with import blocks for what exists."""
    names: list[tuple[str, str]] = []
    blocks: list[str] = []
    declared: list[str] = []
    left_out: list[LeftOut] = [LeftOut(title, NO_DOCUMENT) for title in registry.others]
    imports: list[str] = []
    for target in registry.targets:
        try:
            kind, arguments = _RESOURCES[target.kind](target)
        except CannotExpressError as reason:
            left_out.append(LeftOut(words(target), str(reason)))
            continue
        name = free_name(_name(target), (one for of, one in names if of == kind))
        names.append((kind, name))
        declared.append(words(target))
        notes = [comment(*_DELETIONS)] if target.kind == "replication" else []
        blocks.append("\n".join((*notes, hcl.block(hcl.labelled("resource", kind, name), *arguments, _KEPT))))
        if target.seen:
            known = registry.account if target.kind in _OF_REGISTRY else target.name
            blocks.append(hcl.block("import", f"to = {kind}.{name}", hcl.attribute("id", known)))
            imports.append(line("terraform", "import", f"{kind}.{name}", known))
    folder = f"{registry.account}-{registry.region}"
    files = {f"{folder}/ecr.tf": _module(registry, blocks, left_out, imports)} if blocks else {}
    return Code(
        registry.account,
        registry.region,
        files,
        tuple(declared),
        tuple(left_out),
        (f"terraform -chdir={folder} init", f"terraform -chdir={folder} apply"),
        any(target.kind == "replication" and words(target) in declared for target in registry.targets),
    )


def _module(
    registry: RegistryTargets, blocks: Sequence[str], left_out: Sequence[LeftOut], imports: Sequence[str]
) -> str:
    head = [f"ECR registry {registry.account} in {registry.region}: the documents in their target state."]
    head += ["They already exist: the import blocks (Terraform 1.5 or later) import them instead of creating them."]
    head += [f"With an older Terraform, remove the import blocks and run: {'; '.join(imports)}"] if imports else []
    head += [
        "If other Terraform code already declares them, change it there: two declarations would overwrite each other."
    ]
    head += ["", "NOT INCLUDED:"] if left_out else []
    head += [f"- {one.what}: {one.why}" for one in left_out]
    provider = hcl.block(
        hcl.labelled("provider", "aws"),
        hcl.attribute("region", registry.region),
        "# Credentials of any other account are rejected.",
        hcl.attribute("allowed_account_ids", [registry.account]),
    )
    required = hcl.block(
        "terraform", hcl.block("required_providers", hcl.attribute("aws", {"source": "hashicorp/aws"}))
    )
    return "\n\n".join((comment(*head), required, provider, *blocks)) + "\n"


def _replication(target: Target) -> tuple[str, list[str]]:
    kind = "aws_ecr_replication_configuration"
    if not target.wanted:
        raise CannotExpressError(
            f"no rule remains, and {_TOOL} needs at least one: remove the resource, or run the script"
        )
    refuse_deletions(target, _TOOL)
    if len(target.wanted) > _MOST_RULES:
        raise CannotExpressError(f"it has {len(target.wanted)} rules, and {_TOOL} allows {_MOST_RULES}")
    return kind, [hcl.block("replication_configuration", *(_rule(rule) for rule in target.wanted))]


def _rule(rule: Rule) -> str:
    refuse_unknown(rule, ("destinations", "repositoryFilters", "deleteReplication"), "a rule", _TOOL)
    if not 1 <= len(rule["destinations"]) <= _MOST_DESTINATIONS:
        count = len(rule["destinations"])
        raise CannotExpressError(f"a rule lists {count} destinations, and {_TOOL} allows 1 to {_MOST_DESTINATIONS}")
    destinations = [
        hcl.block(
            "destination", hcl.attribute("region", one["region"]), hcl.attribute("registry_id", one["registryId"])
        )
        for one in rule["destinations"]
    ]
    filters = [
        hcl.block(
            "repository_filter",
            hcl.attribute("filter", one["filter"]),
            hcl.attribute("filter_type", one["filterType"]),
        )
        for one in rule.get("repositoryFilters") or ()
    ]
    return hcl.block("rule", *destinations, *filters)


def _policy(target: Target) -> tuple[str, list[str]]:
    length = len(json.dumps(json.loads(target.wanted), separators=(",", ":"), ensure_ascii=False))
    # jsonencode writes each of these with six characters.
    length += 5 * sum(target.wanted.count(char) for char in "<>&")
    if length > _MOST_CHARACTERS:
        raise CannotExpressError(f"as {_TOOL} writes it, it has {length:,} characters of {_MOST_CHARACTERS:,}")
    return "aws_ecr_registry_policy", [f"policy = {_encoded(target.wanted)}"]


def _scanning(target: Target) -> tuple[str, list[str]]:
    rules = [
        hcl.block(
            "rule",
            hcl.attribute("scan_frequency", rule["scanFrequency"]),
            *(
                hcl.block(
                    "repository_filter",
                    hcl.attribute("filter", one["filter"]),
                    hcl.attribute("filter_type", one["filterType"]),
                )
                for one in rule["repositoryFilters"]
            ),
        )
        for rule in target.wanted["rules"]
    ]
    return "aws_ecr_registry_scanning_configuration", [hcl.attribute("scan_type", target.wanted["scanType"]), *rules]


def _template(target: Target) -> tuple[str, list[str]]:
    wanted, seen = target.wanted, target.seen or {}
    refuse_unknown(wanted, FIELDS, "the template", _TOOL)
    mutability = wanted.get("imageTagMutability", "MUTABLE")
    exclusions = wanted.get("imageTagMutabilityExclusionFilters", [])
    same = mutability == seen.get("imageTagMutability", "MUTABLE") and exclusions == seen.get(
        "imageTagMutabilityExclusionFilters", []
    )
    if seen and same and mutability != "MUTABLE":
        raise CannotExpressError(
            f"{_TOOL} sends only changed arguments, and ECR treats a missing imageTagMutability as MUTABLE: "
            f"the update would change {mutability} to MUTABLE"
        )
    if len(wanted["prefix"]) < 2:
        raise CannotExpressError(f"{_TOOL} does not allow a prefix of one character")
    arguments = [hcl.attribute("prefix", wanted["prefix"]), hcl.attribute("applied_for", wanted["appliedFor"])]
    arguments.append(hcl.attribute("image_tag_mutability", mutability))
    arguments += [
        hcl.attribute(name, wanted[field])
        for name, field in (("description", "description"), ("custom_role_arn", "customRoleArn"))
        if wanted.get(field)
    ]
    if tags := wanted.get("resourceTags"):
        arguments.append(hcl.attribute("resource_tags", {tag["Key"]: tag.get("Value", "") for tag in tags}))
    for name, field in (("lifecycle_policy", "lifecyclePolicy"), ("repository_policy", "repositoryPolicy")):
        if wanted.get(field):
            arguments.append(f"{name} = {_encoded(wanted[field])}")
    if encryption := wanted.get("encryptionConfiguration"):
        arguments.append(_encryption(encryption))
    arguments += [
        hcl.block(
            "image_tag_mutability_exclusion_filter",
            hcl.attribute("filter", one["filter"]),
            hcl.attribute("filter_type", one["filterType"]),
        )
        for one in exclusions
    ]
    return "aws_ecr_repository_creation_template", arguments


def _encryption(encryption: Mapping[str, Any]) -> str:
    refuse_unknown(encryption, ("encryptionType", "kmsKey"), "the encryption", _TOOL)
    key = [hcl.attribute("kms_key", encryption["kmsKey"])] if encryption.get("kmsKey") else []
    return hcl.block("encryption_configuration", hcl.attribute("encryption_type", encryption["encryptionType"]), *key)


def _lifecycle(target: Target) -> tuple[str, list[str]]:
    return "aws_ecr_lifecycle_policy", _of_repository(target)


def _repository_policy(target: Target) -> tuple[str, list[str]]:
    return "aws_ecr_repository_policy", _of_repository(target)


def _of_repository(target: Target) -> list[str]:
    return [hcl.attribute("repository", target.name), f"policy = {_encoded(target.wanted)}"]


def _encoded(text: str) -> str:
    """JSON *text* as an expression whose text has the same value."""
    return f"jsonencode({hcl.value(json.loads(text))})"


def _name(target: Target) -> str:
    kind = {"lifecycle": "", "repository-policy": "", "template": ""}.get(target.kind, "registry")
    return re.sub("[^a-z0-9]+", "_", f"{kind}{target.name}".lower()).strip("_") or "document"


_OF_REGISTRY = ("replication", "policy", "scanning")

_RESOURCES: Mapping[str, Callable[[Target], tuple[str, list[str]]]] = {
    "replication": _replication,
    "policy": _policy,
    "scanning": _scanning,
    "template": _template,
    "lifecycle": _lifecycle,
    "repository-policy": _repository_policy,
}
"""What writes each kind of document: the resource's type and its arguments."""
