"""Steps that change one repository. They do not depend on one another."""

from __future__ import annotations

import json
from typing import Any

from checks.changes import (
    CreateRepository,
    PutLifecyclePolicy,
    PutRepositoryPolicy,
    RetagImage,
    SetTagMutability,
    TagRepository,
)
from checks.remediation import queries
from checks.remediation.changes import Stage
from checks.remediation.merge_result import CannotApplyError
from checks.remediation.registry_steps import text_step
from checks.remediation.repositories import Put
from checks.remediation.shell import Raw, file, in_work, line, quoted, visible
from checks.remediation.steps import Asked, Step, Words, adding, all_of, asking, changing

_MEDIA_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
"""Media types of images; ECR must not return a manifest in another one, which would have another digest."""


def repository_step(put: Put, partition: str | None) -> Step:
    """The step that makes one write to a repository. CannotApplyError without the *partition* that its ARN needs."""
    match put.change:
        case TagRepository() as change:
            return _tags(change, partition)
        case RetagImage() as change:
            return _retag(change, early=put.early)
        case SetTagMutability() as change:
            return _mutability(change)
        case PutLifecyclePolicy() as change:
            return _lifecycle(change)
        case PutRepositoryPolicy() as change:
            return _policy(change)
        case CreateRepository() as change:
            return _create(change)


def _described(repository: str) -> Words:
    # The form with an equals sign prevents a value that begins with a dash from being parsed as an option.
    return ("aws", "ecr", "describe-repositories", f"--repository-names={repository}")


def _mutability(change: SetTagMutability) -> Step:
    repository, seen = change.repository, change.seen
    mode, exclusions = change.mutability, change.exclusions
    request = {"repositoryName": repository, "imageTagMutability": mode, **_filters(exclusions)}
    return changing(
        stage=Stage.REPOSITORIES,
        order=0,
        title=f"Tag mutability of {repository}: {mode}",
        what=f"The tag mutability of {repository}",
        files=(file("mutability.json", json.dumps(request, indent=2), "JSON"),),
        wanted=asking("mutability-wanted", queries.mutability_is(mode, exclusions), _described(repository)),
        before=asking("mutability-seen", queries.mutability_was(seen, mode, exclusions), _described(repository)),
        write=("aws", "ecr", "put-image-tag-mutability", "--cli-input-json", in_work("mutability.json")),
    )


def _lifecycle(change: PutLifecyclePolicy) -> Step:
    repository = change.repository
    name = f"--repository-name={repository}"
    return text_step(
        stage=Stage.REPOSITORIES,
        order=1,
        title=f"Lifecycle policy of {repository}",
        what=f"The lifecycle policy of {repository}",
        name="lifecycle",
        seen=change.seen,
        wanted=change.policy,
        code="LifecyclePolicyNotFoundException",
        read=("aws", "ecr", "get-lifecycle-policy", name, "--query", "lifecyclePolicyText", "--output", "text"),
        write=("aws", "ecr", "put-lifecycle-policy", name, "--lifecycle-policy-text", in_work("lifecycle.json")),
    )


def _policy(change: PutRepositoryPolicy) -> Step:
    repository = change.repository
    name = f"--repository-name={repository}"
    return text_step(
        stage=Stage.REPOSITORIES,
        order=2,
        title=f"Repository policy of {repository}",
        what=f"The repository policy of {repository}",
        name="repository-policy",
        seen=change.seen,
        wanted=change.policy,
        code="RepositoryPolicyNotFoundException",
        read=("aws", "ecr", "get-repository-policy", name, "--query", "policyText", "--output", "text"),
        # Without --force, AWS rejects a policy that would lock the caller out.
        write=("aws", "ecr", "set-repository-policy", name, "--policy-text", in_work("repository-policy.json")),
    )


