"""The registry policy in what people have of it: an answer of AWS, a statement, a resource of CloudFormation or
Terraform. What is recognised as something else is refused with its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.iam.template_values import TemplateValues, UnresolvedError, read_yaml

LONGEST = 4 * 1024 * 1024
"""Characters of a file; states of Terraform are larger than policies."""

_CLOUDFORMATION, _TERRAFORM = "AWS::ECR::RegistryPolicy", "aws_ecr_registry_policy"
_NEEDED = "needed is the registry policy of the destination (`aws ecr get-registry-policy`)"
_OTHERS = {
    "replicationConfiguration": "a replication configuration, which says what a source replicates",
    "scanningConfiguration": "a scanning configuration",
    "scanType": "a scanning configuration",
    "lifecyclePolicyText": "a lifecycle policy",
    "repositoryName": "the policy of one repository",
    "repositoryCreationTemplates": "a list of repository creation templates",
    "repositories": "a list of repositories",
    "signingConfiguration": "a signing configuration",
    "ReplicationConfiguration": "a replication configuration, which says what a source replicates",
}
"""Key at the top of a document → what the document is."""
_OTHER_TYPES = {
    "AWS::ECR::ReplicationConfiguration": "a replication configuration",
    "AWS::ECR::Repository": "a repository",
    "AWS::ECR::RepositoryCreationTemplate": "a repository creation template",
    "AWS::ECR::RegistryScanningConfiguration": "a scanning configuration",
    "aws_ecr_replication_configuration": "a replication configuration",
    "aws_ecr_registry_scanning_configuration": "a scanning configuration",
    "aws_ecr_repository_policy": "the policy of one repository",
    "aws_ecr_lifecycle_policy": "a lifecycle policy",
}


class NotARegistryPolicyError(ValueError):
    """A file in which no registry policy was found; the message is a sentence without full stop."""


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A registry policy, and where it was found."""

    text: str
    """The policy; empty: there is none."""
    read_as: str
    """What the file is, in words."""
    account: str = ""
    """Account of the registry, where the file names it."""
    region: str = ""
    """Region of the registry, where the file names it."""


