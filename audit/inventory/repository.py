"""Reads repositories in detail: policies, tags, scanning, images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.aws.failures import CallError, Failure
from audit.aws.operations import operation
from audit.evidence import IMAGE_COLUMNS, Columns, empty_columns
from audit.inventory.reader import Reader, compact
from audit.inventory.registry import PAGE
from audit.inventory.thread_pool import ThreadPool
from checks.model import GapKind

SCANNING_BATCH = 25
"""Most names in one BatchGetRepositoryScanningConfiguration (ECR API reference)."""
_IMAGE = ("digest", "tags", "pushed_at", "status", "subject_digest", "size_bytes")
_STATUS = _IMAGE.index("status")
DETAIL_COLUMNS = ("repository_policy", "lifecycle_policy", "tags", "scan_frequency", "image_count")


@dataclass(slots=True)
class RepositoryDetails:
    """What was read about one repository; None where it was not."""

    repository_policy: str | None = None
    lifecycle_policy: str | None = None
    tags: str | None = None
    scan_frequency: str | None = None
    image_count: int | None = None


@dataclass(slots=True)
class Details:
    """What was read about the wanted repositories of one registry."""

    names: tuple[str, ...]
    repositories: dict[str, RepositoryDetails] = field(default_factory=dict)
    images: Columns = field(default_factory=lambda: empty_columns(IMAGE_COLUMNS))


class RepositoryReader:
    """Reads repositories of one registry, several at once."""

    def __init__(self, reader: Reader, partition: str) -> None:
        self._reader = reader
        self._partition = partition
        self._image_filter: dict[str, str] | None = {"imageStatus": "ANY"}
        self._images: dict[str, list[tuple[Any, ...]]] = {}

    def read(self, names: Sequence[str], pool: ThreadPool, at_once: int) -> Details:
        """Details of *names*. Repositories that were deleted meanwhile keep None and leave a gap."""
        details = Details(tuple(names), {name: RepositoryDetails() for name in names})
        batches = [names[start : start + SCANNING_BATCH] for start in range(0, len(names), SCANNING_BATCH)]
        pool.each(lambda batch: self._scanning(batch, details), batches, at_once)
        pool.each(lambda name: self._one(name, details.repositories[name]), names, at_once)
        for name in names:
            self._append_images(details.images, name)
        return details

    def _one(self, name: str, details: RepositoryDetails) -> None:
        reader = self._reader
        target = {"repositoryName": name}
        answer = reader.ask("ecr:GetRepositoryPolicy", "policyText", target, resource=name)
        details.repository_policy = None if answer is None else str(answer.get("policyText", ""))
        answer = reader.ask("ecr:GetLifecyclePolicy", "lifecyclePolicyText", target, resource=name)
        details.lifecycle_policy = None if answer is None else str(answer.get("lifecyclePolicyText", ""))
        arn = f"arn:{self._partition}:ecr:{reader.region}:{reader.account}:repository/{name}"
        answer = reader.ask("ecr:ListTagsForResource", "tags", {"resourceArn": arn}, resource=name)
        if answer is not None:
            details.tags = compact({tag.get("Key", ""): tag.get("Value", "") for tag in answer["tags"] or []})
        images = self._read_images(name)
        if images is not None:
            self._images[name] = images
            details.image_count = sum(image[_STATUS] in ("ACTIVE", "") for image in images)

    def _scanning(self, batch: Sequence[str], details: Details) -> None:
        action = "ecr:BatchGetRepositoryScanningConfiguration"
        answer = self._reader.ask(
            action, "scanningConfigurations", {"repositoryNames": list(batch)}, resource=", ".join(batch[:1])
        )
        if answer is None:
            return
        for row in answer["scanningConfigurations"] or []:
            found = details.repositories.get(row.get("repositoryName"))
            if found is not None:
                found.scan_frequency = row.get("scanFrequency")
        for row in answer.get("failures") or []:
            failure = Failure(GapKind.UNEXPECTED, str(row.get("failureCode")), str(row.get("failureReason")))
            self._reader.refused(operation(action), CallError(failure), str(row.get("repositoryName")))

    def _read_images(self, name: str) -> list[tuple[Any, ...]] | None:
        """Every image of any status. An endpoint that does not support the status filter is called without it."""
        if self._image_filter is not None:
            parameters = {"repositoryName": name, "maxResults": PAGE, "filter": self._image_filter}
            try:
                return self._image_pages(parameters)
            except CallError as error:
                if not _filter_unknown(error.failure):
                    self._reader.refused(operation("ecr:DescribeImages"), error, name)
                    return None
                self._image_filter = None
        try:
            return self._image_pages({"repositoryName": name, "maxResults": PAGE})
        except CallError as error:
            self._reader.refused(operation("ecr:DescribeImages"), error, name)
            return None

    def _image_pages(self, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        asked = operation("ecr:DescribeImages")
        sent = dict(parameters)
        images: list[tuple[Any, ...]] = []
        while True:
            answer = self._reader.attempt(asked, sent)
            page = answer.get("imageDetails")
            if not isinstance(page, list):
                raise CallError(Failure(GapKind.UNEXPECTED, "MissingMember", "the response has no `imageDetails`"))
            images.extend(_image(image) for image in page)
            following = answer.get("nextToken")
            if not following:
                return images
            if following == sent.get("nextToken"):
                raise CallError(Failure(GapKind.UNEXPECTED, "OddAnswer", "the same page token was returned twice"))
            sent["nextToken"] = following

    def _append_images(self, columns: Columns, name: str) -> None:
        reader = self._reader
        for image in self._images.pop(name, ()):
            columns["account"].append(reader.account)
            columns["region"].append(reader.region)
            columns["repository"].append(name)
            for column, value in zip(_IMAGE, image, strict=True):
                columns[column].append(value)


def _image(row: dict[str, Any]) -> tuple[Any, ...]:
    """The stored fields of one image, in the order of `_IMAGE`: a tenth of the response's size."""
    return (
        row.get("imageDigest"),
        compact(sorted(row.get("imageTags") or ())),
        _replicable_at(row),
        row.get("imageStatus", ""),
        row.get("subjectManifestDigest") or "",
        row.get("imageSizeInBytes"),
    )


def _replicable_at(row: dict[str, Any]) -> float | None:
    """When replication of the image was last triggered: by its push, or by its restore from the archive."""
    moments = [row[name] for name in ("imagePushedAt", "lastActivatedAt") if row.get(name) is not None]
    return max(moments, default=None)


def _filter_unknown(failure: Failure) -> bool:
    refused = failure.code in ("InvalidParameterException", "ValidationException")
    return refused and "imagestatus" in failure.message.lower()