def _create(change: CreateRepository) -> Step:
    repository = change.repository
    request = {
        "repositoryName": repository,
        "imageTagMutability": change.tag_mutability or "MUTABLE",
        **_filters(change.exclusions),
        **({"encryptionConfiguration": change.encryption} if change.encryption else {}),
        "tags": [{"Key": key, "Value": value} for key, value in change.tags.items()],
    }
    read = (*_described(repository), "--query", "repositories[0].repositoryName", "--output", "text")
    test = line("exists", "RepositoryNotFoundException", *read)
    return adding(
        stage=Stage.GRANTS,
        order=3,
        title=f"Repository {repository}",
        files=(file("repository.json", json.dumps(request, indent=2), "JSON"),),
        wanted=Asked((), test, (test,), frozenset({"exists"})),
        write=("aws", "ecr", "create-repository", "--cli-input-json", in_work("repository.json")),
    )


def _tags(change: TagRepository, partition: str | None) -> Step:
    if not partition:
        raise CannotApplyError("the registry's partition is not known, so the ARN of the repository is not known")
    repository, tags = change.repository, change.tags
    arn = f"arn:{partition}:ecr:{change.region}:{change.account}:repository/{repository}"
    request = {"resourceArn": arn, "tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}
    return adding(
        stage=Stage.REPOSITORIES,
        order=3,
        title=f"Resource tags of {repository}: {', '.join(sorted(tags))}",
        files=(file("tags.json", json.dumps(request, indent=2), "JSON"),),
        wanted=asking(
            "tags-wanted", queries.tagged(tags), ("aws", "ecr", "list-tags-for-resource", "--resource-arn", arn)
        ),
        write=("aws", "ecr", "tag-resource", "--cli-input-json", in_work("tags.json")),
    )


def _retag(change: RetagImage, *, early: bool) -> Step:
    """Push the existing manifest again, under the tag.

    Manifest, media type and digest go from one AWS response into one request as JSON: a shell variable would lose
    the line breaks at the end of a manifest, and with them its digest. PutImage rejects a manifest that does not have
    the digest it is sent with (ECR API reference).
    """
    repository, digest, tag = change.repository, change.digest, change.tag
    image = {"repositoryName": repository, "imageIds": [{"imageDigest": digest}], "acceptedMediaTypes": _MEDIA_TYPES}
    named = {"repositoryName": repository, "imageIds": [{"imageTag": tag}]}
    read: Words = ("aws", "ecr", "batch-get-image", "--cli-input-json", in_work("image.json"))
    tagged: Words = ("aws", "ecr", "describe-images", "--cli-input-json", in_work("tagged.json"))
    now = ("ImageNotFoundException", *tagged, "--query", "imageDetails[0].imageDigest", "--output", "text")
    fetched = line(*read, "--output", "json", "--query", Raw('"$(cat "$work/push")"'))
    there = asking("image-there", queries.image_is(digest), read)
    uses = frozenset({"fetch", "same", "alike", "document"})
    same = all_of(Asked((), "same tag-seen", (), uses), there)
    return changing(
        stage=Stage.REPOSITORIES,
        order=-1 if early else 4,
        title=f"Tag {tag} of {repository} on {digest}",
        what=f"The tag {tag} of {repository}, or the image that it should name,",
        files=(
            file("image.json", json.dumps(image, indent=2), "JSON"),
            file("tagged.json", json.dumps(named, indent=2), "JSON"),
            file("push", queries.push_of(tag), "QUERY"),
            file("tag-seen", change.seen, "TEXT"),
            file("tag-wanted", digest, "TEXT"),
        ),
        prepare=(
            f'{fetched} > "$work/push.json" || fail 1 {quoted(visible(f"Could not read the image {digest}."))}',
            line("fetch", *now),
        ),
        before=same,
        wanted=Asked((), "same tag-wanted", (line("reads_alike", "tag-wanted", *now),), uses),
        write=("aws", "ecr", "put-image", "--cli-input-json", in_work("push.json")),
    )


def _filters(exclusions: Any) -> dict[str, Any]:
    filters = [{"filterType": "WILDCARD", "filter": text} for text in exclusions]
    return {"imageTagMutabilityExclusionFilters": filters} if filters else {}
