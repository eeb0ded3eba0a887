"""Settings of destination repositories in the `replicas` table, and the `templates` table."""

from __future__ import annotations

import json

import pytest

from .worlds import BACKUP, HUB, REGION, THIRD, baseline, build, copy_of, evidence, registry, repository, rule

KEY = f"arn:aws:kms:{REGION}:{BACKUP}:key/one"
ROLE = f"arn:aws:iam::{BACKUP}:role/templates"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecr.amazonaws.com"}, "Action": "sts:AssumeRole"}


def replica(world=None, **settings):
    wanted = baseline(settings=[settings]) if settings else None
    return build(world or copy_of(), wanted).only("replicas")


def modes(source, here, **settings):
    """The replica with a mode (and filters) at the source and at the destination."""
    sides = [
        {"tag_mutability": mode[0], "mutability_exclusions": json.dumps(list(mode[1:]))} for mode in (source, here)
    ]
    return replica(copy_of(source=sides[0], here=sides[1]), **settings)


MUTABLE, IMMUTABLE = ("MUTABLE",), ("IMMUTABLE",)


def all_but(*filters):
    return ("IMMUTABLE_WITH_EXCLUSION", *filters)


def only(*filters):
    return ("MUTABLE_WITH_EXCLUSION", *filters)


def test_what_the_baseline_does_not_ask_for_is_not_declared():
    row = replica()
    for name in ("mutability", "encryption", "repository_policy"):
        assert (row[f"{name}_declared"], row[f"{name}_as_declared"]) == (False, None)
    assert (row["scanning_required"], row["lifecycle_required"]) == (False, False)
    assert (row["expected_tag_mutability"], row["expected_exclusions"]) == ("", "[]")


EVERYTHING = {
    "tag_mutability": "IMMUTABLE", "scanning": {}, "encryption": {"type": "AES256"}, "repository_policy": "required",
    "lifecycle_policy": "required",
}  # fmt: skip
ASKED = (
    "mutability_declared",
    "scanning_required",
    "encryption_declared",
    "repository_policy_declared",
    "lifecycle_required",
)
ANSWERED = (
    "mutability_as_declared", "scanned", "encryption_as_declared", "repository_policy_as_declared", "lifecycle_present",
    "immutability_effective",
)  # fmt: skip


@pytest.mark.parametrize(("complete", "asked"), [(True, False), (False, None)], ids=["absent", "not known"])
def test_settings_of_a_repository_that_is_not_there(complete, asked):
    row = replica(copy_of(backup={"repositories": [], "repositories_read": complete}), **EVERYTHING)
    assert [row[name] for name in ASKED] == [asked] * len(ASKED)
    assert [row[name] for name in ANSWERED] == [None] * len(ANSWERED)
    assert (row["immutability_claimed"], row["key_named"]) == (asked, asked)
    assert row["moving_tags_safe"] is (True if complete else None)


def test_tags_that_cannot_move_at_the_source_are_safe_wherever_they_go():
    source = {"tag_mutability": "IMMUTABLE"}
    row = replica(copy_of(source=source, backup={"repositories": [], "repositories_read": False}))
    assert (row["destination_present"], row["moving_tags_safe"]) == (None, True)


def test_settings_that_were_not_read_are_unknown():
    unread = dict.fromkeys(
        ["detailed", "repository_policy", "lifecycle_policy", "tags", "scan_frequency", "image_count"]
    )
    row = replica(copy_of(here=unread), **EVERYTHING)
    assert [row[name] for name in ASKED] == [True] * len(ASKED)
    assert (row["scanned"], row["repository_policy_as_declared"], row["lifecycle_present"]) == (None, None, None)
    assert (row["mutability_as_declared"], row["encryption_as_declared"]) == (False, True)


@pytest.mark.parametrize(
    ("here", "asked", "as_declared"),
    [
        (IMMUTABLE, IMMUTABLE, True),
        (MUTABLE, IMMUTABLE, False),
        (all_but("latest", "dev-*"), all_but("dev-*", "latest"), True),
        (all_but("latest"), all_but("latest", "dev-*"), False),
        (all_but("latest"), IMMUTABLE, False),
    ],
)
def test_mutability_as_declared(here, asked, as_declared):
    row = modes(IMMUTABLE, here, tag_mutability=asked[0], mutability_exclusions=asked[1:])
    assert row["mutability_as_declared"] is as_declared
    assert row["expected_tag_mutability"] == asked[0]
    assert json.loads(row["expected_exclusions"]) == list(asked[1:])


