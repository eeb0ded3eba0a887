from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from checks.remediation.code import Code, cloudformation
from tests.checks.remediation.code.estates import TEXTS, A, B, adding, everything, policy, replicating, rule, template
from tests.checks.remediation.words import OTHER, change, context, finding, registry


def complaints(code: Code) -> list[str]:
    return [
        f"{name}: {match}"
        for name, text in code.files.items()
        if name.endswith(".json") and not name.endswith(".resources.json")
        for match in lint(text, config=ManualArgs(regions=[code.region], include_checks=["I", "W"]))
    ]


def resources(code: Code, ending: str = ".json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(code.files[f"{code.account}-{code.region}{ending}"])["Resources"]
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_values_are_the_same_whatever_they_are(text: str) -> None:
    code = cloudformation(everything(text))
    made = resources(code)
    assert made["TemplateProd"]["Properties"]["ResourceTags"] == [{"Key": "team", "Value": text}]
    assert made["TemplateProd"]["Properties"]["RepositoryPolicy"] == policy(text)
    assert made["RegistryPolicy"]["Properties"]["PolicyText"]["Id"] == "seen " + text
    assert len(made["RegistryPolicy"]["Properties"]["PolicyText"]["Statement"]) == 2
    assert len(resources(code, ".import.json")["RegistryPolicy"]["Properties"]["PolicyText"]["Statement"]) == 1


def test_the_linter_is_content_whatever_the_values() -> None:
    assert complaints(cloudformation(everything("".join(TEXTS)[:250]))) == []
    assert complaints(cloudformation(everything("".join(TEXTS)[-250:]))) == []


def test_what_exists_is_imported_as_it_is_and_only_then_changed() -> None:
    code = cloudformation(everything("x"))
    imported = json.loads(code.files["222222222222-eu-west-1.resources.json"])
    assert [one["ResourceIdentifier"] for one in imported] == [{"RegistryId": OTHER}] * 3
    before, after = resources(code, ".import.json"), resources(code)
    assert (
        set(before) == {one["LogicalResourceId"] for one in imported} == {"RegistryPolicy", "Replication", "Scanning"}
    )
    assert set(after) == {*before, "TemplateProd"}
    assert all(before[name] != after[name] for name in before)
    assert all(one["DeletionPolicy"] == "Retain" for one in (*before.values(), *after.values()))
    script = code.files["222222222222-eu-west-1.sh"]
    assert f'[ "$caller" = {OTHER} ]' in script
    assert script.index("--change-set-type IMPORT") < script.index("cloudformation deploy")
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_policies_of_repositories_that_no_stack_owns_are_left_out_and_told() -> None:
    code = cloudformation(everything("x"))
    whys = {one.what: one.why for one in code.left_out}
    assert "AWS::ECR::Repository" in whys["the lifecycle policy of prod/a-b"]
    assert "AWS::ECR::Repository" in whys["the repository policy of prod/a-b"]
    assert "run the script for it" in whys["Resource tags of prod/a-b: a"]
    assert "LEFT OUT, see Metadata: 3" in json.loads(code.files["222222222222-eu-west-1.json"])["Description"]


def test_rules_with_delete_replication_are_left_out_never_written_without() -> None:
    code = cloudformation(replicating(adding(B), rules=[rule(A, delete=True)]))
    assert code.files == {}
    assert "rule 1 with deleteReplication on" in code.left_out[0].why


def test_a_change_that_cloudformation_does_not_see_is_left_out() -> None:
    switched = replicating(change("replication.set-delete", rule=1, enabled=False), rules=[rule(A, delete=True)])
    code = cloudformation(switched)
    assert code.files == {}
    assert "only deleteReplication changes" in code.left_out[0].why


def test_rules_are_written_with_a_loud_warning() -> None:
    code = cloudformation(replicating(adding(B, prefixes=["prod/"]), rules=[rule(A, delete=False)]))
    assert complaints(code) == []
    assert "WARNING: CloudFormation does not support deleteReplication" in code.files["111111111111-eu-west-1.json"]
    rules = resources(code)["Replication"]["Properties"]["ReplicationConfiguration"]["Rules"]
    assert [len(one["Destinations"]) for one in rules] == [1, 1]
    assert code.sends


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"customRoleArn": f"arn:aws:iam::{OTHER}:role/with/path"}, "has a path"),
        ({"description": "{{resolve:ssm:x}}"}, "would replace"),
    ],
)
def test_what_the_schema_cannot_say_is_left_out(others: dict[str, Any], why: str) -> None:
    from checks.remediation import planned

    create = change("template.create", OTHER, prefix="prod", template=template("x", **others))
    (one,) = planned([finding(create)], context(registry(OTHER))).registries
    code = cloudformation(one)
    assert code.files == {}
    assert why in code.left_out[0].why


def test_the_largest_configuration_passes_too() -> None:
    rules = [rule(f"4000000000{n:02}/eu-west-1", prefixes=[f"a{n:02}-{m:02}/" for m in range(100)]) for n in range(24)]
    assert complaints(cloudformation(replicating(adding(B, prefixes=["zz/"]), rules=rules))) == []
