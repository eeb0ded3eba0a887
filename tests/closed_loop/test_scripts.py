from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from checks.changes import Change
from checks.model import Finding, Script
from checks.remediation import commands, plan
from ecr_audit.simulator import World, serve
from tests.checks.remediation.words import adding, change_from_json, finding, granting, removing, rule
from tests.closed_loop.estate import OTHER, REGION, SOURCE, client, differences, run, seen, world

KEPT = rule(f"{SOURCE}/eu-central-1", prefixes=["base/"], delete=True)
EXPIRE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": 'it\'s "quoted" $(x) `y` é',
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 9,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)
PULL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Pull",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            }
        ],
    }
)
WIDE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Everything",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
                "Action": "ecr:*",
                "Resource": f"arn:aws:ecr:{REGION}:{OTHER}:repository/legacy/*",
            }
        ],
    },
    indent=3,
)
TAGS = [
    {"Key": "-owner", "Value": 'O\'Brien "team" $HOME `id`'},
    {"Key": "note", "Value": "two\nlines \\ and é; rm -rf *"},
]
TEMPLATE = {
    "appliedFor": ["REPLICATION"],
    "description": "-for $(copies)",
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}],
    "resourceTags": TAGS,
    "customRoleArn": f"arn:aws:iam::{OTHER}:role/ecr-templates",
    "lifecyclePolicy": EXPIRE,
    "repositoryPolicy": PULL,
}


def estate(**others: Any) -> World:
    image = {"digest": "sha256:" + "a" * 64, "tags": ["1.0"], "pushed_at": "2026-01-01T00:00:00Z"}
    return World.from_document(
        world(
            [
                {
                    "account": SOURCE,
                    "region": REGION,
                    "rules": [KEPT, rule(f"{OTHER}/eu-central-1")],
                    "repositories": [{"name": "prod/api", "images": [image]}],
                    **others.pop("source", {}),
                },
                {"account": OTHER, "region": REGION, "policy": WIDE, "repositories": [{"name": "prod/api"}]},
            ],
            now="2026-11-23T02:00:00Z",
            **others,
        )
    )


def at_other(kind: str, **arguments: Any) -> Change:
    return change_from_json(kind, OTHER, REGION, arguments)


def everything() -> list[Finding]:
    narrow = {**json.loads(WIDE)["Statement"][0], "Action": "ecr:ReplicateImage"}
    return [
        finding(
            adding(f"{OTHER}/{REGION}", prefixes=["prod/"], delete=False),
            change_from_json("backfill.start", SOURCE, REGION, {"account": OTHER, "region": REGION}),
        ),
        finding(removing(f"{OTHER}/eu-central-1")),
        finding(granting(SOURCE, "prod/", organization="o-exampleorg1")),
        finding(at_other("policy.replace-statement", statement=1, replacement=narrow)),
        finding(at_other("template.create", prefix="prod", template=TEMPLATE)),
        finding(at_other("scanning.cover", prefixes=["prod/"], type="", frequency="")),
        finding(at_other("repository.create", repository="prod/new", tags={tag["Key"]: tag["Value"] for tag in TAGS})),
        finding(
            at_other(
                "repository.tag-mutability",
                repository="prod/api",
                seen="MUTABLE",
                mutability="IMMUTABLE_WITH_EXCLUSION",
                exclusions=["latest", "dev-*"],
            )
        ),
        finding(at_other("repository.lifecycle", repository="prod/api", seen="", policy=EXPIRE)),
        finding(at_other("repository.policy", repository="prod/api", seen="", policy=PULL)),
    ]


def run_all(scripts: tuple[Script, ...], simulation: Any, aws: str, folder: Path) -> list[tuple[str, int, str, str]]:
    ended = []
    for script in scripts:
        done = run(script.text, simulation, script.account, aws, folder)
        ended.append((script.name, done.code, done.output, done.errors))
    return ended