def test_mutability_same_as_the_source():
    same = {"tag_mutability": "same-as-source"}
    assert modes(all_but("latest"), all_but("latest"), **same)["mutability_as_declared"] is True
    row = modes(all_but("latest"), IMMUTABLE, **same)
    assert (row["mutability_as_declared"], row["expected_exclusions"]) == (False, '["latest"]')


@pytest.mark.parametrize(
    ("here", "asked", "claimed", "effective"),
    [
        (IMMUTABLE, IMMUTABLE, False, True),
        (MUTABLE, IMMUTABLE, False, True),
        (only("v1*"), IMMUTABLE, True, False),
        (only("v1*"), None, True, True),
        (only("v1*"), only("v1*"), True, True),
        (all_but("latest"), None, True, True),
        (all_but("dev-*", "*-rc"), None, True, True),
        (all_but("*"), None, True, False),
        (all_but("v*"), None, True, False),
        (all_but("*.*"), None, True, False),
        (all_but("v1*"), None, True, True),
        (all_but("0*", "1*", "2*"), None, True, False),
        (all_but("v*"), all_but("v*"), True, True),
        (all_but("v*", "latest"), all_but("latest"), True, False),
    ],
)
def test_immutability_in_effect(here, asked, claimed, effective):
    settings = {"tag_mutability": asked[0], "mutability_exclusions": asked[1:]} if asked else {}
    row = modes(IMMUTABLE, here, **settings)
    assert (row["immutability_claimed"], row["immutability_effective"]) == (claimed, effective)
    assert bool(row["immutability_problem"]) is not effective


@pytest.mark.parametrize(
    ("source", "here", "safe"),
    [
        (MUTABLE, MUTABLE, True),
        (IMMUTABLE, IMMUTABLE, True),
        (MUTABLE, IMMUTABLE, False),
        (MUTABLE, all_but("latest"), True),
        (MUTABLE, all_but("dev-*"), False),
        (MUTABLE, only("v*"), True),
        (MUTABLE, only("*"), False),
        (all_but("latest"), IMMUTABLE, False),
        (all_but("latest"), all_but("lat*", "x"), True),
        (all_but("dev-*", "latest"), all_but("latest"), False),
        (all_but("dev-*"), only("v*"), True),
        (all_but("dev-*"), only("*-prod"), False),
        (only("v*"), IMMUTABLE, False),
        (only("v*"), MUTABLE, True),
        (only("v*"), only("v1*"), True),
        (only("v*"), only("v*", "l*"), False),
    ],
)
def test_tags_that_move_at_the_source_must_be_able_to_move(source, here, safe):
    row = modes(source, here)
    assert row["moving_tags_safe"] is safe
    assert bool(row["moving_tags_problem"]) is not safe


@pytest.mark.parametrize(
    ("frequency", "scanned"), [("SCAN_ON_PUSH", True), ("CONTINUOUS_SCAN", True), ("MANUAL", False)]
)
def test_scanning(frequency, scanned):
    row = replica(copy_of(here={"scan_frequency": frequency}), scanning={"required": True})
    assert (row["scanning_required"], row["scanned"]) == (True, scanned)
    assert replica(scanning={"required": False})["scanning_required"] is False


def keys(**states):
    return {"keys": json.dumps({KEY: {"state": "Enabled", "region": REGION} | states})}


@pytest.mark.parametrize(
    ("asked", "here", "facts", "as_declared"),
    [
        ({"type": "AES256"}, ("AES256", ""), {}, True),
        ({"type": "KMS"}, ("AES256", ""), {}, False),
        ({"type": "KMS"}, ("KMS", ""), {}, True),
        ({"type": "KMS", "key": "customer"}, ("KMS", ""), {}, False),
        ({"type": "KMS", "key": "customer"}, ("KMS", KEY), {"manager": "CUSTOMER"}, True),
        ({"type": "KMS", "key": "customer"}, ("KMS", KEY), {"manager": "AWS"}, False),
        ({"type": "KMS", "key": "customer"}, ("KMS", KEY), {}, None),
        ({"type": "KMS", "key": "arn:aws:kms:{region}:{account}:key/one"}, ("KMS", KEY), {}, True),
        ({"type": "KMS", "key": "arn:aws:kms:{region}:{account}:key/two"}, ("KMS", KEY), {}, False),
    ],
)
def test_encryption(asked, here, facts, as_declared):
    columns = {"encryption_type": here[0], "kms_key": here[1]}
    row = replica(copy_of(here=columns, backup=keys(**facts)), encryption=asked)
    assert (row["encryption_declared"], row["encryption_as_declared"]) == (True, as_declared)
    wanted = asked.get("key", "")
    assert row["expected_kms_key"] == (
        "" if wanted in ("", "customer") else wanted.format(region=REGION, account=BACKUP)
    )