def registry_policy_in(text: str, account: str, region: str, partition: str = "aws") -> PolicySource:
    """The policy of the registry of *account* in *region* in *text*. Raises NotARegistryPolicyError.

    Text that is a policy, valid or not, stays as it is: only the evaluation judges it.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise NotARegistryPolicyError(f"the file has {len(text):,} characters, more than {LONGEST:,}")
    if "(RegistryPolicyNotFoundException)" in text[:2_000]:
        return PolicySource("", "the answer of AWS that there is no registry policy")
    if f'resource "{_TERRAFORM}"' in text:
        raise NotARegistryPolicyError("the file is Terraform's source; give the output of `terraform show -json`")
    try:
        document = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        if text.startswith(("{", "[", '"')) or ":" not in text:
            return PolicySource(text, "a policy")
        try:
            document = read_yaml(text)
        except UnresolvedError as error:
            raise NotARegistryPolicyError(f"the file cannot be read: {error}") from error
        text = json.dumps(document, ensure_ascii=False)
    return _Reader(account, region, partition).read(document, text)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Finds the policy in one document."""

    account: str
    region: str
    partition: str

    def read(self, document: Any, text: str, depth: int = 3) -> PolicySource:
        if isinstance(document, str) and depth:
            try:
                inner = json.loads(document)
            except ValueError:
                return PolicySource(document, "a policy as JSON text")
            return self.read(inner, document, depth - 1)
        if isinstance(document, list) and document and all(_is_statement(one) for one in document):
            return PolicySource(_policy(document), "a list of statements")
        if not isinstance(document, Mapping) or not document or "Statement" in document:
            return PolicySource(text, "a policy")
        if _is_statement(document):
            return PolicySource(_policy([document]), "one statement")
        return self._wrapped(document, text)

    def _wrapped(self, document: Mapping[str, Any], text: str) -> PolicySource:
        if "Resources" in document or str(document.get("Type", "")).startswith("AWS::"):
            return self._cloudformation(document)
        if isinstance(document.get("type"), str) or {"values", "planned_values", "resources"} & document.keys():
            return self._terraform(document)
        for key, what in _OTHERS.items():
            if key in document:
                raise NotARegistryPolicyError(f"the file is {what}; {_NEEDED}")
        rules = document.get("rules")
        if isinstance(rules, list):
            keys = {key for rule in rules if isinstance(rule, Mapping) for key in rule}
            what = "a lifecycle policy" if "rulePriority" in keys else _OTHERS["replicationConfiguration"]
            raise NotARegistryPolicyError(f"the file is {what}; {_NEEDED}")
        for key in ("policyText", "PolicyText", "policy"):
            if isinstance(document.get(key), str | Mapping):
                owner = str(document.get("registryId", ""))
                return PolicySource(_text(document[key]), "the answer of get-registry-policy", owner)
        return PolicySource(text, "a policy")

    def _cloudformation(self, template: Mapping[str, Any]) -> PolicySource:
        resources = template.get("Resources")
        named = resources if isinstance(resources, Mapping) else {"the resource": template}
        typed = {name: one for name, one in named.items() if isinstance(one, Mapping)}
        found = {name: one for name, one in typed.items() if one.get("Type") == _CLOUDFORMATION}
        if not found:
            raise _nothing(_CLOUDFORMATION, [str(one.get("Type")) for one in typed.values()])
        if len(found) > 1:
            raise NotARegistryPolicyError(
                f"the template has {len(found)} resources {_CLOUDFORMATION}: {', '.join(found)}; give one of them alone"
            )
        ((name, resource),) = found.items()
        values = TemplateValues(template, self.account, self.region, self.partition)
        properties = resource.get("Properties")
        try:
            policy = values.resolve(properties.get("PolicyText") if isinstance(properties, Mapping) else None)
        except UnresolvedError as error:
            raise NotARegistryPolicyError(f"{name} cannot be evaluated: {error}") from error
        if not isinstance(policy, str | Mapping):
            raise NotARegistryPolicyError(f"{name} has no PolicyText")
        return PolicySource(_text(policy), f"CloudFormation's {_CLOUDFORMATION}")

    def _terraform(self, document: Mapping[str, Any]) -> PolicySource:
        every = [*_terraform_resources(document)]
        found = [one for one in every if one[0] == _TERRAFORM]
        here = [one for one in found if self._is_of_this_registry(one[2])]
        if not found:
            raise _nothing(_TERRAFORM, [kind for kind, *_ in every])
        if len(here) > 1 or (not here and len(found) > 1):
            raise NotARegistryPolicyError(
                f"the file has {len(found)} resources {_TERRAFORM}: {', '.join(sorted(name for _, name, _ in found))}; "
                "give one of them alone"
            )
        _, name, values = (here or found)[0]
        policy = values.get("policy")
        if not isinstance(policy, str | Mapping):
            raise NotARegistryPolicyError(f"the policy of {name} is known only after apply; show the state instead")
        owner, region = str(values.get("registry_id") or ""), str(values.get("region") or "")
        return PolicySource(_text(policy), f"Terraform's {_TERRAFORM}", owner, region)

    def _is_of_this_registry(self, values: Mapping[str, Any]) -> bool:
        place = (values.get("registry_id") or self.account, values.get("region") or self.region)
        return place == (self.account, self.region)


def _terraform_resources(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(type, name, attributes) of every resource in `terraform show -json`, a state file, or one resource of them."""
    waiting: list[Any] = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        if not isinstance(one, Mapping):
            continue
        if isinstance(one.get("type"), str):
            name = str(one.get("address") or f"{one['type']}.{one.get('name', '')}")
            instances = one.get("instances")
            held = [one.get("values", {})] if not isinstance(instances, list) else [
                each.get("attributes", {}) for each in instances if isinstance(each, Mapping)
            ]  # fmt: skip
            yield from ((one["type"], name, each) for each in held if isinstance(each, Mapping))
            continue
        # A plan repeats the present state as `prior_state`; only what will be counts.
        inner = one.get("planned_values") or one.get("values") or one.get("root_module") or one
        parts = ("root_module", "child_modules", "resources")
        waiting += [inner[key] for key in parts if isinstance(inner, Mapping) and key in inner]


def _nothing(wanted: str, kinds: list[str]) -> NotARegistryPolicyError:
    known = list(dict.fromkeys(f"{kind} ({_OTHER_TYPES[kind]})" for kind in kinds if kind in _OTHER_TYPES))
    has = f"; it has {', '.join(known[:3])}" if known else ""
    return NotARegistryPolicyError(f"the file has no resource {wanted}{has}; {_NEEDED}")


def _is_statement(document: Any) -> bool:
    return isinstance(document, Mapping) and "Effect" in document and "Statement" not in document


def _policy(statements: list[Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, ensure_ascii=False)


def _text(policy: str | Mapping[str, Any]) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy, ensure_ascii=False)
