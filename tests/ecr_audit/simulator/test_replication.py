"""What a push, a deletion and a backfill set off."""

from __future__ import annotations

from typing import Any

import pytest

from ecr_audit.simulator import Simulation, World, serve
from ecr_audit.simulator.replication import ACCESS_DENIED
from tests.ecr_audit.simulator.worlds import (
    CLOSED,
    GRANT,
    OUTSIDER,
    PLAIN,
    SOURCE,
    TARGET,
    client,
    manifest,
    rule,
    world_document,
)


def serving(source: dict[str, Any] | None = None, target: dict[str, Any] | None = None, **changes: Any) -> Any:
    """The small world with *source* and *target* merged into its two registries."""
    document = world_document(**changes)
    document["registries"][0].update(source or {})
    document["registries"][1].update(target or {})
    return serve(World.from_document(document))


def push(simulation: Simulation, text: str, tag: str | None = None, repository: str = "app/web") -> str:
    ecr = client(simulation, "ecr", SOURCE)
    arguments = {"imageTag": tag} if tag else {}
    image = ecr.put_image(repositoryName=repository, imageManifest=manifest(text), **arguments)["image"]
    return str(image["imageId"]["imageDigest"])


def copies(
    simulation: Simulation, account: str = TARGET, region: str = "eu-west-1", repository: str = "app/web"
) -> dict[str, list[str]]:
    """Digest → tags."""
    found = simulation.world.registry(account, region).repositories.get(repository)
    return {image.digest: sorted(image.tags) for image in found.images.values()} if found else {}


def statuses(simulation: Simulation, digest: str) -> dict[tuple[str, str], tuple[str, str]]:
    answer = client(simulation, "ecr", SOURCE).describe_image_replication_status(
        repositoryName="app/web", imageId={"imageDigest": digest}
    )
    return {
        (row["registryId"], row["region"]): (row["status"], row.get("failureCode", ""))
        for row in answer["replicationStatuses"]
    }


def test_a_push_is_replicated(simulation: Simulation) -> None:
    digest = push(simulation, "two", "2.0")
    assert copies(simulation) == {digest: ["2.0"]}  # what was there before the rule stays behind
    assert statuses(simulation, digest) == {(TARGET, "eu-west-1"): ("COMPLETE", "")}


def test_older_images_were_never_attempted(simulation: Simulation) -> None:
    (old,) = client(simulation, "ecr", SOURCE).list_images(repositoryName="app/web")["imageIds"]
    assert statuses(simulation, old["imageDigest"]) == {}


def test_prefixes_are_plain_text() -> None:
    rules = [rule((TARGET, "eu-west-1"), prefix="app"), rule((SOURCE, "us-east-1"), prefix="app/")]
    repositories = [{"name": name} for name in ("app/web", "app-x", "web/app")]
    with serving({"rules": rules, "repositories": repositories}) as simulation:
        for entry in repositories:
            push(simulation, "one", "1", entry["name"])
        there = simulation.world.registry(TARGET, "eu-west-1").repositories
        other_region = simulation.world.registry(SOURCE, "us-east-1").repositories
    assert sorted(there) == ["app-x", "app/web"]
    assert sorted(other_region) == ["app/web"]  # within one account no grant is needed


def test_there_is_no_chain() -> None:
    with serving(target={"rules": [rule((TARGET, "us-east-1"))]}) as simulation:
        push(simulation, "two", "2.0")
        assert copies(simulation)
        assert copies(simulation, TARGET, "us-east-1") == {}


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((TARGET, "us-east-1"), ACCESS_DENIED),
        ((CLOSED, "eu-west-1"), "SIMULATED_DESTINATION_ACCOUNT_NOT_ACTIVE"),
        ((PLAIN, "us-east-1"), "SIMULATED_DESTINATION_REGION_NOT_ENABLED"),
        (("999999999999", "eu-west-1"), ACCESS_DENIED),
        ((TARGET, "cn-north-1"), "SIMULATED_DESTINATION_IN_ANOTHER_PARTITION"),
    ],
    ids=[
        "no registry policy",
        "closed account",
        "disabled Region",
        "no such account",
        "another partition",
    ],
)
def test_what_stands_in_the_way(place: tuple[str, str], code: str) -> None:
    with serving({"rules": [rule(place)]}) as simulation:
        digest = push(simulation, "two", "2.0")
        assert statuses(simulation, digest) == {place: ("FAILED", code)}


