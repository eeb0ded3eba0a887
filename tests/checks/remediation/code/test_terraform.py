from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest

from checks.remediation import planned
from checks.remediation.code import Code, hcl, terraform
from tests.checks.remediation.code.estates import (
    TEXTS,
    A,
    B,
    adding,
    everything,
    lifecycle,
    policy,
    replicating,
    rule,
    template,
)
from tests.checks.remediation.words import OTHER, change, context, finding, registry

_ESCAPE = re.compile(r"\$\$\{|%%\{|\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def meant(item: Any) -> Any:
    """What Terraform makes of parsed HCL: strings without their quotes and escapes, jsonencode evaluated."""
    if isinstance(item, dict):
        return {meant(key) if key.startswith('"') else key: meant(value) for key, value in item.items()}
    if isinstance(item, list):
        return [meant(value) for value in item]
    if isinstance(item, str) and item.startswith("${jsonencode("):
        return meant(hcl2.loads(f"x = {item[len('${jsonencode(') : -2]}\n")["x"])
    if isinstance(item, str) and item.startswith('"'):
        assert not re.search(r"(?<![$])\$\{|(?<![%])%\{", _ESCAPE.sub("", item)), "an interpolation"
        return _ESCAPE.sub(_char, item[1:-1])
    return item


def _char(match: re.Match[str]) -> str:
    if match[0] in ("$${", "%%{"):
        return match[0][1:]
    return chr(int(match[1] or match[2], 16)) if match[1] or match[2] else _PLAIN[match[3]]


def parsed(code: Code) -> dict[str, Any]:
    (text,) = code.files.values()
    found: dict[str, Any] = meant(hcl2.loads(text))
    return found


def resource(document: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [one[kind] for one in document["resource"] if kind in one]
    (body,) = found.values()
    return dict(body)


@pytest.mark.parametrize("text", TEXTS)
def test_values_are_the_same_whatever_they_are(text: str) -> None:
    document = parsed(terraform(everything(text)))
    made = resource(document, "aws_ecr_repository_creation_template")
    assert made["description"] == text
    assert made["resource_tags"]["team"] == text
    assert made["lifecycle_policy"] == json.loads(lifecycle(text))
    assert made["repository_policy"] == json.loads(policy(text))
    granted = resource(document, "aws_ecr_registry_policy")["policy"]
    assert (granted["Id"], len(granted["Statement"])) == ("seen " + text, 2)
    assert resource(document, "aws_ecr_lifecycle_policy")["policy"] == json.loads(lifecycle(text))
    assert resource(document, "aws_ecr_repository_policy")["policy"] == json.loads(policy(text))


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed; python-hcl2 read it above")
def test_terraform_itself_reads_the_same(tmp_path: Path) -> None:
    lines = [
        f'output "o{n}" {{\n  value = {hcl.value({text: [text, None, True, 1]})}\n}}' for n, text in enumerate(TEXTS)
    ]
    (tmp_path / "main.tf").write_text("\n".join(lines))
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    for words in (["apply", "-auto-approve", "-input=false"], ["output", "-json"]):
        done = subprocess.run(["terraform", *words], cwd=tmp_path, env=environment, capture_output=True, check=True)
    values = {name: one["value"] for name, one in json.loads(done.stdout).items()}
    assert values == {f"o{n}": {text: [text, None, True, 1]} for n, text in enumerate(TEXTS)}


def test_everything_that_exists_is_imported_under_its_own_name() -> None:
    document = parsed(terraform(everything("x")))
    imports = {one["to"]: one["id"] for one in document["import"]}
    assert imports == {
        "${aws_ecr_registry_policy.registry}": OTHER,
        "${aws_ecr_registry_scanning_configuration.registry}": OTHER,
        "${aws_ecr_replication_configuration.registry}": OTHER,
        "${aws_ecr_repository_policy.prod_a_b}": "prod/a-b",
    }
    assert document["provider"][0]["aws"]["allowed_account_ids"] == [OTHER]
    assert document["provider"][0]["aws"]["region"] == "eu-west-1"
    kinds = [kind for one in document["resource"] for kind in one if not kind.startswith("__")]
    assert len(kinds) == len(set(kinds)) == 6
    assert all(resource(document, kind)["lifecycle"][0]["prevent_destroy"] is True for kind in kinds)


def test_rules_come_with_a_loud_warning_and_all_they_say() -> None:
    code = terraform(replicating(adding(B, prefixes=["prod/"]), rules=[rule(A, delete=False)]))
    (text,) = code.files.values()
    assert "# WARNING: this provider does not support deleteReplication" in text
    (configuration,) = resource(parsed(code), "aws_ecr_replication_configuration")["replication_configuration"]
    first, second = configuration["rule"]
    assert "repository_filter" not in first
    assert second["repository_filter"][0]["filter"] == "prod/"
    assert second["destination"][0]["registry_id"] == "222222222222"


DELETING = [rule(A, delete=True)]
ELEVEN = [rule(f"4000000000{n:02}/eu-west-1", prefixes=[f"a{n:02}/"]) for n in range(10)]


@pytest.mark.parametrize(
    ("rules", "change", "why"),
    [
        (DELETING, adding(B), "rule 1 with deleteReplication on"),
        (DELETING, change("replication.set-delete", rule=1, enabled=False), "only deleteReplication changes"),
        (ELEVEN, adding(B), "11 rules"),
        ([rule(A)], change("replication.remove-rule", rule=1), "at least one"),
        ([{**rule(A), "futureElement": 1}], adding(B), "futureElement"),
    ],
)
def test_what_the_provider_cannot_say_is_left_out_never_said_in_part(rules: Any, change: Any, why: str) -> None:
    code = terraform(replicating(change, rules=rules))
    assert code.files == {}
    assert why in code.left_out[0].why
    assert code.left_out[0].what == "the replication configuration"


def test_an_update_that_would_make_a_template_mutable_is_left_out() -> None:
    there = {**template("x"), "prefix": "prod"}
    seen = context(registry(OTHER, templates=json.dumps([there])))
    described = change("template.update", OTHER, prefix="prod", changes={"description": "new"})
    frozen = change("template.update", OTHER, prefix="prod", changes={"imageTagMutability": "IMMUTABLE"})
    (one,) = planned([finding(described)], seen).registries
    assert "would change IMMUTABLE_WITH_EXCLUSION to MUTABLE" in terraform(one).left_out[0].why
    (one,) = planned([finding(described), finding(frozen)], seen).registries
    assert terraform(one).left_out == ()
    assert 'id = "prod"' in next(iter(terraform(one).files.values()))
