"""ECR, images. Source: the service model; ECR user guide, replication.html for what a push sets off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecr_audit.simulator import replication
from ecr_audit.simulator.calls import Call, Operations, Result, not_modelled
from ecr_audit.simulator.manifests import read_manifest
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.services.ecr_registry import bad_parameter
from ecr_audit.simulator.state import Image, Repository, sha256
from ecr_audit.simulator.wire.errors import AwsError

_ImageId = dict[str, str]


def _find(repository: Repository, image_id: _ImageId) -> Image | None:
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    image = repository.images.get(digest) if digest else repository.tagged(tag or "")
    return image if image is None or not tag or tag in image.tags else None


def _wanted(call: Call, repository: Repository) -> Image:
    image_id = call.parameters["imageId"]
    if not image_id.get("imageDigest") and not image_id.get("imageTag"):
        raise bad_parameter("imageId", "imageDigest and imageTag must not both be null")
    image = _find(repository, image_id)
    if image is None:
        raise _not_found(call, repository, image_id)
    return image


def _not_found(call: Call, repository: Repository, image_id: _ImageId) -> AwsError:
    spelled = ", ".join(f"{name}:'{image_id.get(name, 'null')}'" for name in ("imageDigest", "imageTag"))
    return AwsError(
        "ImageNotFoundException",
        f"The image with imageId {{{spelled}}} does not exist within the repository with name '{repository.name}' in "
        f"the registry with id '{call.account}'",
    )


def _filtered(call: Call, repository: Repository) -> Iterator[Image]:
    """Only ACTIVE images unless the filter says otherwise (service model, `imageStatus`)."""
    chosen = call.parameters.get("filter", {})
    status, tag_status = chosen.get("imageStatus", "ACTIVE"), chosen.get("tagStatus", "ANY")
    for digest in sorted(repository.images):
        image = repository.images[digest]
        if status not in ("ANY", image.status):
            continue
        if tag_status != "ANY" and (tag_status == "TAGGED") != bool(image.tags):
            continue
        yield image


def _detail(call: Call, repository: Repository, image: Image) -> Result:
    detail: Result = {
        "registryId": call.account,
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.pushed_at,
        "imageManifestMediaType": image.media_type,
        "imageStatus": image.status,
    }
    if image.tags:
        detail["imageTags"] = sorted(image.tags)
    if image.artifact_type:
        detail["artifactMediaType"] = image.artifact_type
    if image.subject:
        detail["subjectManifestDigest"] = image.subject
    return detail


def _describe(call: Call) -> Result:
    _, repository = call.repository()
    named = call.parameters.get("imageIds")
    if named:
        found = []
        for image_id in named:
            image = _find(repository, image_id)
            if image is None:
                raise _not_found(call, repository, image_id)
            found.append(_detail(call, repository, image))
        return {"imageDetails": found}
    chosen, following = page(call, list(_filtered(call, repository)), size=100)
    return {"imageDetails": [_detail(call, repository, image) for image in chosen], "nextToken": following}


def _list(call: Call) -> Result:
    """One entry for each tag, and one for each image without tags."""
    _, repository = call.repository()
    ids: list[_ImageId] = []
    for image in _filtered(call, repository):
        tags: list[str] = sorted(image.tags)
        ids += [{"imageDigest": image.digest, "imageTag": tag} for tag in tags] or [{"imageDigest": image.digest}]
    chosen, following = page(call, ids, size=100)
    return {"imageIds": chosen, "nextToken": following}


def _batch_get(call: Call) -> Result:
    _, repository = call.repository()
    images, failures = [], []
    for image_id in call.parameters["imageIds"]:
        image = _find(repository, image_id)
        if image is None:
            failures.append(_failure(image_id, "ImageNotFound", "Requested image not found"))
        elif image.manifest is None:
            failures.append(_failure(image_id, "ImageInaccessible", "The world gives a digest and no manifest"))
        else:
            images.append(_full(call, repository, image, image_id.get("imageTag")))
    return {"images": images, "failures": failures}


def _full(call: Call, repository: Repository, image: Image, tag: str | None) -> Result:
    shown = tag or (sorted(image.tags)[0] if image.tags else None)
    return {
        "registryId": call.account,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest, **({"imageTag": shown} if shown else {})},
        "imageManifest": image.manifest,
        "imageManifestMediaType": image.media_type,
    }


def _failure(image_id: _ImageId, code: str, reason: str) -> Result:
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}


def _put(call: Call) -> Result:
    """A push: the digest is the manifest's, and the rules of this registry replicate it. Layers are not modelled."""
    registry, repository = call.repository()
    text, tag = call.parameters["imageManifest"], call.parameters.get("imageTag")
    digest, stated = sha256(text), call.parameters.get("imageDigest")
    if stated and stated != digest:
        raise AwsError(
            "ImageDigestDoesNotMatchException", f"The digest {stated} does not match the manifest's, {digest}."
        )
    facts = read_manifest(text)
    if facts is None:
        raise bad_parameter("imageManifest", "Invalid JSON syntax")
    missing = [child for child in facts.children if child not in repository.images]
    if missing:
        raise AwsError("ReferencedImagesNotFoundException", f"The manifest list refers to missing images: {missing}")
    image = repository.images.get(digest)
    if image is not None and (tag is None or tag in image.tags):
        raise AwsError(
            "ImageAlreadyExistsException",
            f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with name "
            f"'{repository.name}' in registry with id '{registry.account}'",
        )
    _refuse_taken_tag(call, repository, digest, tag)
    if image is None:
        image = Image(
            digest=digest,
            manifest=text,
            media_type=call.parameters.get("imageManifestMediaType") or facts.media_type,
            tags=[],
            pushed_at=call.world.now(),
            subject=facts.subject,
            artifact_type=facts.artifact_type,
            size=facts.size,
        )
        repository.images[digest] = image
    if tag:
        replication.move_tag(repository, image, tag)
    replication.push(call.world, registry, repository, image, [tag] if tag else [])
    return {"image": _full(call, repository, image, tag)}