def test_without_the_service_linked_role_nothing_goes() -> None:
    document = world_document()
    document["accounts"][1]["service_linked_role"] = False
    with serve(World.from_document(document)) as simulation:
        digest = push(simulation, "two", "2.0")
        assert statuses(simulation, digest)[TARGET, "eu-west-1"] == ("FAILED", "SIMULATED_SERVICE_LINKED_ROLE_MISSING")


def granted(**changes: Any) -> dict[str, Any]:
    return {"policy": {"Version": "2012-10-17", "Statement": [{**GRANT["Statement"][0], **changes}]}}


@pytest.mark.parametrize(
    ("target", "arrives"),
    [
        (granted(), True),
        (granted(Resource="*"), True),
        (granted(Resource=f"arn:aws:eu-west-1:{TARGET}:repository/*"), False),
        (granted(Resource=f"arn:aws:ecr:us-east-1:{TARGET}:repository/*"), False),
        (granted(Principal={"AWS": f"arn:aws:iam::{SOURCE}:role/ci"}), False),
        (granted(Principal={"AWS": OUTSIDER}), False),
        (granted(Effect="Deny"), False),
        (granted(Condition={"StringEquals": {"aws:SourceAccount": SOURCE}}), False),
        (granted(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}), True),
        (granted(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-another0001"}}), False),
        (granted(Action="ecr:ReplicateImage"), False),
        ({**granted(Action="ecr:ReplicateImage"), "repositories": [{"name": "app/web"}]}, True),
    ],
    ids=[
        "as-documented",
        "star",
        "no-ecr-in-arn",
        "other-region",
        "ci-role",
        "other-account",
        "deny",
        "source-account",
        "organization",
        "other-organization",
        "no-create",
        "no-create-but-present",
    ],
)
def test_the_registry_policy_decides(target: dict[str, Any], arrives: bool) -> None:
    with serving(target=target) as simulation:
        digest = push(simulation, "two", "2.0")
        assert (digest in copies(simulation)) is arrives
        assert statuses(simulation, digest)[TARGET, "eu-west-1"] == (
            ("COMPLETE", "") if arrives else ("FAILED", ACCESS_DENIED)
        )


def test_an_unknown_grant_is_not_guessed() -> None:
    with serving(target=granted(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})) as simulation:
        digest = push(simulation, "two", "2.0")
        assert statuses(simulation, digest)[TARGET, "eu-west-1"] == ("FAILED", "SIMULATED_GRANT_UNKNOWN")


@pytest.mark.parametrize(
    ("settings", "tags_of_newcomer"),
    [
        ({}, ["latest"]),
        ({"tag_mutability": "IMMUTABLE"}, []),
        ({"tag_mutability": "IMMUTABLE_WITH_EXCLUSION", "exclusions": ["lat*"]}, ["latest"]),
        ({"tag_mutability": "MUTABLE_WITH_EXCLUSION", "exclusions": ["lat*"]}, []),
        ({"tag_mutability": "MUTABLE_WITH_EXCLUSION", "exclusions": ["v*"]}, ["latest"]),
    ],
)
def test_a_taken_tag_of_an_immutable_copy_stays(settings: dict[str, Any], tags_of_newcomer: list[str]) -> None:
    repository = {"name": "app/web", "images": [{"tags": ["latest"]}], **settings}
    with serving(target={"repositories": [repository]}) as simulation:
        digest = push(simulation, "two", "latest")
        assert copies(simulation)[digest] == tags_of_newcomer
        assert statuses(simulation, digest)[TARGET, "eu-west-1"] == ("COMPLETE", "")


