"""What must be in place before replication creates repositories, and templates that are brought in line."""

from __future__ import annotations

import json

import pytest

from checks.baseline.schema import Baseline
from checks.catalog import find
from checks.model import RemediationContext
from checks.remediation.prerequisites import prerequisites

SOURCE, PLACE = ("111111111111", "eu-west-1"), ("222222222222", "eu-central-1")
KEY = f"arn:aws:kms:{PLACE[1]}:{PLACE[0]}:key/one"
ROLE = f"arn:aws:iam::{PLACE[0]}:role/templates"
KMS = {"encryptionType": "KMS", "kmsKey": KEY}
ONE_KEY = {"encryption": {"type": "KMS", "key": "arn:aws:kms:{region}:{account}:key/one"}}
ANY_KEY = {"encryption": {"type": "KMS", "key": "customer"}}
ELSEWHERE = {"prefix": "elsewhere", "appliedFor": ["PULL_THROUGH_CACHE"], "customRoleArn": ROLE}


def template(prefix, **fields):
    return {"prefix": prefix, "appliedFor": ["REPLICATION"], **fields}


def context(settings, *templates, rules=(), unread=False):
    held = None if unread else json.dumps(templates)
    configuration = json.dumps({"rules": list(rules)})
    usual = {"partition": "aws", "registry_policy": "", "policy_scope": "V2"}
    return RemediationContext(
        Baseline.model_validate({"settings": settings}),
        "o-exampleorg1",
        {
            PLACE: {**usual, "templates": held},
            SOURCE: {**usual, "templates": "[]", "replication_configuration": configuration},
        },
    )


def prepared(settings, *templates, prefixes=("team/",), **others):
    found = prerequisites(context(settings, *templates, **others), SOURCE, PLACE, prefixes)
    return [(change.kind, change.arguments.get("prefix")) for change in found.changes], found.blockers


@pytest.mark.parametrize(
    ("settings", "templates", "changes"),
    [
        ([], [], []),
        ([{"tag_mutability": "IMMUTABLE"}], [], []),
        ([{"encryption": {"type": "AES256"}}], [], []),
        (
            [{"encryption": {"type": "AES256"}}],
            [template("ROOT", encryptionConfiguration=KMS)],
            [("template.create", "team")],
        ),
        ([ONE_KEY], [ELSEWHERE], [("template.create", "team")]),
        ([ONE_KEY], [template("team/", encryptionConfiguration=KMS)], []),
        ([ONE_KEY], [template("ROOT", encryptionConfiguration=KMS)], []),
        ([ANY_KEY], [template("ROOT", encryptionConfiguration=KMS)], []),
        ([ONE_KEY], [template("ROOT", customRoleArn=ROLE)], [("template.create", "team")]),
        ([ONE_KEY], [template("team/", customRoleArn=ROLE)], [("template.update", "team/")]),
        (
            [ONE_KEY],
            [template("team", customRoleArn=ROLE, appliedFor=["CREATE_ON_PUSH"])],
            [("template.update", "team")],
        ),
        ([{"repositories": ["team/a/"], **ONE_KEY}], [ELSEWHERE], [("template.create", "team/a")]),
        ([{"repositories": ["other/"], **ONE_KEY}], [ELSEWHERE], []),
    ],
)
def test_templates_come_before_rules(settings, templates, changes):
    assert prepared(settings, *templates) == (changes, ())


@pytest.mark.parametrize(
    ("settings", "templates", "why"),
    [
        ([ANY_KEY], [], "does not specify its ARN"),
        ([ANY_KEY], [template("ROOT")], "does not specify its ARN"),
        ([ONE_KEY], [], "need a custom role"),
        (
            [{"encryption": {"type": "AES256"}}, {"repositories": ["team"], **ONE_KEY}],
            [ELSEWHERE],
            "also matches others",
        ),
    ],
)
def test_what_no_command_can_prepare_is_an_obstacle(settings, templates, why):
    changes, blockers = prepared(settings, *templates, prefixes=("team",))
    assert changes == []
    assert why in blockers[0]


def test_templates_that_were_not_read_are_an_obstacle_only_where_the_default_would_be_wrong():
    assert "could not be read" in prepared([ONE_KEY], unread=True)[1][0]
    assert prepared([{"encryption": {"type": "AES256"}}], unread=True) == ([], ())


def test_the_name_of_one_repository_is_prepared_by_the_template_above_it():
    assert prepared([ONE_KEY], ELSEWHERE, prefixes=("team/app",))[0] == [("template.create", "team")]


def test_a_template_that_tags_comes_with_the_right_to_tag():
    tagged = [{**ONE_KEY, "tags": {"owner": "platform"}}]
    assert prepared(tagged, ELSEWHERE)[0] == [("template.create", "team"), ("policy.add-statement", None)]


def test_a_corrected_template_that_tags_comes_with_the_right_to_tag_for_whoever_copies_there():
    place = {"registryId": PLACE[0], "region": PLACE[1]}
    rules = [{"destinations": [place], "repositoryFilters": [{"filter": one} for one in ("te", "team/b", "x")]}]
    world = context([{"tags": {"owner": "platform"}}], template("team", customRoleArn=ROLE), rules=rules)
    row = {
        "account": PLACE[0], "region": PLACE[1], "prefix": "team", "settings_contradicted": '{"team/":["tags"]}',
        "settings_below": "[]", "differing_settings": '["tags of team/*"]',
    }  # fmt: skip
    (check,) = find("settings.template-as-declared")
    grant, update = check.remediation(row, world).changes
    assert (grant.kind, grant.source_account, list(grant.prefixes)) == (
        "policy.add-statement", SOURCE[0], ["team/"],
    )  # fmt: skip
    assert update.changes == {"resourceTags": [{"Key": "owner", "Value": "platform"}]}
