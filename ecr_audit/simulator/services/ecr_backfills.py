"""ECR, replication backfill. Source: ECR user guide, replication-backfill.html, and the service model."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator

from checks.model import RegistryId
from ecr_audit.simulator import replication
from ecr_audit.simulator.calls import Call, Operations, Result
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.services.ecr_registry import bad_parameter
from ecr_audit.simulator.state import Document, Image, Registry, Repository
from ecr_audit.simulator.wire.errors import AwsError

_RUNNING = ("PREPARING", "IN_PROGRESS", "STOPPING")
_FAIL_AFTER = 100
"""A backfill ends as FAILED if half of its replications fail, evaluated only after this many were processed."""


def _start(call: Call) -> Result:
    """Images are replicated immediately; the backfill is complete when it is next described."""
    registry = call.registry()
    destination = call.parameters["destination"]
    place = (destination["registryId"], destination["region"])
    if place not in {pair for rule in registry.rules for pair in _pairs(rule)}:
        raise bad_parameter("destination", "The destination must be configured in the replication configuration")
    running = [backfill for backfill in registry.backfills if backfill["status"] in _RUNNING]
    if any(backfill["destination"]["region"] == place[1] for backfill in running):
        raise AwsError(
            "ReplicationBackfillInProgressException", f"A replication backfill to {place[1]} is already in progress."
        )
    if len(running) >= 10:
        raise AwsError("LimitExceededException", "A registry has at most 10 replication backfills in progress.")
    backfill = _run(call, registry, place)
    registry.backfills.append(backfill)
    return {**_summary(registry, backfill, "PREPARING"), "registryId": registry.account}


def _pairs(rule: Document) -> Iterator[RegistryId]:
    for destination in rule["destinations"]:
        yield RegistryId(destination["registryId"], destination["region"])


def _run(call: Call, registry: Registry, place: RegistryId) -> Document:
    results = []
    for repository, image in _due(registry, place):
        outcome = replication.replicate(call.world, registry, repository.name, image, image.tags, place)
        for tag in sorted(image.tags) or [""]:  # each pair of image and tag counts as one replication
            result: Document = {
                "repositoryName": repository.name,
                "imageId": {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})},
                "status": outcome.status,
            }
            results.append({**result, "failureCode": outcome.failure_code} if outcome.failure_code else result)
    failed = sum(result["status"] == "FAILED" for result in results)
    seed = f"{registry.account}/{registry.region}/{place}/{len(registry.backfills)}"
    broken = len(results) >= _FAIL_AFTER and 2 * failed >= len(results)
    return {
        "replicationBackfillId": str(uuid.UUID(hashlib.sha256(seed.encode()).hexdigest()[:32])),
        "destination": {"region": place[1], "registryId": place[0]},
        "status": "FAILED" if broken else "COMPLETE",
        "startedAt": call.world.now(),
        "endedAt": call.world.now(),
        "results": results,
    }


def _due(registry: Registry, place: RegistryId) -> Iterator[tuple[Repository, Image]]:
    """Active images that the current rules replicate to *place*."""
    for repository in registry.in_name_order():
        if place in replication.places(registry, repository.name):
            for digest in sorted(repository.images):
                if repository.images[digest].status == "ACTIVE":
                    yield repository, repository.images[digest]


def _summary(registry: Registry, backfill: Document, status: str | None = None) -> Result:
    shown = {name: backfill[name] for name in ("replicationBackfillId", "destination", "startedAt")}
    return {**shown, "status": status or backfill["status"]}


def _full_summary(registry: Registry, backfill: Document) -> Result:
    results = backfill["results"]
    failed = [result for result in results if result["status"] == "FAILED"]
    summary = {
        **_summary(registry, backfill),
        "progress": {
            "totalReplicationCount": len(results),
            "completedReplicationCount": len(results) - len(failed),
            "failedReplicationCount": len(failed),
            "failureCodes": sorted({result["failureCode"] for result in failed if "failureCode" in result}),
        },
    }
    return {**summary, **{name: backfill[name] for name in ("endedAt", "failureCode") if name in backfill}}


def _list(call: Call) -> Result:
    registry = call.registry()
    newest_first = list(reversed(registry.backfills))
    chosen, following = page(call, newest_first, size=25)
    shown = [_full_summary(registry, backfill) for backfill in chosen]
    return {"registryId": registry.account, "backfills": shown, "nextToken": following}


def _existing(call: Call) -> tuple[Registry, Document]:
    registry, wanted = call.registry(), call.parameters["replicationBackfillId"]
    for backfill in registry.backfills:
        if backfill["replicationBackfillId"] == wanted:
            return registry, backfill
    raise AwsError("ReplicationBackfillNotFoundException", f"The replication backfill {wanted} does not exist.")


def _describe_results(call: Call) -> Result:
    """Results of single images only once the backfill is over."""
    registry, backfill = _existing(call)
    wanted = call.parameters.get("resultStatusFilter")
    rows = [result for result in backfill["results"] if wanted in (None, result["status"])]
    over = backfill["status"] not in _RUNNING
    chosen, following = page(call, rows if over else [], size=100)
    summary = _full_summary(registry, backfill)
    return {**summary, "registryId": registry.account, "results": chosen, "nextToken": following}


def _stop(call: Call) -> Result:
    registry, backfill = _existing(call)
    if backfill["status"] not in ("PREPARING", "IN_PROGRESS"):
        raise AwsError(
            "ReplicationBackfillInvalidStatusException",
            f"A replication backfill that is {backfill['status']} cannot be stopped.",
        )
    backfill["status"], backfill["endedAt"] = "STOPPED", call.world.now()
    return {**_summary(registry, backfill, "STOPPING"), "registryId": registry.account}


OPERATIONS: Operations = {
    "StartReplicationBackfill": _start,
    "StopReplicationBackfill": _stop,
    "ListReplicationBackfills": _list,
    "DescribeReplicationBackfillResults": _describe_results,
}