def test_a_plan_reaches_its_target_changes_nothing_else_and_may_be_repeated(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        before = simulation.snapshot()
        scripts = plan(everything(), seen(simulation, (SOURCE, REGION), (OTHER, REGION)))
        assert [script.name[:2] for script in scripts] == ["10", "20", "30", "40", "50", "50"]
        ended = run_all(scripts, simulation, aws, tmp_path)
        assert [(code, errors) for _, code, _, errors in ended] == [(0, "")] * 6, ended
        after = simulation.snapshot()
        assert set(differences(before, after)) == {
            (SOURCE, REGION, "rules"),
            (SOURCE, REGION, "backfills"),
            (SOURCE, REGION, "repositories", "prod/api", "images"),  # it now knows that it was replicated
            (OTHER, REGION, "policy"),
            (OTHER, REGION, "templates", "prod"),
            (OTHER, REGION, "scanning"),
            *(
                (OTHER, REGION, "repositories", "prod/api", part)
                for part in ("images", "lifecycle", "policy", "tag_mutability", "exclusions")
            ),
            (OTHER, REGION, "repositories", "prod/new"),
        }
        assert_target(simulation)
        again = run_all(scripts, simulation, aws, tmp_path)
        assert [(code, errors) for _, code, _, errors in again] == [(0, "")] * 6, again
        assert "done" not in "".join(output for _, _, output, _ in again)
        assert simulation.snapshot() == after


def assert_target(simulation: Any) -> None:
    """Read back through boto3 what the plan of `everything` was to write."""
    source, other = client(simulation, SOURCE), client(simulation, OTHER)
    rules = source.describe_registry()["replicationConfiguration"]["rules"]
    assert rules == [KEPT, rule(f"{OTHER}/{REGION}", prefixes=["prod/"], delete=False)]
    statements = json.loads(other.get_registry_policy()["policyText"])["Statement"]
    assert [(one["Sid"], one["Action"]) for one in statements] == [
        ("Everything", "ecr:ReplicateImage"),
        (f"AllowReplicationFrom{SOURCE}", ["ecr:ReplicateImage", "ecr:CreateRepository"]),
    ]
    (template,) = other.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert {name: template[name] for name in TEMPLATE} == {
        **TEMPLATE,
        "lifecyclePolicy": json.dumps(json.loads(EXPIRE)),
    }
    repository = other.describe_repositories(repositoryNames=["prod/api"])["repositories"][0]
    assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert len(repository["imageTagMutabilityExclusionFilters"]) == 2
    assert json.loads(other.get_lifecycle_policy(repositoryName="prod/api")["lifecyclePolicyText"]) == json.loads(
        EXPIRE
    )
    assert json.loads(other.get_repository_policy(repositoryName="prod/api")["policyText"]) == json.loads(PULL)
    arn = f"arn:aws:ecr:{REGION}:{OTHER}:repository/prod/new"
    assert sorted(other.list_tags_for_resource(resourceArn=arn)["tags"], key=str) == sorted(TAGS, key=str)
    images = other.describe_images(repositoryName="prod/api")["imageDetails"]
    assert [image["imageDigest"] for image in images] == ["sha256:" + "a" * 64]


def test_a_template_that_exists_keeps_every_field(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        client(simulation, OTHER).create_repository_creation_template(prefix="prod", **TEMPLATE)
        update = finding(at_other("template.update", prefix="prod", changes={"description": "new"}))
        text = commands(update, seen(simulation, (OTHER, REGION)))
        assert run(text, simulation, OTHER, aws, tmp_path).code == 0
        (after,) = client(simulation, OTHER).describe_repository_creation_templates()["repositoryCreationTemplates"]
        assert {name: after[name] for name in TEMPLATE} == {**TEMPLATE, "description": "new"}


def test_the_wrong_account_is_refused_by_name(tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        before = simulation.snapshot()
        text = commands(finding(adding(f"{OTHER}/{REGION}")), seen(simulation, (SOURCE, REGION)))
        # The executable as it is installed, so that the quick start of the other tests is not all that was tried.
        done = run(text, simulation, OTHER, str(Path(sys.executable).parent), tmp_path)
        assert done.code == 2
        assert SOURCE in done.errors
        assert OTHER in done.errors
        assert simulation.snapshot() == before


def test_without_an_aws_cli_it_says_so(tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        text = commands(finding(adding(f"{OTHER}/{REGION}")), seen(simulation, (SOURCE, REGION)))
        done = run(text, simulation, SOURCE, str(tmp_path), tmp_path, PATH="/usr/bin:/bin")
        assert (done.code, done.errors) == (2, "The AWS CLI (aws) is not on the PATH: install it first.\n")


def test_an_aws_cli_too_old_for_delete_replication_is_refused(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        text = commands(finding(adding(f"{OTHER}/{REGION}")), seen(simulation, (SOURCE, REGION)))
        # Without the newer models, the installed AWS CLI is such an old one.
        done = run(text, simulation, SOURCE, aws, tmp_path, AWS_DATA_PATH="/nowhere")
        assert done.code == 2, done
        assert "cannot send deleteReplication" in done.errors
        assert "update it" in done.errors


def test_documents_that_somebody_changed_are_left_alone(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        scripts = plan(everything(), seen(simulation, (SOURCE, REGION), (OTHER, REGION)))
        source, other = client(simulation, SOURCE), client(simulation, OTHER)
        source.put_replication_configuration(
            replicationConfiguration={"rules": [{**KEPT, "deleteReplication": {"enabled": False}}]}
        )
        other.put_registry_policy(policyText=WIDE.replace("legacy", "other"))
        other.put_image_tag_mutability(repositoryName="prod/api", imageTagMutability="IMMUTABLE")
        other.delete_repository(repositoryName="prod/api")
        other.create_repository(repositoryName="prod/api", imageTagMutability="IMMUTABLE")
        before = simulation.snapshot()
        for script in (scripts[1], scripts[4], scripts[5]):
            done = run(script.text, simulation, script.account, aws, tmp_path)
            assert done.code == 3
            assert "changed since the audit. Run the audit again." in done.errors
        assert simulation.snapshot() == before
        settings = run(scripts[3].text, simulation, OTHER, aws, tmp_path)
        assert settings.code == 3
        assert "The tag mutability of prod/api is neither" in settings.errors
        assert "Lifecycle policy of prod/api: done." in settings.output


def test_a_dry_run_shows_and_writes_nothing(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        before = simulation.snapshot()
        first = plan(everything(), seen(simulation, (SOURCE, REGION), (OTHER, REGION)))[0]
        done = run(first.text, simulation, OTHER, aws, tmp_path, DRY_RUN="1")
        assert (done.code, done.errors) == (0, "")
        assert done.output.count("dry run, not done: aws ecr") == 4
        assert f'"Sid": "AllowReplicationFrom{SOURCE}"' in done.output
        assert "done." not in done.output
        assert simulation.snapshot() == before


def test_a_refused_reading_is_not_called_a_change(aws: str, tmp_path: Path) -> None:
    denied = [{"account": OTHER, "operation": "ecr:GetRegistryPolicy", "kind": "deny"}]
    with serve(estate()) as open_simulation:
        text = commands(finding(granting(SOURCE, "")), seen(open_simulation, (OTHER, REGION)))
    with serve(estate(faults=denied)) as simulation:
        before = simulation.snapshot()
        done = run(text, simulation, OTHER, aws, tmp_path)
        assert done.code == 1
        assert "AccessDenied" in done.errors
        assert "changed" not in done.errors
        assert simulation.snapshot() == before


def test_one_script_for_two_accounts_does_the_part_of_each(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        both = finding(adding(f"{OTHER}/{REGION}", prefixes=["prod/"]), granting(SOURCE, "prod/"))
        text = commands(both, seen(simulation, (SOURCE, REGION), (OTHER, REGION)))
        before = simulation.snapshot()
        first = run(text, simulation, OTHER, aws, tmp_path)
        assert first.code == 0, first
        assert f"Part 2 needs credentials of account {SOURCE}" in first.output
        between = simulation.snapshot()
        assert set(differences(before, between)) == {(OTHER, REGION, "policy")}
        second = run(text, simulation, SOURCE, aws, tmp_path)
        assert second.code == 0, second
        assert set(differences(between, simulation.snapshot())) == {(SOURCE, REGION, "rules")}


def test_a_backfill_waits_for_the_one_that_is_running(aws: str, tmp_path: Path) -> None:
    running = {
        "id": "11111111-1111-1111-1111-111111111111",
        "account": SOURCE,
        "region": "eu-central-1",
        "status": "IN_PROGRESS",
        "started_at": "2026-11-23T01:00:00Z",
    }
    start = change_from_json("backfill.start", SOURCE, REGION, {"account": OTHER, "region": "eu-central-1"})
    with serve(estate(source={"backfills": [running]})) as simulation:
        text = commands(finding(start), seen(simulation, (SOURCE, REGION)))
        before = simulation.snapshot()
        done = run(text, simulation, SOURCE, aws, tmp_path)
        assert done.code == 5, done
        assert "Deferred: another backfill" in done.errors
        assert simulation.snapshot() == before
