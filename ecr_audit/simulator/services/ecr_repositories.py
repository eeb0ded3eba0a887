"""ECR, repositories and their settings. Source: the service model, and the ECR user guide where named."""

from __future__ import annotations

from checks.baseline.values import is_tag_filter
from checks.policy_documents.validation import DocumentKind
from ecr_audit.simulator.calls import Call, Operations, Result, no_repository
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.services.ecr_registry import bad_parameter, check_document
from ecr_audit.simulator.state import Registry, Repository
from ecr_audit.simulator.wire.errors import AwsError


def _shown(registry: Registry, repository: Repository) -> Result:
    encryption = {"encryptionType": repository.encryption_type}
    if repository.kms_key:
        encryption["kmsKey"] = repository.kms_key
    row: Result = {
        "repositoryArn": registry.repository_arn(repository.name),
        "registryId": registry.account,
        "repositoryName": repository.name,
        "repositoryUri": f"{registry.account}.dkr.ecr.{registry.region}.amazonaws.com/{repository.name}",
        "createdAt": repository.created_at,
        "imageTagMutability": repository.tag_mutability,
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": encryption,
    }
    if repository.exclusions:
        row["imageTagMutabilityExclusionFilters"] = _filters(repository.exclusions)
    return row


def _filters(exclusions: list[str]) -> list[Result]:
    return [{"filterType": "WILDCARD", "filter": pattern} for pattern in exclusions]


def _describe(call: Call) -> Result:
    """By name, or page by page."""
    registry = call.registry()
    names = call.parameters.get("repositoryNames")
    if not names:
        chosen, following = page(call, list(registry.in_name_order()), size=100)
        return {"repositories": [_shown(registry, repository) for repository in chosen], "nextToken": following}
    for name in names:
        if name not in registry.repositories:
            raise no_repository(name, registry.account)
    return {"repositories": [_shown(registry, registry.repositories[name]) for name in names]}


def _create(call: Call) -> Result:
    registry, name = call.registry(), call.parameters["repositoryName"]
    if name in registry.repositories:
        message = f"The repository with name '{name}' already exists in the registry with id '{registry.account}'"
        raise AwsError("RepositoryAlreadyExistsException", message)
    encryption = call.parameters.get("encryptionConfiguration", {"encryptionType": "AES256"})
    repository = Repository(
        name=name,
        created_at=call.world.now(),
        encryption_type=encryption["encryptionType"],
        kms_key=_key(call, encryption),
        tags={tag["Key"]: tag["Value"] for tag in call.parameters.get("tags", [])},
        scan_on_push=bool(call.parameters.get("imageScanningConfiguration", {}).get("scanOnPush", False)),
    )
    _set_mutability(call, repository)
    registry.repositories[name] = repository
    return {"repository": _shown(registry, repository)}


def _key(call: Call, encryption: Result) -> str:
    """The key ARN: CreateRepository takes alias, id or ARN; the key must be in the repository's Region."""
    named = str(encryption.get("kmsKey", ""))
    if not named:
        return ""
    if encryption["encryptionType"] == "AES256":
        raise bad_parameter("encryptionConfiguration", "kmsKey is not allowed with encryptionType AES256")
    arn = named if named.startswith("arn:") else f"arn:{call.partition}:kms:{call.region}:{call.account}:key/{named}"
    key = call.world.keys.get(arn)
    if key is None or key.state != "Enabled" or arn.split(":")[3] != call.region:
        raise AwsError("KmsException", f"The key '{named}' does not exist in this Region, or is not enabled.")
    return arn


def requested_mutability(call: Call) -> tuple[str, list[str]]:
    """Mode and filters of a request: filters are required with, and only allowed with, the modes that have exclusions.

    A filter has at most two wildcards (the AWS provider of Terraform, image_tag_mutability_exclusion_filter).
    """
    mode = call.parameters.get("imageTagMutability", "MUTABLE")
    filters = [entry["filter"] for entry in call.parameters.get("imageTagMutabilityExclusionFilters", [])]
    if mode.endswith("_WITH_EXCLUSION") != bool(filters):
        problem = f"exclusion filters and imageTagMutability {mode} do not go together"
        raise bad_parameter("imageTagMutabilityExclusionFilters", problem)
    if not all(map(is_tag_filter, filters)):
        raise bad_parameter("imageTagMutabilityExclusionFilters", "a filter has more than two wildcards")
    return mode, filters


