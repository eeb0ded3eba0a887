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
from checks.remedies import queries
from checks.remedies.edits import Stage
from checks.remedies.outcome import CannotApplyError
from checks.remedies.registry_steps import text_step
from checks.remedies.repositories import Put
from checks.remedies.shell import Raw, file, in_work, line, quoted, visible
from checks.remedies.steps import Asked, Step, Words, adding, all_of, asking, changing

_MEDIA_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
"""What an image may be; ECR must not answer with another form of it, which would have another digest."""


def repository_step(put: Put, partition: str | None) -> Step:
    """The step that makes one write to a repository. CannotApplyError without the *partition* that its ARN needs."""
    match put.edit:
        case TagRepository() as edit:
            return _tags(edit, partition)
        case RetagImage() as edit:
            return _retag(edit, early=put.early)
        case SetTagMutability() as edit:
            return _mutability(edit)
        case PutLifecyclePolicy() as edit:
            return _lifecycle(edit)
        case PutRepositoryPolicy() as edit:
            return _policy(edit)
        case CreateRepository() as edit:
            return _create(edit)


def _described(repository: str) -> Words:
    # The form with an equals sign keeps a value that begins with a dash from being taken for an option.
    return ("aws", "ecr", "describe-repositories", f"--repository-names={repository}")


def _mutability(edit: SetTagMutability) -> Step:
    repository, seen = edit.repository, edit.seen
    mode, exclusions = edit.mutability, edit.exclusions
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


def _lifecycle(edit: PutLifecyclePolicy) -> Step:
    repository = edit.repository
    name = f"--repository-name={repository}"
    return text_step(
        stage=Stage.REPOSITORIES,
        order=1,
        title=f"Lifecycle policy of {repository}",
        what=f"The lifecycle policy of {repository}",
        name="lifecycle",
        seen=edit.seen,
        wanted=edit.policy,
        code="LifecyclePolicyNotFoundException",
        read=("aws", "ecr", "get-lifecycle-policy", name, "--query", "lifecyclePolicyText", "--output", "text"),
        write=("aws", "ecr", "put-lifecycle-policy", name, "--lifecycle-policy-text", in_work("lifecycle.json")),
    )


def _policy(edit: PutRepositoryPolicy) -> Step:
    repository = edit.repository
    name = f"--repository-name={repository}"
    return text_step(
        stage=Stage.REPOSITORIES,
        order=2,
        title=f"Repository policy of {repository}",
        what=f"The repository policy of {repository}",
        name="repository-policy",
        seen=edit.seen,
        wanted=edit.policy,
        code="RepositoryPolicyNotFoundException",
        read=("aws", "ecr", "get-repository-policy", name, "--query", "policyText", "--output", "text"),
        # Without --force, AWS refuses a policy that would lock the caller out.
        write=("aws", "ecr", "set-repository-policy", name, "--policy-text", in_work("repository-policy.json")),
    )


def _create(edit: CreateRepository) -> Step:
    repository = edit.repository
    request = {
        "repositoryName": repository,
        "imageTagMutability": edit.tag_mutability or "MUTABLE",
        **_filters(edit.exclusions),
        **({"encryptionConfiguration": edit.encryption} if edit.encryption else {}),
        "tags": [{"Key": key, "Value": value} for key, value in edit.tags.items()],
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


def _tags(edit: TagRepository, partition: str | None) -> Step:
    if not partition:
        raise CannotApplyError("the registry's partition is not known, so its repositories have no ARN to be tagged by")
    repository, tags = edit.repository, edit.tags
    arn = f"arn:{partition}:ecr:{edit.region}:{edit.account}:repository/{repository}"
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


def _retag(edit: RetagImage, *, early: bool) -> Step:
    """Push the manifest that is there once more, under the tag.

    Manifest, media type and digest go from one answer of AWS into one request as JSON: a shell variable would lose
    the line breaks at the end of a manifest, and with them its digest. PutImage refuses a manifest that does not have
    the digest it is sent with (ECR API reference).
    """
    repository, digest, tag = edit.repository, edit.digest, edit.tag
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
        what=f"The tag {tag} of {repository}, or the image that it shall name,",
        files=(
            file("image.json", json.dumps(image, indent=2), "JSON"),
            file("tagged.json", json.dumps(named, indent=2), "JSON"),
            file("push", queries.push_of(tag), "QUERY"),
            file("tag-seen", edit.seen, "TEXT"),
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
