"""Steps of single repositories and accounts, run by the real AWS CLI: done once, already applied the second time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.changes import Change
from checks.remediation import commands, plan
from ecr_audit.simulator import World, serve
from tests.checks.remediation.words import change_from_json, finding, rule
from tests.closed_loop.estate import OTHER, REGION, SOURCE, client, differences, run, seen, world

TAGS = {"-owner": 'O\'Brien "team" $HOME `id`', "a key": "two\nlines \\ and é; rm -rf *"}
HOSTILE_TAG = '--it\'s "$(x)" `y` $HOME'
SCANNER = f"arn:aws:iam::{OTHER}:role/scan,ner@x"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "1" * 64, "size": 2},
        "layers": [],
        "annotations": {"note": 'it\'s "quoted" $(x) é \\'},
    },
    indent=3,
)
ENDS_WITH_BREAKS = MANIFEST + "\n\n"


def estate(**of_other: Any) -> World:
    other = {"account": OTHER, "region": REGION, "repositories": [{"name": "prod/api"}], **of_other}
    return World.from_document(world([{"account": SOURCE, "region": REGION}, other]))


def at_other(kind: str, **arguments: Any) -> Change:
    return change_from_json(kind, OTHER, REGION, arguments)


CASES = {
    "tags": (at_other("repository.tags", repository="prod/api", tags=TAGS), ("repositories", "prod/api")),
    "setting": (at_other("account.setting", name="BLOB_MOUNTING", seen="DISABLED", value="ENABLED"), ("settings",)),
    "exclusion": (at_other("account.pull-time-exclusion", principal=SCANNER), ("exclusions",)),
}


@pytest.mark.parametrize("name", CASES)
def test_once_is_done_and_twice_is_harmless(name: str, aws: str, tmp_path: Path) -> None:
    change, changed = CASES[name]
    with serve(estate()) as simulation:
        before = simulation.snapshot()
        text = commands(finding(change), seen(simulation, (OTHER, REGION)))
        shown = run(text, simulation, OTHER, aws, tmp_path, DRY_RUN="1")
        assert (shown.code, simulation.snapshot()) == (0, before), shown
        done = run(text, simulation, OTHER, aws, tmp_path)
        assert (done.code, done.errors) == (0, ""), done
        after = simulation.snapshot()
        places = [place[: 2 + len(changed)] for place in differences(before, after)]
        assert places == [(OTHER, REGION, *changed)]
        again = run(text, simulation, OTHER, aws, tmp_path)
        assert (again.code, again.errors) == (0, "")
        assert "already applied" in again.output
        assert simulation.snapshot() == after


def test_tags_arrive_as_they_are_and_others_stay(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        ecr = client(simulation, OTHER)
        arn = f"arn:aws:ecr:{REGION}:{OTHER}:repository/prod/api"
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": "kept", "Value": "1"}, {"Key": "a key", "Value": "old"}])
        more = [finding(at_other("repository.tags", repository="prod/api", tags={key: TAGS[key]})) for key in TAGS]
        (script,) = plan(more, seen(simulation, (OTHER, REGION)))
        assert script.text.count("aws ecr tag-resource") == 1
        assert run(script.text, simulation, OTHER, aws, tmp_path).code == 0
        tags = {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}
        assert tags == {"kept": "1", **TAGS}


def test_the_failure_rule_is_put_once_and_a_rule_of_somebody_else_is_left_alone(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        events = client(simulation, OTHER, service="events")
        text = commands(finding(at_other("account.failure-rule")), seen(simulation, (OTHER, REGION)))
        done = run(text, simulation, OTHER, aws, tmp_path)
        assert (done.code, done.errors) == (0, ""), done
        assert "add a target manually" in done.output
        (found,) = events.list_rules()["Rules"]
        assert json.loads(found["EventPattern"])["detail"] == {"result": ["FAILED"]}
        assert "already applied" in run(text, simulation, OTHER, aws, tmp_path).output
        events.put_rule(Name="ecr-replication-failed", EventPattern='{"source": ["aws.ecr"]}')
        assert run(text, simulation, OTHER, aws, tmp_path).code == 3
        (found,) = events.list_rules()["Rules"]
        assert json.loads(found["EventPattern"]) == {"source": ["aws.ecr"]}


def test_a_setting_that_somebody_changed_is_left_alone(aws: str, tmp_path: Path) -> None:
    with serve(estate(settings={"BLOB_MOUNTING": "ENABLED"})) as simulation:
        change = at_other("account.setting", name="REGISTRY_POLICY_SCOPE", seen="V1", value="V2")
        text = commands(finding(change), seen(simulation, (OTHER, REGION)))
        assert "already applied" in run(text, simulation, OTHER, aws, tmp_path).output


def test_a_setting_waits_for_the_policy_that_was_to_be_narrowed_first(aws: str, tmp_path: Path) -> None:
    wide = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "ecr:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [wide]}
    findings = [
        finding(
            at_other("policy.replace-statement", statement=1, replacement={**wide, "Action": "ecr:ReplicateImage"})
        ),
        finding(at_other("account.setting", name="BLOB_MOUNTING", seen="DISABLED", value="ENABLED")),
    ]
    with serve(estate(policy=json.dumps(policy))) as simulation:
        (script,) = plan(findings, seen(simulation, (OTHER, REGION)))
        changed = {**policy, "Statement": [{**wide, "Action": "ecr:Batch*"}]}
        client(simulation, OTHER).put_registry_policy(policyText=json.dumps(changed))
        before = simulation.snapshot()
        done = run(script.text, simulation, OTHER, aws, tmp_path)
        assert (done.code, simulation.snapshot()) == (5, before), done
        assert "Deferred: an earlier step was skipped." in done.errors


def pushed(simulation: Any, manifest: str, tag: str) -> str:
    answer = client(simulation, OTHER).put_image(repositoryName="prod/api", imageManifest=manifest, imageTag=tag)
    return str(answer["image"]["imageId"]["imageDigest"])


@pytest.mark.parametrize("manifest", [MANIFEST, ENDS_WITH_BREAKS], ids=["plain", "ends with line breaks"])
@pytest.mark.parametrize("moved", [True, False])
@pytest.mark.parametrize("tag", ["1.0", HOSTILE_TAG])
def test_a_tag_comes_to_the_image_that_is_there(manifest: str, moved: bool, tag: str, aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        digest = pushed(simulation, manifest, "kept")
        old = pushed(simulation, manifest.replace("note", "other"), tag) if moved else ""
        change = at_other("repository.retag", repository="prod/api", digest=digest, tag=tag, seen=old)
        text = commands(finding(change), seen(simulation, (OTHER, REGION)))
        before = simulation.snapshot()
        shown = run(text, simulation, OTHER, aws, tmp_path, DRY_RUN="1")
        assert (shown.code, shown.errors) == (0, ""), shown
        assert simulation.snapshot() == before
        done = run(text, simulation, OTHER, aws, tmp_path)
        assert (done.code, done.errors) == (0, ""), done
        ecr = client(simulation, OTHER)
        (image,) = ecr.describe_images(repositoryName="prod/api", imageIds=[{"imageTag": tag}])["imageDetails"]
        assert (image["imageDigest"], image["imageTags"]) == (digest, sorted(["kept", tag]))
        assert "already applied" in run(text, simulation, OTHER, aws, tmp_path).output


def test_a_tag_that_moved_meanwhile_and_an_image_that_is_gone_stay_as_they_are(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        digest, other = pushed(simulation, MANIFEST, "kept"), pushed(simulation, ENDS_WITH_BREAKS, "1.0")
        change = at_other("repository.retag", repository="prod/api", digest=digest, tag="1.0", seen="")
        text = commands(finding(change), seen(simulation, (OTHER, REGION)))
        before = simulation.snapshot()
        done = run(text, simulation, OTHER, aws, tmp_path)
        assert done.code == 3, done
        assert "changed since the audit" in done.errors
        assert simulation.snapshot() == before
        gone = at_other("repository.retag", repository="prod/api", digest="sha256:" + "0" * 64, tag="1.0", seen=other)
        assert (
            run(commands(finding(gone), seen(simulation, (OTHER, REGION))), simulation, OTHER, aws, tmp_path).code == 3
        )


def test_a_tag_moves_before_its_repository_is_frozen(aws: str, tmp_path: Path) -> None:
    with serve(estate()) as simulation:
        digest, other = pushed(simulation, MANIFEST, "kept"), pushed(simulation, ENDS_WITH_BREAKS, "1.0")
        findings = [
            finding(
                at_other("repository.tag-mutability", repository="prod/api", seen="MUTABLE", mutability="IMMUTABLE")
            ),
            finding(at_other("repository.retag", repository="prod/api", digest=digest, tag="1.0", seen=other)),
        ]
        (script,) = plan(findings, seen(simulation, (OTHER, REGION)))
        done = run(script.text, simulation, OTHER, aws, tmp_path)
        assert (done.code, done.errors) == (0, ""), done


def test_rules_are_thinned_out_as_told_by_their_numbers(aws: str, tmp_path: Path) -> None:
    here = f"{OTHER}/eu-central-1"
    rules = [
        rule(here, prefixes=["prod", "dead/"], delete=True),
        {**rule(here, here, prefixes=["base/", "base/"])},
        rule(here, prefixes=["gone/"]),
    ]
    changes = [
        change_from_json(
            "replication.replace-prefix", OTHER, REGION, {"rule": 1, "prefix": "prod", "replacements": ["prod/"]}
        ),
        change_from_json(
            "replication.replace-prefix", OTHER, REGION, {"rule": 1, "prefix": "dead/", "replacements": []}
        ),
        change_from_json("replication.remove-duplicates", OTHER, REGION, {"rule": 2}),
        change_from_json("replication.remove-rule", OTHER, REGION, {"rule": 3}),
    ]
    with serve(estate(rules=rules)) as simulation:
        (script,) = plan([finding(change) for change in changes], seen(simulation, (OTHER, REGION)))
        done = run(script.text, simulation, OTHER, aws, tmp_path)
        assert (done.code, done.errors) == (0, ""), done
        after = client(simulation, OTHER).describe_registry()["replicationConfiguration"]["rules"]
        assert after == [rule(here, prefixes=["prod/"], delete=True), rule(here, prefixes=["base/"])]
        assert "already applied" in run(script.text, simulation, OTHER, aws, tmp_path).output
