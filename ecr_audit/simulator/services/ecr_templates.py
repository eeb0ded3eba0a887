"""ECR, repository creation templates. Source: ECR user guide, repository-creation-templates.html."""

from __future__ import annotations

import json

from checks.policy_documents.validation import DocumentKind
from ecr_audit.simulator.calls import Call, Operations, Result
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.services.ecr_registry import check_document
from ecr_audit.simulator.services.ecr_repositories import requested_mutability
from ecr_audit.simulator.state import Document, Registry
from ecr_audit.simulator.wire.errors import AwsError

_FIELDS = (
    "description", "encryptionConfiguration", "resourceTags", "imageTagMutability",
    "imageTagMutabilityExclusionFilters", "repositoryPolicy", "lifecyclePolicy", "appliedFor", "customRoleArn",
)  # fmt: skip

_DOCUMENTS = {"repositoryPolicy": DocumentKind.REPOSITORY, "lifecyclePolicy": DocumentKind.LIFECYCLE}


def _prefix(call: Call) -> str:
    """The prefix without the trailing `/` that ECR implies."""
    return str(call.parameters["prefix"]).rstrip("/")


def _shown(template: Document) -> Document:
    return {name: value for name, value in template.items() if value not in ("", None)}


def _describe(call: Call) -> Result:
    registry = call.registry()
    wanted = {prefix.rstrip("/") for prefix in call.parameters.get("prefixes", [])}
    rows = [
        _shown(registry.templates[prefix]) for prefix in sorted(registry.templates) if not wanted or prefix in wanted
    ]
    chosen, following = page(call, rows, size=100)
    return {"registryId": registry.account, "repositoryCreationTemplates": chosen, "nextToken": following}


def _given(call: Call) -> Document:
    """The fields of the request; documents and mutability by the rules of the puts. An empty text is none."""
    requested_mutability(call)
    given: Document = json.loads(
        json.dumps({name: call.parameters[name] for name in _FIELDS if name in call.parameters})
    )
    for name, kind in _DOCUMENTS.items():
        if given.get(name):
            check_document(kind, given[name], name)
    return given


def _create(call: Call) -> Result:
    registry, prefix, now = call.registry(), _prefix(call), call.world.now()
    if prefix in registry.templates:
        raise AwsError("TemplateAlreadyExistsException", f"The template with prefix '{prefix}' already exists.")
    template = {
        "prefix": prefix,
        "imageTagMutability": "MUTABLE",
        "encryptionConfiguration": {"encryptionType": "AES256"},
        **_given(call),
        "createdAt": now,
        "updatedAt": now,
    }
    registry.templates[prefix] = template
    return {"registryId": registry.account, "repositoryCreationTemplate": _shown(template)}


def _update(call: Call) -> Result:
    """Keeps what is left out, but an omitted mutability means MUTABLE (service model of the operation)."""
    registry, prefix = call.registry(), _prefix(call)
    before = _existing(registry, prefix)
    given = _given(call)
    template = {**before, "imageTagMutability": "MUTABLE", **given, "updatedAt": call.world.now()}
    if "imageTagMutabilityExclusionFilters" not in given:
        template.pop("imageTagMutabilityExclusionFilters", None)
    registry.templates[prefix] = template
    return {"registryId": registry.account, "repositoryCreationTemplate": _shown(template)}


def _delete(call: Call) -> Result:
    registry, prefix = call.registry(), _prefix(call)
    template = _existing(registry, prefix)
    del registry.templates[prefix]
    return {"registryId": registry.account, "repositoryCreationTemplate": _shown(template)}


def _existing(registry: Registry, prefix: str) -> Document:
    if prefix not in registry.templates:
        raise AwsError("TemplateNotFoundException", f"The template with prefix '{prefix}' does not exist.")
    return registry.templates[prefix]


OPERATIONS: Operations = {
    "DescribeRepositoryCreationTemplates": _describe,
    "CreateRepositoryCreationTemplate": _create,
    "UpdateRepositoryCreationTemplate": _update,
    "DeleteRepositoryCreationTemplate": _delete,
}