@pytest.mark.parametrize(
    ("key", "facts", "usable", "word"),
    [
        (KEY, {}, True, ""),
        (KEY, {"state": "Disabled"}, False, "Disabled"),
        (KEY, {"state": "PendingDeletion"}, False, "PendingDeletion"),
        (KEY, {"state": "NotFound"}, False, "does not exist"),
        (KEY, {"state": None}, None, "not read"),
        (KEY.replace(REGION, "us-east-1"), {}, False, "us-east-1"),
    ],
)
def test_keys_of_repositories(key, facts, usable, word):
    row = replica(copy_of(here={"encryption_type": "KMS", "kms_key": key}, backup=keys(**facts)))
    assert (row["key_named"], row["kms_key"], row["key_usable"]) == (True, key, usable)
    assert word in row["key_problem"]


def test_keys_that_nobody_described_are_unknown():
    for known in (None, "{}", "not json"):
        row = replica(copy_of(here={"encryption_type": "KMS", "kms_key": KEY}, backup={"keys": known}))
        assert (row["key_named"], row["key_usable"]) == (True, None)


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["ecr:A", "ecr:B"]}]}
SAME = {"Statement": {"Action": ["ecr:B", "ecr:A"], "Principal": "*", "Effect": "Allow"}, "Version": "2012-10-17"}
OTHER = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": ["ecr:A", "ecr:B"]}]}


@pytest.mark.parametrize(
    ("asked", "source", "here", "as_declared"),
    [
        ("required", "", "", False),
        ("required", "", json.dumps(OTHER), True),
        ("none", "", "", True),
        ("none", "", json.dumps(OTHER), False),
        (POLICY, "", json.dumps(SAME), True),
        (POLICY, "", json.dumps(OTHER), False),
        (POLICY, "", "", False),
        (POLICY, "", "{", None),
        ("same-as-source", "", "", True),
        ("same-as-source", json.dumps(POLICY), json.dumps(SAME), True),
        ("same-as-source", json.dumps(POLICY), "", False),
        ("same-as-source", "", json.dumps(POLICY), False),
        ("same-as-source", None, json.dumps(POLICY), None),
    ],
)
def test_repository_policies(asked, source, here, as_declared):
    row = replica(
        copy_of(source={"repository_policy": source}, here={"repository_policy": here}), repository_policy=asked
    )
    assert (row["repository_policy_declared"], row["repository_policy_as_declared"]) == (True, as_declared)
    if as_declared is not None:
        assert bool(row["repository_policy_problem"]) is not as_declared
    expected = (
        source if asked == "same-as-source" else json.dumps(asked, separators=(",", ":")) if asked is POLICY else ""
    )
    assert row["expected_repository_policy"] == expected


LIFECYCLE = {"rules": [{"rulePriority": 1}]}


@pytest.mark.parametrize(
    ("asked", "source", "delete", "required", "expected"),
    [
        ("required", "", False, True, ""),
        ("required", "", True, False, ""),
        ("not-required", "x", False, False, ""),
        (LIFECYCLE, "", False, True, '{"rules":[{"rulePriority":1}]}'),
        ("same-as-source", "x", False, True, "x"),
        ("same-as-source", "", False, False, ""),
        ("same-as-source", None, False, None, None),
        ("same-as-source", None, True, False, None),
    ],
)
def test_lifecycle_policies(asked, source, delete, required, expected):
    hub = {"rules": [rule(f"{BACKUP}/{REGION}", delete=delete)]}
    row = replica(copy_of(source={"lifecycle_policy": source}, hub=hub), lifecycle_policy=asked)
    assert (row["lifecycle_required"], row["lifecycle_present"]) == (required, False)
    assert row["expected_lifecycle_policy"] == expected
    assert (
        replica(copy_of(here={"lifecycle_policy": "x"}, hub=hub), lifecycle_policy=asked)["lifecycle_present"] is True
    )