def test_an_immutable_source_refuses_the_push_itself() -> None:
    repository = {"name": "app/web", "tag_mutability": "IMMUTABLE", "images": [{"tags": ["1.0"]}]}
    with serving({"repositories": [repository]}) as simulation:
        ecr = client(simulation, "ecr", SOURCE)
        with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
            ecr.put_image(repositoryName="app/web", imageManifest=manifest("two"), imageTag="1.0")
        digest = push(simulation, "two", "2.0")
        with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
            ecr.put_image(repositoryName="app/web", imageManifest=manifest("two"), imageTag="2.0")
        push(simulation, "two", "stable")
        assert copies(simulation)[digest] == ["2.0", "stable"]


KEY = f"arn:aws:kms:eu-west-1:{TARGET}:key/1"


def template(prefix: str, **more: Any) -> dict[str, Any]:
    return {"prefix": prefix, "appliedFor": ["REPLICATION"], "imageTagMutability": "IMMUTABLE", **more}


@pytest.mark.parametrize(
    ("templates", "mutability"),
    [
        ([], "MUTABLE"),
        ([template("app")], "IMMUTABLE"),
        ([template("ap")], "MUTABLE"),  # a template ends at `/`
        ([template("app/web")], "MUTABLE"),
        ([template("ROOT")], "IMMUTABLE"),
        ([template("ROOT"), template("app", imageTagMutability="MUTABLE")], "MUTABLE"),
        ([template("app", appliedFor=["CREATE_ON_PUSH"])], "MUTABLE"),
    ],
)
def test_the_template_before_a_slash_applies(templates: list[dict[str, Any]], mutability: str) -> None:
    with serving(target={"templates": templates}) as simulation:
        push(simulation, "two", "2.0")
        assert simulation.world.registry(TARGET, "eu-west-1").repositories["app/web"].tag_mutability == mutability


@pytest.mark.parametrize(
    ("role", "state", "code"),
    [
        ("ecr-templates", "Enabled", ""),
        ("absent", "Enabled", "SIMULATED_TEMPLATE_ROLE_UNUSABLE"),
        ("wrong-trust", "Enabled", "SIMULATED_TEMPLATE_ROLE_UNUSABLE"),
        ("ecr-templates", "PendingDeletion", "SIMULATED_TEMPLATE_KEY_UNUSABLE"),
    ],
)
def test_a_template_with_a_key_needs_role_and_key(role: str, state: str, code: str) -> None:
    document = world_document(keys=[{"arn": KEY, "state": state}])
    document["accounts"][2]["roles"] = [
        {"name": "ecr-templates", "trusts": ["ecr.amazonaws.com"]},
        {"name": "wrong-trust", "trusts": ["codebuild.amazonaws.com"]},
    ]
    document["registries"][1]["templates"] = [
        template(
            "app",
            encryptionConfiguration={"encryptionType": "KMS", "kmsKey": KEY},
            customRoleArn=f"arn:aws:iam::{TARGET}:role/{role}",
            resourceTags=[{"Key": "team", "Value": "a"}],
        )
    ]
    with serve(World.from_document(document)) as simulation:
        digest = push(simulation, "two", "2.0")
        assert statuses(simulation, digest)[TARGET, "eu-west-1"] == ("FAILED" if code else "COMPLETE", code)
        if not code:
            made = simulation.world.registry(TARGET, "eu-west-1").repositories["app/web"]
            assert (made.kms_key, made.tags) == (KEY, {"team": "a"})


def deleting(enabled: bool | None) -> dict[str, Any]:
    return {"rules": [rule((TARGET, "eu-west-1"), delete=enabled)]}


@pytest.mark.parametrize("enabled", [None, False, True])
def test_deletions_go_along_only_where_the_rule_says_so(enabled: bool | None) -> None:
    with serving(deleting(enabled)) as simulation:
        digest = push(simulation, "two", "2.0")
        push(simulation, "two", "stable")
        ecr = client(simulation, "ecr", SOURCE)
        ecr.batch_delete_image(repositoryName="app/web", imageIds=[{"imageTag": "stable"}])
        assert copies(simulation)[digest] == (["2.0"] if enabled else ["2.0", "stable"])
        ecr.batch_delete_image(repositoryName="app/web", imageIds=[{"imageTag": "2.0"}])  # the last tag
        assert (digest in copies(simulation)) is not bool(enabled)
        assert digest not in copies(simulation, SOURCE)


