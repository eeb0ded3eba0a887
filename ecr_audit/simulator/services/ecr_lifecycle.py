"""ECR, lifecycle policies and their preview. Source: ECR user guide, lifecycle_policy_parameters.html."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from ecr_audit.simulator.calls import Call, Operations, Result, not_modelled
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.services.ecr_registry import bad_parameter
from ecr_audit.simulator.state import Document, Image, Repository
from ecr_audit.simulator.wire.errors import AwsError

_COUNT_TYPES = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
_PREVIEWED = ("imageCountMoreThan", "sinceImagePushed")
"""Count types that the preview can decide: the simulated images are never pulled."""


def check_lifecycle(text: str) -> None:
    """Refuses what ECR refuses: no JSON, no rules, more than 50, repeated priorities, `any` not last, unknown words."""
    problem = next(_problems(text), None)
    if problem:
        raise bad_parameter("LifecyclePolicyText", f"Lifecycle policy validation failure: {problem}")


def _problems(text: str) -> Iterator[str]:
    try:
        document = json.loads(text)
    except ValueError:
        yield "not valid JSON"
        return
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or not 1 <= len(rules) <= 50:
        yield "`rules` must hold 1 to 50 rules"
        return
    for rule in rules:
        yield from _rule_problems(rule)
    priorities = [rule["rulePriority"] for rule in rules if isinstance(rule, dict) and "rulePriority" in rule]
    if len(set(priorities)) < len(priorities):
        yield "each rulePriority may be used once"
    yield from _order_problems(rules)


def _rule_problems(rule: Any) -> Iterator[str]:
    if (
        not isinstance(rule, dict)
        or not isinstance(rule.get("selection"), dict)
        or not isinstance(rule.get("action"), dict)
    ):
        yield "a rule needs rulePriority, selection and action"
        return
    selection = rule["selection"]
    if not isinstance(rule.get("rulePriority"), int):
        yield "rulePriority must be a number"
    if selection.get("tagStatus") not in ("any", "tagged", "untagged"):
        yield "tagStatus must be any, tagged or untagged"
    if selection.get("countType") not in _COUNT_TYPES:
        yield f"countType must be one of {', '.join(_COUNT_TYPES)}"
    if not isinstance(selection.get("countNumber"), int) or selection["countNumber"] < 1:
        yield "countNumber must be a positive number"
    if selection.get("tagStatus") == "tagged" and not (
        selection.get("tagPrefixList") or selection.get("tagPatternList")
    ):
        yield "tagStatus tagged needs tagPrefixList or tagPatternList"
    if rule["action"].get("type") not in ("expire", "transition"):
        yield "action type must be expire or transition"


def _order_problems(rules: list[Any]) -> Iterator[str]:
    ordered = sorted(
        (rule for rule in rules if isinstance(rule, dict) and isinstance(rule.get("rulePriority"), int)),
        key=lambda rule: rule["rulePriority"],
    )
    for rule in ordered[:-1]:
        if isinstance(rule.get("selection"), dict) and rule["selection"].get("tagStatus") == "any":
            yield "a rule with tagStatus any must have the highest rulePriority"


def _result(call: Call, repository: Repository, text: str) -> Result:
    return {"registryId": call.account, "repositoryName": repository.name, "lifecyclePolicyText": text}


def _get(call: Call) -> Result:
    _, repository = call.repository()
    return _result(call, repository, _existing(call, repository))


def _put(call: Call) -> Result:
    _, repository = call.repository()
    text = call.parameters["lifecyclePolicyText"]
    check_lifecycle(text)
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
    check_lifecycle(text)
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
