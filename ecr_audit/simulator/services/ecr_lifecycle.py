"""ECR, lifecycle policies and their preview. Source: ECR user guide, lifecycle_policy_parameters.html."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator

from checks.policy_documents.validation import DocumentKind
from ecr_audit.simulator.calls import Call, Operations, Result, not_modelled
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.services.ecr_registry import check_document
from ecr_audit.simulator.state import Document, Image, Repository
from ecr_audit.simulator.wire.errors import AwsError

_PREVIEWED = ("imageCountMoreThan", "sinceImagePushed")
"""Count types that the preview can decide: the simulated images are never pulled."""


def _result(call: Call, repository: Repository, text: str) -> Result:
    return {"registryId": call.account, "repositoryName": repository.name, "lifecyclePolicyText": text}


def _get(call: Call) -> Result:
    _, repository = call.repository()
    return _result(call, repository, _existing(call, repository))


def _put(call: Call) -> Result:
    _, repository = call.repository()
    text = call.parameters["lifecyclePolicyText"]
    check_document(DocumentKind.LIFECYCLE, text, "LifecyclePolicyText")
    repository.lifecycle = text
    return _result(call, repository, text)


def _delete(call: Call) -> Result:
    _, repository = call.repository()
    text = _existing(call, repository)
    repository.lifecycle = ""
    return _result(call, repository, text)


def _existing(call: Call, repository: Repository) -> str:
    if not repository.lifecycle:
        raise AwsError(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{repository.name}' in the registry with id "
            f"'{call.account}'",
        )
    return repository.lifecycle


def _start_preview(call: Call) -> Result:
    _, repository = call.repository()
    text = call.parameters.get("lifecyclePolicyText") or _existing(call, repository)
    check_document(DocumentKind.LIFECYCLE, text, "LifecyclePolicyText")
    repository.preview = text
    return {**_result(call, repository, text), "status": "IN_PROGRESS"}


def _get_preview(call: Call) -> Result:
    _, repository = call.repository()
    if not repository.preview:
        raise AwsError("LifecyclePolicyPreviewNotFoundException", "There is no preview for this repository.")
    rows = list(_expiring(call, repository, json.loads(repository.preview)["rules"]))
    chosen, following = page(call, rows, size=100)
    return {
        **_result(call, repository, repository.preview),
        "status": "COMPLETE",
        "previewResults": chosen,
        "nextToken": following,
        "summary": {"expiringImageTotalCount": len(rows)},
    }


def _expiring(call: Call, repository: Repository, rules: list[Document]) -> Iterator[Result]:
    """Rules by priority; an image belongs to the first rule that selects it."""
    left = [image for image in repository.images.values() if image.status == "ACTIVE"]
    for rule in sorted(rules, key=lambda rule: int(rule["rulePriority"])):
        selection = rule["selection"]
        if rule["action"]["type"] != "expire" or selection["countType"] not in _PREVIEWED:
            raise not_modelled(call, "a preview of transitions, pulls and archived images")
        matching = sorted((image for image in left if _selects(selection, image)), key=lambda image: -image.pushed_at)
        left = [image for image in left if image not in matching]
        for position, image in enumerate(matching):
            if _is_due(call, selection, position, image):
                yield {
                    "imageTags": image.tags,
                    "imageDigest": image.digest,
                    "imagePushedAt": image.pushed_at,
                    "action": {"type": "EXPIRE"},
                    "appliedRulePriority": rule["rulePriority"],
                }


def _selects(selection: Document, image: Image) -> bool:
    status = selection["tagStatus"]
    if status != "tagged":
        return status == "any" or not image.tags
    # "only the images with all specified tags are selected" (lifecycle_policy_parameters.html): each needs one tag.
    patterns = [f"{prefix}*" for prefix in selection.get("tagPrefixList", [])] + selection.get("tagPatternList", [])
    return all(any(fnmatch.fnmatchcase(tag, pattern) for tag in image.tags) for pattern in patterns)


def _is_due(call: Call, selection: Document, position: int, image: Image) -> bool:
    if selection["countType"] == "imageCountMoreThan":
        return position >= int(selection["countNumber"])
    return call.world.now() - image.pushed_at > int(selection["countNumber"]) * 86_400


OPERATIONS: Operations = {
    "GetLifecyclePolicy": _get,
    "PutLifecyclePolicy": _put,
    "DeleteLifecyclePolicy": _delete,
    "StartLifecyclePolicyPreview": _start_preview,
    "GetLifecyclePolicyPreview": _get_preview,
}
