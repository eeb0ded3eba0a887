"""Reads and settings of registries and repositories."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ecr_audit.simulator import Simulation, World, serve
from tests.ecr_audit.simulator.worlds import PLAIN, SOURCE, TARGET, client, manifest, rule, world_document

LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
                "action": {"type": "expire"},
            }
        ]
    }
)


def serve_repositories(*repositories: dict[str, Any], **registry: Any) -> Any:
    document = world_document()
    document["registries"] = [{"account": PLAIN, "region": "eu-west-1", "repositories": list(repositories), **registry}]
    return serve(World.from_document(document))


def test_repositories_are_paged_by_name() -> None:
    with serve_repositories(*[{"name": f"app/{number:03d}"} for number in reversed(range(150))]) as simulation:
        ecr = client(simulation, "ecr", PLAIN)
        first = ecr.describe_repositories()
        assert len(first["repositories"]) == 100
        pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 60})
        names = [[row["repositoryName"] for row in page["repositories"]] for page in pages]
        assert [len(page) for page in names] == [60, 60, 30]
        assert [name for page in names for name in page] == sorted(f"app/{number:03d}" for number in range(150))
        with pytest.raises(ecr.exceptions.InvalidParameterException):
            ecr.describe_repositories(nextToken="invented")
        with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
            ecr.describe_repositories(repositoryNames=["app/001", "absent"])


def test_images_are_filtered_and_paged() -> None:
    images = [
        {"tags": ["1", "stable"]},
        {"content": "loose"},
        {"tags": ["old"], "status": "ARCHIVED"},
        {"content": "signature", "subject": "1", "artifact_type": "application/x.signature"},
    ]
    with serve_repositories({"name": "app/web", "images": images}) as simulation:
        ecr = client(simulation, "ecr", PLAIN)
        named = {"repositoryName": "app/web"}
        assert len(ecr.describe_images(**named)["imageDetails"]) == 3
        assert len(ecr.describe_images(**named, filter={"imageStatus": "ANY"})["imageDetails"]) == 4
        (archived,) = ecr.describe_images(**named, filter={"imageStatus": "ARCHIVED"})["imageDetails"]
        assert archived["imageTags"] == ["old"]
        assert len(ecr.list_images(**named, filter={"tagStatus": "TAGGED"})["imageIds"]) == 2
        assert len(ecr.list_images(**named, filter={"tagStatus": "UNTAGGED"})["imageIds"]) == 2
        pages = list(ecr.get_paginator("list_images").paginate(**named, PaginationConfig={"PageSize": 3}))
        assert [len(page["imageIds"]) for page in pages] == [3, 1]
        (one,) = ecr.describe_images(**named, imageIds=[{"imageTag": "stable"}])["imageDetails"]
        assert one["imageTags"] == ["1", "stable"]
        (referrer,) = ecr.list_image_referrers(**named, subjectId={"imageDigest": one["imageDigest"]})["referrers"]
        assert referrer["artifactType"] == "application/x.signature"
        with pytest.raises(ecr.exceptions.ImageNotFoundException):
            ecr.describe_images(**named, imageIds=[{"imageTag": "absent"}])


def test_a_manifest_s_digest_is_its_sha256(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE)
    answer = ecr.batch_get_image(repositoryName="app/web", imageIds=[{"imageTag": "1.0"}, {"imageTag": "absent"}])
    (image,), (failure,) = answer["images"], answer["failures"]
    assert image["imageId"]["imageDigest"] == "sha256:" + hashlib.sha256(image["imageManifest"].encode()).hexdigest()
    assert failure["failureCode"] == "ImageNotFound"
    pushed = ecr.put_image(repositoryName="app/web", imageManifest=manifest("new"), imageTag="2.0")["image"]
    assert pushed["imageId"]["imageDigest"] == "sha256:" + hashlib.sha256(manifest("new").encode()).hexdigest()
    with pytest.raises(ecr.exceptions.ImageDigestDoesNotMatchException):
        ecr.put_image(
            repositoryName="app/web", imageManifest=manifest("x"), imageDigest=image["imageId"]["imageDigest"]
        )


def test_the_same_content_has_the_same_digest_in_every_registry() -> None:
    repositories = [{"name": "app/web", "images": [{"tags": ["1.0"]}, {"content": "x"}]}]
    document = world_document()
    document["registries"] = [
        {"account": account, "region": "eu-west-1", "repositories": repositories} for account in (SOURCE, TARGET)
    ]
    with serve(World.from_document(document)) as simulation:
        here, there = (
            {
                row["imageDigest"]
                for row in client(simulation, "ecr", account).list_images(repositoryName="app/web")["imageIds"]
            }
            for account in (SOURCE, TARGET)
        )
    assert here == there
    assert len(here) == 2


def test_effective_scan_frequency() -> None:
    def filtered(frequency: str, *patterns: str) -> dict[str, Any]:
        return {
            "scanFrequency": frequency,
            "repositoryFilters": [{"filter": pattern, "filterType": "WILDCARD"} for pattern in patterns],
        }

    scanning = {"scanType": "ENHANCED", "rules": [filtered("CONTINUOUS_SCAN", "prod"), filtered("SCAN_ON_PUSH", "a*")]}
    names = ["a/prod", "a/test", "b/test"]
    with serve_repositories(*[{"name": name} for name in names], scanning=scanning) as simulation:
        ecr = client(simulation, "ecr", PLAIN)
        answer = ecr.batch_get_repository_scanning_configuration(repositoryNames=[*names, "absent"])
        found = {row["repositoryName"]: row["scanFrequency"] for row in answer["scanningConfigurations"]}
        # A filter without `*` matches names that contain it; continuous scanning wins.
        assert found == {"a/prod": "CONTINUOUS_SCAN", "a/test": "SCAN_ON_PUSH", "b/test": "MANUAL"}
        assert answer["failures"][0]["failureCode"] == "REPOSITORY_NOT_FOUND"
        with pytest.raises(ecr.exceptions.InvalidParameterException):
            ecr.batch_get_repository_scanning_configuration(repositoryNames=[f"n{number:02d}" for number in range(26)])
        with pytest.raises(ecr.exceptions.InvalidParameterException):
            ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[filtered("CONTINUOUS_SCAN", "*")])
        ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[filtered("SCAN_ON_PUSH", "*")])
        assert ecr.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "BASIC"


def test_account_settings(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", PLAIN)
    names = ("REGISTRY_POLICY_SCOPE", "BASIC_SCAN_TYPE_VERSION", "BLOB_MOUNTING")
    assert [ecr.get_account_setting(name=name)["value"] for name in names] == ["V2", "AWS_NATIVE", "DISABLED"]
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "ENABLED"
    for name, value in (("REGISTRY_POLICY_SCOPE", "V1"), ("BASIC_SCAN_TYPE_VERSION", "CLAIR"), ("COLOUR", "RED")):
        with pytest.raises(ecr.exceptions.InvalidParameterException):
            ecr.put_account_setting(name=name, value=value)


def test_an_old_registry_may_still_answer_v1() -> None:
    with serve_repositories(settings={"REGISTRY_POLICY_SCOPE": "V1"}) as simulation:
        assert client(simulation, "ecr", PLAIN).get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == "V1"


def test_templates_are_put_whole(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", PLAIN)
    ecr.create_repository_creation_template(
        prefix="prod/",
        appliedFor=["REPLICATION"],
        imageTagMutability="IMMUTABLE",
        lifecyclePolicy=LIFECYCLE,
        resourceTags=[{"Key": "team", "Value": "a"}],
    )
    with pytest.raises(ecr.exceptions.TemplateAlreadyExistsException):
        ecr.create_repository_creation_template(prefix="prod", appliedFor=["REPLICATION"])
    ecr.update_repository_creation_template(prefix="prod", description="new")
    (template,) = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    # What an update leaves out is kept, but for the mutability, which falls back.
    assert (template["prefix"], template["lifecyclePolicy"]) == ("prod", LIFECYCLE)
    assert template["imageTagMutability"] == "MUTABLE"
    assert template["resourceTags"] == [{"Key": "team", "Value": "a"}]
    ecr.delete_repository_creation_template(prefix="prod")
    with pytest.raises(ecr.exceptions.TemplateNotFoundException):
        ecr.update_repository_creation_template(prefix="prod")


def test_settings_of_a_repository(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE)
    named = {"repositoryName": "app/web"}
    filters = [{"filterType": "WILDCARD", "filter": "latest"}]
    ecr.put_image_tag_mutability(
        **named, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters
    )
    (row,) = ecr.describe_repositories()["repositories"]
    assert row["imageTagMutabilityExclusionFilters"] == filters
    ecr.put_image_tag_mutability(**named, imageTagMutability="IMMUTABLE")  # replaces the filters too
    assert "imageTagMutabilityExclusionFilters" not in ecr.describe_repositories()["repositories"][0]
    for bad in (
        {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
        {"imageTagMutability": "MUTABLE", "imageTagMutabilityExclusionFilters": filters},
        {
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a*b*c*"}],
        },
    ):
        with pytest.raises(ecr.exceptions.InvalidParameterException):
            ecr.put_image_tag_mutability(**named, **bad)
        with pytest.raises(ecr.exceptions.InvalidParameterException):
            ecr.create_repository_creation_template(prefix="bad", appliedFor=["REPLICATION"], **bad)
    with pytest.raises(ecr.exceptions.RepositoryPolicyNotFoundException):
        ecr.get_repository_policy(**named)
    policy = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}}
    ecr.set_repository_policy(**named, policyText=json.dumps(policy))
    assert json.loads(ecr.get_repository_policy(**named)["policyText"]) == policy
    ecr.delete_repository_policy(**named)
    arn = f"arn:aws:ecr:eu-west-1:{SOURCE}:repository/app/web"
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "a", "Value": "1"}]
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.list_tags_for_resource(resourceArn=arn.replace("eu-west-1", "us-east-1"))


def test_lifecycle_policies_and_their_preview() -> None:
    images = [
        {"tags": ["1"], "pushed_at": "2026-01-01T00:00:00Z"},
        {"tags": ["2"], "pushed_at": "2026-02-01T00:00:00Z"},
    ]
    with serve_repositories({"name": "app/web", "images": images}) as simulation:
        ecr = client(simulation, "ecr", PLAIN)
        named = {"repositoryName": "app/web"}
        with pytest.raises(ecr.exceptions.LifecyclePolicyNotFoundException):
            ecr.get_lifecycle_policy(**named)
        ecr.start_lifecycle_policy_preview(**named, lifecyclePolicyText=LIFECYCLE)
        preview = ecr.get_lifecycle_policy_preview(**named)
        assert [row["imageTags"] for row in preview["previewResults"]] == [["1"]]
        ecr.put_lifecycle_policy(**named, lifecyclePolicyText=LIFECYCLE)
        assert ecr.get_lifecycle_policy(**named)["lifecyclePolicyText"] == LIFECYCLE
        assert len(ecr.list_images(**named)["imageIds"]) == 2  # nothing expires while nobody waits a day
        for broken in (LIFECYCLE.replace("expire", "explode"), LIFECYCLE.replace('"any"', '"some"'), " " * 100):
            with pytest.raises(ecr.exceptions.InvalidParameterException):
                ecr.put_lifecycle_policy(**named, lifecyclePolicyText=broken)


@pytest.mark.parametrize(
    ("selected", "expiring"),
    [
        ({"tagPatternList": ["prod*"]}, [["prod-2", "v2"], ["prod-1"]]),
        ({"tagPatternList": ["prod*", "v*"]}, [["prod-2", "v2"]]),
        ({"tagPrefixList": ["prod", "v"]}, [["prod-2", "v2"]]),
        ({"tagPatternList": ["*1", "v*"]}, []),
    ],
)
def test_a_lifecycle_rule_selects_images_that_meet_all_its_patterns(
    selected: dict[str, list[str]], expiring: list[list[str]]
) -> None:
    images = [
        {"tags": ["prod-1"], "pushed_at": "2026-01-01T00:00:00Z"},
        {"tags": ["prod-2", "v2"], "pushed_at": "2026-02-01T00:00:00Z"},
        {"pushed_at": "2026-02-02T00:00:00Z"},
    ]
    selection = {"tagStatus": "tagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1}
    rule = {"rulePriority": 1, "selection": {**selection, **selected}, "action": {"type": "expire"}}
    with serve_repositories({"name": "app/web", "images": images}) as simulation:
        ecr = client(simulation, "ecr", PLAIN)
        ecr.start_lifecycle_policy_preview(repositoryName="app/web", lifecyclePolicyText=json.dumps({"rules": [rule]}))
        preview = ecr.get_lifecycle_policy_preview(repositoryName="app/web")
        assert [row["imageTags"] for row in preview["previewResults"]] == expiring


def test_repositories_are_made_and_deleted(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE)
    made = ecr.create_repository(repositoryName="new/one", tags=[{"Key": "a", "Value": "b"}])["repository"]
    assert made["encryptionConfiguration"] == {"encryptionType": "AES256"}
    with pytest.raises(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName="new/one")
    with pytest.raises(ecr.exceptions.KmsException):
        ecr.create_repository(
            repositoryName="new/two", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "absent"}
        )
    with pytest.raises(ecr.exceptions.RepositoryNotEmptyException):
        ecr.delete_repository(repositoryName="app/web")
    ecr.delete_repository(repositoryName="app/web", force=True)
    assert [row["repositoryName"] for row in ecr.describe_repositories()["repositories"]] == ["new/one"]


def test_signing_and_exclusions(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE)
    with pytest.raises(ecr.exceptions.SigningConfigurationNotFoundException):
        ecr.get_signing_configuration()
    status = ecr.describe_image_signing_status(repositoryName="app/web", imageId={"imageTag": "1.0"})
    assert status["signingStatuses"] == []
    profile = f"arn:aws:signer:eu-west-1:{SOURCE}:/signing-profiles/images"
    ecr.put_signing_configuration(signingConfiguration={"rules": [{"signingProfileArn": profile}]})
    assert ecr.get_signing_configuration()["signingConfiguration"]["rules"] == [{"signingProfileArn": profile}]
    ecr.delete_signing_configuration()
    scanner = f"arn:aws:iam::{SOURCE}:role/scanner"
    ecr.register_pull_time_update_exclusion(principalArn=scanner)
    assert ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [scanner]
    with pytest.raises(ecr.exceptions.ExclusionAlreadyExistsException):
        ecr.register_pull_time_update_exclusion(principalArn=scanner)
    ecr.deregister_pull_time_update_exclusion(principalArn=scanner)


def pairs(count: int) -> list[tuple[str, str]]:
    return [(f"2000000000{number:02d}", "eu-west-1") for number in range(count)]


@pytest.mark.parametrize(
    "rules",
    [
        [rule(*pairs(26))],
        [rule(*pairs(20)), rule(*reversed(pairs(26)))],
        [rule((TARGET, "eu-west-1"))] * 26,
        [rule((SOURCE, "eu-west-1"))],
        [rule((TARGET, "eu-west-9"))],
        [rule((TARGET, "cn-north-1"))],
        [{**rule((TARGET, "eu-west-1")), "repositoryFilters": []}],
        [{**rule((TARGET, "eu-west-1")), "repositoryFilters": [{"filter": "a*", "filterType": "PREFIX_MATCH"}]}],
        [{**rule((TARGET, "eu-west-1")), "repositoryFilters": [{"filter": "ab", "filterType": "WILDCARD"}]}],
        [
            {
                **rule((TARGET, "eu-west-1")),
                "repositoryFilters": [{"filter": f"f{n}", "filterType": "PREFIX_MATCH"} for n in range(101)],
            }
        ],
    ],
    ids=[
        "26-destinations",
        "26-over-rules",
        "26-rules",
        "itself",
        "no-region",
        "partition",
        "no-filters",
        "wildcard",
        "filter-type",
        "101-filters",
    ],
)
def test_a_replication_configuration_that_aws_refuses(simulation: Simulation, rules: list[dict[str, Any]]) -> None:
    ecr = client(simulation, "ecr", SOURCE, parameter_validation=False)
    before = simulation.snapshot()
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.put_replication_configuration(replicationConfiguration={"rules": rules})
    assert simulation.snapshot() == before


def test_the_limits_themselves_are_allowed(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", PLAIN)
    assert simulation.world.accounts[PLAIN].service_linked_role is False
    rules = [rule(*pairs(25), delete=True)] + [rule(*pairs(25), prefix="aa")] * 24
    ecr.put_replication_configuration(replicationConfiguration={"rules": rules})
    assert ecr.describe_registry()["replicationConfiguration"]["rules"] == rules
    assert simulation.world.accounts[PLAIN].service_linked_role is True  # the first put makes it
    ecr.put_replication_configuration(replicationConfiguration={"rules": []})
    assert ecr.describe_registry()["replicationConfiguration"]["rules"] == []


def test_a_registry_policy_is_kept_as_it_was_written(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE)
    malformed = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "arn:aws:eu-west-1:repository/*"}
    text = json.dumps({"Statement": malformed}, indent=3)
    ecr.put_registry_policy(policyText=text)  # ECR checks neither ARNs nor what V2 lets in
    assert ecr.get_registry_policy()["policyText"] == text
    ecr.delete_registry_policy()
    with pytest.raises(ClientError, match="RegistryPolicyNotFoundException"):
        ecr.delete_registry_policy()
