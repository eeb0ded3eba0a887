"""Replication: on push, on backfill, of deletions. Source: ECR user guide, replication.html and the pages beside it."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from checks.model import RegistryId
from ecr_audit.simulator.calls import refused
from ecr_audit.simulator.state import DEFAULT_SETTINGS, Document, Image, Registry, ReplicationOutcome, Repository
from ecr_audit.simulator.wire.models import partition_of

if TYPE_CHECKING:
    from ecr_audit.simulator.world import World


def may_replicate(world: World, source: Registry, destination: Registry, name: str) -> bool | None:
    """Whether images of the repository *name* may go from *source* to *destination*; None: not documented.

    Across accounts the destination's registry policy must grant ecr:ReplicateImage, and ecr:CreateRepository where
    the repository is absent; within one account nothing is needed (ECR user guide, registry-permissions.html).
    """
    if source.account == destination.account:
        return True
    if not destination.policy:
        return False
    # Imported here: only replication needs the evaluator.
    from checks.iam.explain import explain
    from checks.iam.request import GrantVerdict, ReplicationRequest

    exists = name in destination.repositories
    frame = world.organization_of(source.account)
    request = ReplicationRequest(
        source_account=source.account,
        destination_account=destination.account,
        region=destination.region,
        repository=name,
        partition=destination.partition,
        repository_exists=exists,
        organization_id=frame.id if frame else "",
        organization_path=world.organization_path(source.account) or "",
        resource_tags=dict(destination.repositories[name].tags) if exists else {},
        policy_scope=destination.settings.get("REGISTRY_POLICY_SCOPE", DEFAULT_SETTINGS["REGISTRY_POLICY_SCOPE"]),
        time=world.now(),
    )
    verdict = explain(destination.policy, request).verdict
    if verdict is GrantVerdict.INDETERMINATE:
        return None
    return verdict is GrantVerdict.ALLOWED or (exists and verdict is GrantVerdict.ALLOWED_IF_REPOSITORY_EXISTS)


ACCESS_DENIED = "DESTINATION_REGISTRY_ACCESS_DENIED"
"""The only failure code that is known from practice (aws/containers-roadmap issue 2675)."""
# These codes have no known AWS name: the failure codes are not documented.
NO_SERVICE_LINKED_ROLE = "SIMULATED_SERVICE_LINKED_ROLE_MISSING"
DESTINATION_CLOSED = "SIMULATED_DESTINATION_ACCOUNT_NOT_ACTIVE"
REGION_DISABLED = "SIMULATED_DESTINATION_REGION_NOT_ENABLED"
OTHER_PARTITION = "SIMULATED_DESTINATION_IN_ANOTHER_PARTITION"
GRANT_UNKNOWN = "SIMULATED_GRANT_UNKNOWN"
TEMPLATE_ROLE = "SIMULATED_TEMPLATE_ROLE_UNUSABLE"
TEMPLATE_KEY = "SIMULATED_TEMPLATE_KEY_UNUSABLE"


def rule_matches(rule: Document, name: str) -> bool:
    """No filter matches every repository; several filters are alternatives; a filter is a plain prefix."""
    filters = rule.get("repositoryFilters")
    return not filters or any(name.startswith(entry["filter"]) for entry in filters)


def places(registry: Registry, name: str) -> dict[RegistryId, set[bool]]:
    """Destinations of the repository *name*, each once, with the deleteReplication values of the rules that name it."""
    found: dict[RegistryId, set[bool]] = {}
    for rule in registry.rules:
        if rule_matches(rule, name):
            enabled = bool(rule.get("deleteReplication", {}).get("enabled", False))
            for destination in rule["destinations"]:
                place = RegistryId(destination["registryId"], destination["region"])
                found.setdefault(place, set()).add(enabled)
    return found


def blocker(world: World, source: Registry, place: RegistryId, name: str) -> str:
    """Failure code of a replication of *name* from *source* to *place*; empty: nothing blocks it."""
    account, region = place
    owner, target = world.accounts[source.account], world.accounts.get(account)
    if partition_of(source.region) != partition_of(region):
        return OTHER_PARTITION
    if not owner.service_linked_role:
        return NO_SERVICE_LINKED_ROLE
    if target is None:
        return ACCESS_DENIED
    if target.state != "ACTIVE":
        return DESTINATION_CLOSED
    if region not in target.regions:
        return REGION_DISABLED
    destination = world.registry(account, region)
    allowed = may_replicate(world, source, destination, name)
    if allowed is None:
        return GRANT_UNKNOWN
    if not allowed:
        return ACCESS_DENIED
    return "" if name in destination.repositories else _template_blocker(world, destination, name)


def replicate(
    world: World, source: Registry, name: str, image: Image, tags: Iterable[str], place: RegistryId
) -> ReplicationOutcome:
    """Copies *image* with *tags* to *place* and records the outcome with the image."""
    code = blocker(world, source, place, name)
    if not code:
        destination = world.registry(*place)
        if name not in destination.repositories:
            destination.repositories[name] = create_from_template(world, destination, name)
        _arrive(world, destination.repositories[name], image, tags)
    outcome = ReplicationOutcome("FAILED", code) if code else ReplicationOutcome("COMPLETE")
    image.replication[place] = outcome
    return outcome


def push(world: World, source: Registry, repository: Repository, image: Image, tags: Iterable[str]) -> None:
    """Effect of a push: one replication to each destination of the matching rules."""
    wanted = list(tags)
    for place in places(source, repository.name):
        replicate(world, source, repository.name, image, wanted, place)


def _arrive(world: World, repository: Repository, image: Image, tags: Iterable[str]) -> None:
    """A tag that already exists in an immutable repository is omitted; an archived replica is restored."""
    copy = repository.images.get(image.digest)
    if copy is None:
        copy = Image(
            digest=image.digest,
            manifest=image.manifest,
            media_type=image.media_type,
            tags=[],
            pushed_at=world.now(),
            subject=image.subject,
            artifact_type=image.artifact_type,
            size=image.size,
        )
        repository.images[image.digest] = copy
    copy.status = "ACTIVE"
    for tag in tags:
        move_tag(repository, copy, tag)


def move_tag(repository: Repository, image: Image, tag: str) -> bool:
    """Gives *image* the tag, moved from another image if necessary. False: another image has it and it is immutable."""
    holder = repository.tagged(tag)
    if holder is image:
        return True
    if holder is not None:
        if is_immutable(repository, tag):
            return False
        holder.tags.remove(tag)
    image.tags.append(tag)
    return True


def is_immutable(repository: Repository, tag: str) -> bool:
    """Whether *tag* cannot be moved, once given: the filters are exceptions from the mode."""
    excepted = any(fnmatch.fnmatchcase(tag, pattern) for pattern in repository.exclusions)
    if repository.tag_mutability == "MUTABLE_WITH_EXCLUSION":
        return excepted
    return repository.tag_mutability.startswith("IMMUTABLE") and not excepted


def delete_copies(world: World, source: Registry, name: str, digest: str, tag: str) -> None:
    """Deletion of an image (empty *tag*) or of one tag, at every destination whose rule replicates deletions.

    Two rules that disagree about it are refused: AWS does not document which one wins (replication-delete.html).
    """
    for place, enabled in places(source, name).items():
        if len(enabled) > 1:
            raise refused(
                f"a deletion in {name} while two rules to {place[0]}/{place[1]} disagree on deleteReplication"
            )
    for place, enabled in places(source, name).items():
        if True in enabled and not blocker(world, source, place, name):
            replica = world.registry(*place).repositories.get(name)
            if replica is not None:
                remove(replica, digest, tag)


def remove(repository: Repository, digest: str, tag: str) -> None:
    """Removes a tag, and the image with the last of its tags; without *tag* the image and all its tags."""
    image = repository.tagged(tag) if tag else repository.images.get(digest)
    if image is None:
        return
    if tag:
        image.tags.remove(tag)
        if image.tags:
            return
    del repository.images[image.digest]


def template_for(registry: Registry, name: str) -> Document | None:
    """The template of repositories that replication creates: longest prefix before a `/`, else ROOT."""
    fitting = [
        template
        for prefix, template in registry.templates.items()
        if "REPLICATION" in template["appliedFor"] and (prefix == "ROOT" or name.startswith(f"{prefix}/"))
    ]
    return max(fitting, key=lambda template: (template["prefix"] != "ROOT", len(template["prefix"])), default=None)


def _template_blocker(world: World, destination: Registry, name: str) -> str:
    """KMS and resource tags need a custom role that trusts ECR; a customer key must be enabled and in this Region."""
    template = template_for(destination, name)
    if template is None:
        return ""
    encryption = template["encryptionConfiguration"]
    if encryption["encryptionType"] != "AES256" or template.get("resourceTags"):
        _, _, role_name = str(template.get("customRoleArn", "")).rpartition("/")
        role = world.accounts[destination.account].roles.get(role_name)
        owned = f":{destination.account}:" in str(template.get("customRoleArn", ""))
        if role is None or not owned or "ecr.amazonaws.com" not in role.trusts:
            return TEMPLATE_ROLE
    arn = encryption.get("kmsKey", "")
    if arn:
        key = world.keys.get(arn)
        if key is None or key.state != "Enabled" or arn.split(":")[3] != destination.region:
            return TEMPLATE_KEY
    return ""


def create_from_template(world: World, registry: Registry, name: str) -> Repository:
    """A repository as ECR creates it: from the template, or with ECR's own defaults."""
    template = template_for(registry, name) or {"encryptionConfiguration": {"encryptionType": "AES256"}}
    return Repository(
        name=name,
        created_at=world.now(),
        tag_mutability=template.get("imageTagMutability", "MUTABLE"),
        exclusions=[entry["filter"] for entry in template.get("imageTagMutabilityExclusionFilters", [])],
        encryption_type=template["encryptionConfiguration"]["encryptionType"],
        kms_key=template["encryptionConfiguration"].get("kmsKey", ""),
        policy=template.get("repositoryPolicy", ""),
        lifecycle=template.get("lifecyclePolicy", ""),
        tags={tag["Key"]: tag["Value"] for tag in template.get("resourceTags", [])},
    )


def history(world: World, documents: Iterable[Mapping[str, object]]) -> None:
    """Derives the replication states of images whose document has none.

    At the destination: COMPLETE. Absent, and blocked: FAILED. Absent without a reason: never attempted,
    as for images that are older than the rule.
    """
    for entry in documents:
        source = world.registry(str(entry["account"]), str(entry["region"]))
        if not source.rules:
            continue
        repositories = json.loads(json.dumps(entry.get("repositories", [])))
        for document in repositories:
            repository = source.repositories[document["name"]]
            for described, image in zip(document.get("images", []), repository.images.values(), strict=True):
                if "replication" not in described:
                    image.replication = _derived(world, source, repository.name, image)


def _derived(world: World, source: Registry, name: str, image: Image) -> dict[RegistryId, ReplicationOutcome]:
    outcomes = {}
    for place in places(source, name):
        replica = world.registry(*place).repositories.get(name) if place[0] in world.accounts else None
        if replica is not None and image.digest in replica.images:
            outcomes[place] = ReplicationOutcome("COMPLETE")
            continue
        code = blocker(world, source, place, name)
        if code:
            outcomes[place] = ReplicationOutcome("FAILED", code)
    return outcomes