def test_rules_that_disagree_on_deletions_are_not_guessed() -> None:
    rules = [rule((TARGET, "eu-west-1"), delete=True), rule((TARGET, "eu-west-1"), delete=False)]
    with serving({"rules": rules}) as simulation:
        ecr = client(simulation, "ecr", SOURCE)
        with pytest.raises(ecr.exceptions.InvalidParameterException, match="not known"):
            ecr.batch_delete_image(repositoryName="app/web", imageIds=[{"imageTag": "1.0"}])
        assert copies(simulation, SOURCE)


def test_a_restore_is_replicated_and_an_archiving_is_not(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE)
    named = {"repositoryName": "app/web", "imageId": {"imageTag": "1.0"}}
    ecr.update_image_storage_class(**named, targetStorageClass="ARCHIVE")
    assert copies(simulation) == {}
    ecr.update_image_storage_class(**named, targetStorageClass="STANDARD")
    assert list(copies(simulation).values()) == [["1.0"]]


def test_backfill_brings_what_was_there_before(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE)
    destination = {"registryId": TARGET, "region": "eu-west-1"}
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.start_replication_backfill(destination={**destination, "region": "us-east-1"})
    started = ecr.start_replication_backfill(destination=destination)
    assert started["status"] == "PREPARING"
    results = ecr.describe_replication_backfill_results(replicationBackfillId=started["replicationBackfillId"])
    assert (results["status"], results["progress"]["completedReplicationCount"]) == ("COMPLETE", 1)
    assert results["results"][0]["imageId"]["imageTag"] == "1.0"
    assert list(copies(simulation).values()) == [["1.0"]]
    assert [row["status"] for row in ecr.list_replication_backfills()["backfills"]] == ["COMPLETE"]
    with pytest.raises(ecr.exceptions.ReplicationBackfillInvalidStatusException):
        ecr.stop_replication_backfill(replicationBackfillId=started["replicationBackfillId"])


def test_a_backfill_without_grant_fails_image_by_image() -> None:
    with serving(target={"policy": ""}) as simulation:
        ecr = client(simulation, "ecr", SOURCE)
        started = ecr.start_replication_backfill(destination={"registryId": TARGET, "region": "eu-west-1"})
        failed = ecr.describe_replication_backfill_results(
            replicationBackfillId=started["replicationBackfillId"], resultStatusFilter="FAILED"
        )
        assert [row["failureCode"] for row in failed["results"]] == [ACCESS_DENIED]


def test_one_backfill_at_a_time_to_a_region() -> None:
    running = {"account": TARGET, "region": "eu-west-1", "status": "IN_PROGRESS", "started_at": "2026-11-23T01:00:00Z"}
    with serving({"backfills": [running]}) as simulation:
        ecr = client(simulation, "ecr", SOURCE)
        destination = {"registryId": TARGET, "region": "eu-west-1"}
        with pytest.raises(ecr.exceptions.ReplicationBackfillInProgressException):
            ecr.start_replication_backfill(destination=destination)
        (row,) = ecr.list_replication_backfills()["backfills"]
        ecr.stop_replication_backfill(replicationBackfillId=row["replicationBackfillId"])
        ecr.start_replication_backfill(destination=destination)


def test_the_history_of_a_world_is_worked_out_unless_it_is_given() -> None:
    images = [
        {"tags": ["there"]},
        {"tags": ["given"], "replication": [{"account": TARGET, "region": "eu-west-1", "status": "IN_PROGRESS"}]},
        {"tags": ["silent"], "replication": []},
    ]
    source = {"repositories": [{"name": "app/web", "images": images}]}
    target = {"repositories": [{"name": "app/web", "images": images[:1]}], "policy": ""}
    with serving(source, target) as simulation:
        found = simulation.world.registry(SOURCE, "eu-west-1").repositories["app/web"]
        history = {
            image.tags[0]: [outcome.status for outcome in image.replication.values()] for image in found.images.values()
        }
    assert history == {"there": ["COMPLETE"], "given": ["IN_PROGRESS"], "silent": []}