def test_the_longest_prefix_of_the_baseline_decides():
    names = ["aa/1", "aa/bb/1", "cc/1"]
    hub = registry(HUB, rules=[rule(f"{BACKUP}/{REGION}")], repositories=[repository(name) for name in names])
    wanted = baseline(settings=[
        {"tag_mutability": "MUTABLE"},
        {"repositories": ["aa/"], "tag_mutability": "IMMUTABLE"},
        {"repositories": ["aa/bb"], "tag_mutability": "same-as-source"},
    ])  # fmt: skip
    backup = registry(BACKUP, repositories=[repository(name) for name in names])
    rows = build(evidence(hub, backup), wanted).rows("replicas")
    assert [(row["expected_tag_mutability"], row["mutability_as_declared"]) for row in rows] == [
        ("IMMUTABLE", False), ("MUTABLE", True), ("MUTABLE", True),
    ]  # fmt: skip


def template(*, roles=None, key_facts=None, **fields):
    document = {"prefix": "prod/", "appliedFor": ["REPLICATION"]} | fields
    parts = {"templates": json.dumps([document])}
    if roles is not None:
        parts["roles"] = json.dumps({ROLE: roles})
    return build(evidence(registry(BACKUP, **parts, **(keys(**key_facts) if key_facts is not None else {})))).only(
        "templates"
    )


def test_a_plain_template():
    row = template()
    assert (row["prefix"], row["for_replication"], row["role_needed"], row["key_named"]) == ("prod", True, False, False)
    assert (row["role_valid"], row["custom_role"], row["kms_key"]) == (True, "", "")
    assert template(appliedFor=["PULL_THROUGH_CACHE"])["for_replication"] is False


@pytest.mark.parametrize(
    "fields",
    [{"encryptionConfiguration": {"encryptionType": "KMS"}}, {"resourceTags": [{"Key": "a", "Value": "b"}]}],
    ids=["KMS", "tags"],
)
def test_kms_and_tags_need_a_role(fields):
    row = template(**fields)
    assert (row["role_needed"], row["role_valid"]) == (True, False)
    assert "names no custom role" in row["role_problem"]


def trust(*statements):
    return {"exists": True, "trust": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


@pytest.mark.parametrize(
    ("role", "facts", "valid", "word"),
    [
        (ROLE, trust(TRUST), True, ""),
        (
            ROLE,
            trust(TRUST | {"Principal": {"Service": ["x", "ecr.amazonaws.com"]}, "Action": ["STS:AssumeRole"]}),
            True,
            "",
        ),
        (ROLE, trust(TRUST | {"Principal": {"Service": "ec2.amazonaws.com"}}), False, "does not trust"),
        (ROLE, trust(TRUST, TRUST | {"Effect": "Deny"}), False, "denies"),
        (ROLE, trust(TRUST | {"Condition": {"StringEquals": {"a": "b"}}}), None, "conditions"),
        (ROLE, {"exists": False}, False, "does not exist"),
        (ROLE, {"exists": None}, None, "not read"),
        (ROLE, {"exists": True, "trust": "{"}, None, "could not be understood"),
        (ROLE, None, None, "not read"),
        (ROLE.replace(BACKUP, THIRD), trust(TRUST), False, f"account {THIRD}"),
        ("templates", trust(TRUST), False, "not the ARN"),
    ],
)
def test_roles_of_templates(role, facts, valid, word):
    row = template(customRoleArn=role, resourceTags=[{"Key": "a", "Value": "b"}], roles=facts)
    assert row["role_valid"] is valid
    assert word in row["role_problem"]


@pytest.mark.parametrize(
    ("facts", "usable"), [({}, True), ({"state": "Disabled"}, False), ({"state": None}, None), (None, None)]
)
def test_keys_of_templates(facts, usable):
    row = template(encryptionConfiguration={"encryptionType": "KMS", "kmsKey": KEY}, key_facts=facts)
    assert (row["key_named"], row["kms_key"], row["key_usable"]) == (True, KEY, usable)


@pytest.mark.parametrize("templates", ["{", "{}", '[{"prefix": 3}]'])
def test_templates_that_make_no_sense_are_missing_evidence(templates):
    tables = build(evidence(registry(BACKUP, templates=templates)))
    assert tables.rows("templates") == []
    assert "creation templates could not be understood" in tables.only("registries")["evidence_missing"]
