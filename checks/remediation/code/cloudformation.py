"""CloudFormation. Source: the resource schemas of AWS::ECR::*, November 2026.

`AWS::ECR::ReplicationConfiguration` has no deleteReplication. Lifecycle and repository policies are properties of
`AWS::ECR::Repository` only, so they cannot be declared for a repository that replication created.

An import takes a resource over as it is and writes nothing, and an update writes only where the template changed. So
there are two templates: the documents as audited, to be imported, and their target state.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from checks.remediation.code.result import (
    NO_DOCUMENT,
    CannotExpressError,
    Code,
    LeftOut,
    free_name,
    less_deletions,
    refuse_deletions,
    refuse_unknown,
    words,
)
from checks.remediation.merging import Target
from checks.remediation.planner import RegistryTargets
from checks.remediation.replication_rules import Rule
from checks.remediation.shell import guard, line, preamble
from checks.remediation.templates import FIELDS

_TOOL = "CloudFormation"
_DELETIONS = (
    "CloudFormation does not support deleteReplication: whenever it writes the rules it switches deleteReplication off "
    "without a warning, also where it was switched on outside the stack."
)
_ROLE = re.compile(r"arn:aws[-a-z0-9]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_-]*")
"""CustomRoleArn of the schema, which does not allow a path."""

Properties = dict[str, Any]


def cloudformation(registry: RegistryTargets) -> Code:
    """The documents of one registry as a template, and as another one to import what exists."""
    wanted: dict[str, Any] = {}
    seen: dict[str, Any] = {}
    imported: list[dict[str, Any]] = []
    declared: list[str] = []
    left_out: list[LeftOut] = [LeftOut(title, NO_DOCUMENT) for title in registry.others]
    for target in registry.targets:
        try:
            kind, before, after = _resource(target)
        except CannotExpressError as reason:
            left_out.append(LeftOut(words(target), str(reason)))
            continue
        name = free_name(_name(target), wanted)
        wanted[name] = _declared(kind, after)
        declared.append(words(target))
        if before is not None:
            seen[name] = _declared(kind, before)
            known = {"Prefix": target.name} if target.kind == "template" else {"RegistryId": registry.account}
            imported.append({"ResourceType": kind, "LogicalResourceId": name, "ResourceIdentifier": known})
    stem = f"{registry.account}-{registry.region}"
    sends = any(target.kind == "replication" and words(target) in declared for target in registry.targets)
    warnings = [_DELETIONS] if sends else []
    files = {f"{stem}.json": _template(registry, wanted, warnings, left_out)} if wanted else {}
    if imported:
        files[f"{stem}.import.json"] = _template(registry, seen, warnings, left_out)
        files[f"{stem}.resources.json"] = json.dumps(imported, indent=2) + "\n"
    if wanted:
        files[f"{stem}.sh"] = _script(registry, stem, imported=bool(imported))
    commands = (f"bash {stem}.sh",)
    return Code(registry.account, registry.region, files, tuple(declared), tuple(left_out), commands, sends)


def _script(registry: RegistryTargets, stem: str, *, imported: bool) -> str:
    """A script that imports existing resources, unless the stack already exists, and then deploys the template."""
    stack = f"ecr-registry-{registry.region}"
    aws, of_stack = ("aws", "cloudformation"), ("--stack-name", stack)
    change = (*of_stack, "--change-set-name", "import")
    template, resources = f"file://{stem}.import.json", f"file://{stem}.resources.json"
    taking_over = (
        f"if ! {line(*aws, 'describe-stacks', *of_stack)} > /dev/null 2>&1; then",
        f"  {line(*aws, 'create-change-set', *change, '--change-set-type', 'IMPORT')} \\",
        f"    {line('--template-body', template, '--resources-to-import', resources)}",
        f"  {line(*aws, 'wait', 'change-set-create-complete', *change)}",
        f"  {line(*aws, 'execute-change-set', *change)}",
        f"  {line(*aws, 'wait', 'stack-import-complete', *of_stack)}",
        "fi",
    )
    title = (
        f"{stem}.sh: imports the documents of account {registry.account}, {registry.region}, into the stack {stack}",
        "as they are, then updates them to their target state. Review the templates first. If another stack already",
        "declares a document, change it there instead.",
    )
    return "\n".join(
        (
            preamble(title, ()),
            guard(registry.account, registry.region),
            'cd "$(dirname "$0")"',
            *(taking_over if imported else ()),
            line(*aws, "deploy", *of_stack, "--template-file", f"{stem}.json"),
            "",
        )
    )


def _template(
    registry: RegistryTargets, resources: Mapping[str, Any], warnings: list[str], left_out: list[LeftOut]
) -> str:
    loud = "".join(f" WARNING: {text}" for text in warnings)
    also = f" LEFT OUT, see Metadata: {len(left_out)}." if left_out else ""
    document = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"ECR registry {registry.account} in {registry.region}.{loud}{also}",
        "Metadata": {
            "EcrAudit": {
                "Account": registry.account,
                "Region": registry.region,
                "Warnings": warnings,
                "LeftOut": [f"{one.what}: {one.why}" for one in left_out],
            }
        },
        "Resources": dict(resources),
    }
    # Not in ASCII: YAML readers do not know JSON's escapes of characters beyond U+FFFF.
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _declared(kind: str, properties: Properties) -> dict[str, Any]:
    texts = json.dumps(properties)
    if "{{resolve:" in texts:
        raise CannotExpressError(f"it contains {{{{resolve:, which {_TOOL} would replace")
    # A policy variable such as ${aws:username} is literal, not a placeholder of the template.
    metadata = {"Metadata": {"cfn-lint": {"config": {"ignore_checks": ["E1029"]}}}} if "${" in texts else {}
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {"Type": kind, **kept, **metadata, "Properties": properties}


def _resource(target: Target) -> tuple[str, Properties | None, Properties]:
    """Type, properties as seen (None: there is nothing to import) and properties as wanted."""
    if target.kind not in _RESOURCES:
        raise CannotExpressError(
            f"{_TOOL} supports it only as a property of AWS::ECR::Repository, which the stack would have to own: "
            "add it to the template that owns the repository, or run the script"
        )
    if target.kind == "replication":
        refuse_deletions(target, _TOOL)
    kind, properties = _RESOURCES[target.kind]
    after = properties(target)
    _declared(kind, after)
    if not target.seen:
        return kind, None, after
    # An import writes nothing, so its template need not express deleteReplication.
    before = properties(
        replace(target, wanted=less_deletions(target.seen) if target.kind == "replication" else target.seen)
    )
    _declared(kind, before)
    return kind, before, after


def _replication(target: Target) -> Properties:
    return {"ReplicationConfiguration": {"Rules": [_rule(rule) for rule in target.wanted]}}


def _rule(rule: Rule) -> Properties:
    refuse_unknown(rule, ("destinations", "repositoryFilters", "deleteReplication"), "a rule", _TOOL)
    if not rule["destinations"]:
        raise CannotExpressError(f"a rule has no destinations, and {_TOOL} needs at least one")
    filters = [
        {"Filter": one["filter"], "FilterType": one["filterType"]} for one in rule.get("repositoryFilters") or ()
    ]
    destinations = [{"Region": one["region"], "RegistryId": one["registryId"]} for one in rule["destinations"]]
    return {"Destinations": destinations, **({"RepositoryFilters": filters} if filters else {})}


def _policy(target: Target) -> Properties:
    return {"PolicyText": json.loads(target.wanted)}


def _scanning(target: Target) -> Properties:
    if any(rule["scanFrequency"] == "MANUAL" for rule in target.wanted["rules"]):
        raise CannotExpressError(f"a rule has the frequency MANUAL, which {_TOOL} does not support")
    rules = [
        {
            "ScanFrequency": rule["scanFrequency"],
            "RepositoryFilters": [
                {"Filter": one["filter"], "FilterType": one["filterType"]} for one in rule["repositoryFilters"]
            ],
        }
        for rule in target.wanted["rules"]
    ]
    return {"ScanType": target.wanted["scanType"], "Rules": rules}


def _creation_template(target: Target) -> Properties:
    wanted = target.wanted
    refuse_unknown(wanted, FIELDS, "the template", _TOOL)
    if wanted.get("customRoleArn") and not _ROLE.fullmatch(wanted["customRoleArn"]):
        raise CannotExpressError(
            f"its role {wanted['customRoleArn']} has a path, which {_TOOL}'s schema does not allow"
        )
    if wanted.get("lifecyclePolicy") and len(wanted["lifecyclePolicy"]) < 100:
        raise CannotExpressError(f"its lifecycle policy is shorter than the 100 characters that {_TOOL} requires")
    properties = {
        name: wanted[field]
        for name, field in (
            ("Prefix", "prefix"),
            ("Description", "description"),
            ("AppliedFor", "appliedFor"),
            ("CustomRoleArn", "customRoleArn"),
            ("LifecyclePolicy", "lifecyclePolicy"),
            ("RepositoryPolicy", "repositoryPolicy"),
        )
        if wanted.get(field)
    }
    properties["ImageTagMutability"] = wanted.get("imageTagMutability", "MUTABLE")
    if exclusions := wanted.get("imageTagMutabilityExclusionFilters"):
        properties["ImageTagMutabilityExclusionFilters"] = [
            {
                "ImageTagMutabilityExclusionFilterType": one["filterType"],
                "ImageTagMutabilityExclusionFilterValue": one["filter"],
            }
            for one in exclusions
        ]
    if encryption := wanted.get("encryptionConfiguration"):
        refuse_unknown(encryption, ("encryptionType", "kmsKey"), "the encryption", _TOOL)
        key = {"KmsKey": encryption["kmsKey"]} if encryption.get("kmsKey") else {}
        properties["EncryptionConfiguration"] = {"EncryptionType": encryption["encryptionType"], **key}
    if tags := wanted.get("resourceTags"):
        properties["ResourceTags"] = [{"Key": tag["Key"], "Value": tag.get("Value", "")} for tag in tags]
    return properties


def _name(target: Target) -> str:
    """A logical id: letters and digits only."""
    kind = {"replication": "Replication", "policy": "RegistryPolicy", "scanning": "Scanning", "template": "Template"}
    parts = re.sub("[^A-Za-z0-9]+", " ", target.name).title().replace(" ", "")
    return f"{kind[target.kind]}{parts}"


_RESOURCES: Mapping[str, tuple[str, Callable[[Target], Properties]]] = {
    "replication": ("AWS::ECR::ReplicationConfiguration", _replication),
    "policy": ("AWS::ECR::RegistryPolicy", _policy),
    "scanning": ("AWS::ECR::RegistryScanningConfiguration", _scanning),
    "template": ("AWS::ECR::RepositoryCreationTemplate", _creation_template),
}
"""Type and writer of each kind of document that the schemas know."""