def _set_mutability(call: Call, repository: Repository) -> None:
    repository.tag_mutability, repository.exclusions = requested_mutability(call)


def _delete(call: Call) -> Result:
    registry, repository = call.repository()
    if repository.images and not call.parameters.get("force"):
        message = (
            f"The repository with name '{repository.name}' in registry with id '{registry.account}' "
            "cannot be deleted because it still contains images"
        )
        raise AwsError("RepositoryNotEmptyException", message)
    del registry.repositories[repository.name]
    return {"repository": _shown(registry, repository)}


def _put_tag_mutability(call: Call) -> Result:
    """Replaces mode and filters."""
    registry, repository = call.repository()
    _set_mutability(call, repository)
    result: Result = {
        "registryId": registry.account,
        "repositoryName": repository.name,
        "imageTagMutability": repository.tag_mutability,
    }
    if repository.exclusions:
        result["imageTagMutabilityExclusionFilters"] = _filters(repository.exclusions)
    return result


def _policy_result(registry: Registry, repository: Repository, text: str) -> Result:
    return {"registryId": registry.account, "repositoryName": repository.name, "policyText": text}


def _get_policy(call: Call) -> Result:
    registry, repository = call.repository()
    if not repository.policy:
        raise _no_policy(registry, repository)
    return _policy_result(registry, repository, repository.policy)


def _set_policy(call: Call) -> Result:
    registry, repository = call.repository()
    text = call.parameters["policyText"]
    check_document(DocumentKind.REPOSITORY, text)
    repository.policy = text
    return _policy_result(registry, repository, text)


def _delete_policy(call: Call) -> Result:
    registry, repository = call.repository()
    if not repository.policy:
        raise _no_policy(registry, repository)
    text, repository.policy = repository.policy, ""
    return _policy_result(registry, repository, text)


def _no_policy(registry: Registry, repository: Repository) -> AwsError:
    return AwsError(
        "RepositoryPolicyNotFoundException",
        f"Repository policy does not exist for the repository with name '{repository.name}' in the registry with id "
        f"'{registry.account}'",
    )


def _by_arn(call: Call) -> Repository:
    arn = call.parameters["resourceArn"]
    registry = call.registry()
    prefix = registry.repository_arn("")
    if not arn.startswith(prefix):
        raise bad_parameter("resourceArn", "Invalid ARN, or of another account or Region")
    name = arn.removeprefix(prefix)
    if name not in registry.repositories:
        raise no_repository(name, registry.account)
    return registry.repositories[name]


def _list_tags(call: Call) -> Result:
    tags = _by_arn(call).tags
    return {"tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def _tag(call: Call) -> Result:
    repository = _by_arn(call)
    merged = {**repository.tags, **{tag["Key"]: tag["Value"] for tag in call.parameters["tags"]}}
    if len(merged) > 50:
        raise AwsError("TooManyTagsException", "A repository holds at most 50 tags.")
    repository.tags = merged
    return {}


def _untag(call: Call) -> Result:
    repository = _by_arn(call)
    for key in call.parameters["tagKeys"]:
        repository.tags.pop(key, None)
    return {}


OPERATIONS: Operations = {
    "DescribeRepositories": _describe,
    "CreateRepository": _create,
    "DeleteRepository": _delete,
    "PutImageTagMutability": _put_tag_mutability,
    "GetRepositoryPolicy": _get_policy,
    "SetRepositoryPolicy": _set_policy,
    "DeleteRepositoryPolicy": _delete_policy,
    "ListTagsForResource": _list_tags,
    "TagResource": _tag,
    "UntagResource": _untag,
}