def _refuse_taken_tag(call: Call, repository: Repository, digest: str, tag: str | None) -> None:
    holder = repository.tagged(tag) if tag else None
    if holder is not None and holder.digest != digest and replication.is_immutable(repository, tag or ""):
        raise AwsError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
            f"because the tag is immutable.",
        )


def _batch_delete(call: Call) -> Result:
    """By tag: the tag, and the image with its last tag. By digest: the image. Replicated where the rule says so."""
    registry, repository = call.repository()
    done, failures = [], []
    for image_id in call.parameters["imageIds"]:
        image = _find(repository, image_id)
        if image is None:
            failures.append(_failure(image_id, "ImageNotFound", "Requested image not found"))
            continue
        tag = "" if image_id.get("imageDigest") else image_id.get("imageTag", "")
        gone = [tag] if tag else sorted(image.tags)
        replication.delete_copies(call.world, registry, repository.name, image.digest, tag)
        replication.remove(repository, image.digest, tag)
        done += [{"imageDigest": image.digest, "imageTag": name} for name in gone] or [{"imageDigest": image.digest}]
    return {"imageIds": done, "failures": failures}


def _replication_status(call: Call) -> Result:
    """No entry for a destination: replication was never attempted."""
    _, repository = call.repository()
    image = _wanted(call, repository)
    rows: list[dict[str, Any]] = []
    for (account, region), outcome in sorted(image.replication.items()):
        row = {"region": region, "registryId": account, "status": outcome.status}
        rows.append({**row, "failureCode": outcome.failure_code} if outcome.failure_code else row)
    return {"repositoryName": repository.name, "imageId": call.parameters["imageId"], "replicationStatuses": rows}


def _signing_status(call: Call) -> Result:
    """Signing itself is not modelled: registries without a signing configuration have no statuses."""
    registry, repository = call.repository()
    _wanted(call, repository)
    if registry.signing is not None:
        raise not_modelled(call, "the signing of images")
    return {
        "repositoryName": repository.name,
        "imageId": call.parameters["imageId"],
        "registryId": registry.account,
        "signingStatuses": [],
    }


def _referrers(call: Call) -> Result:
    _, repository = call.repository()
    subject = call.parameters["subjectId"]["imageDigest"]
    chosen = call.parameters.get("filter", {})
    status, types = chosen.get("artifactStatus", "ACTIVE"), chosen.get("artifactTypes")
    rows = [
        {
            "digest": image.digest,
            "mediaType": image.media_type,
            "size": image.size,
            "artifactStatus": image.status,
            **({"artifactType": image.artifact_type} if image.artifact_type else {}),
        }
        for image in sorted(repository.images.values(), key=lambda image: image.digest)
        if image.subject == subject and status in ("ANY", image.status) and (not types or image.artifact_type in types)
    ]
    shown, following = page(call, rows, size=20)
    return {"referrers": shown, "nextToken": following}


def _update_storage_class(call: Call) -> Result:
    """Archiving is not replicated; a restore is, like a push (replication.html). Restores end at once here."""
    registry, repository = call.repository()
    image = _wanted(call, repository)
    archive = call.parameters["targetStorageClass"] == "ARCHIVE"
    if archive == (image.status != "ACTIVE"):
        raise AwsError("ImageStorageClassUpdateNotSupportedException", "The image is in that storage class already.")
    image.status = "ARCHIVED" if archive else "ACTIVE"
    if not archive:
        replication.push(call.world, registry, repository, image, image.tags)
    return {
        "registryId": registry.account,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest},
        "imageStatus": image.status,
    }


OPERATIONS: Operations = {
    "DescribeImages": _describe,
    "ListImages": _list,
    "BatchGetImage": _batch_get,
    "PutImage": _put,
    "BatchDeleteImage": _batch_delete,
    "DescribeImageReplicationStatus": _replication_status,
    "DescribeImageSigningStatus": _signing_status,
    "ListImageReferrers": _referrers,
    "UpdateImageStorageClass": _update_storage_class,
}
