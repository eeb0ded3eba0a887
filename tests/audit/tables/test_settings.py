"""Settings of destination repositories in the `replicas` table, and the `templates` table."""

from __future__ import annotations

import json

import pytest

from tests.audit.tables.worlds import (
    BACKUP,
    HUB,
    REGION,
    THIRD,
    baseline,
    build,
    evidence,
    registry,
    replica_of,
    repository,
    rule,
)

KEY = f"arn:aws:kms:{REGION}:{BACKUP}:key/one"
ROLE = f"arn:aws:iam::{BACKUP}:role/templates"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecr.amazonaws.com"}, "Action": "sts:AssumeRole"}


def replica(world=None, **settings):
    wanted = baseline(settings=[settings]) if settings else None
    return build(world or replica_of(), wanted).only("replicas")


def modes(source, here, **settings):
    """The replica with a mode (and filters) at the source and at the destination."""
    sides = [
        {"tag_mutability": mode[0], "mutability_exclusions": json.dumps(list(mode[1:]))} for mode in (source, here)
    ]
    return replica(replica_of(source=sides[0], here=sides[1]), **settings)


MUTABLE, IMMUTABLE = ("MUTABLE",), ("IMMUTABLE",)


def all_but(*filters):
    return ("IMMUTABLE_WITH_EXCLUSION", *filters)


def only(*filters):
    return ("MUTABLE_WITH_EXCLUSION", *filters)


def pair(row, fact, expected):
    """Whether a fact is what is expected; None where either is unknown."""
    return None if None in (row[fact], row[expected]) else row[fact] == row[expected]


def mutability_met(row):
    return pair(row, "tag_mutability_setting", "expected_tag_mutability_setting")


def encryption_met(row):
    return pair(row, "encryption_in_baseline_terms", "expected_encryption")


def policy_met(row):
    return pair(row, "repository_policy_kind", "expected_repository_policy_kind")


def test_what_the_baseline_is_silent_about_is_not_required():
    row = replica()
    assert [row[name] for name in ASKED] == [False] * len(ASKED)
    assert (row["expected_tag_mutability"], row["expected_exclusions"]) == ("", "[]")
    expected = ("expected_tag_mutability_setting", "expected_encryption", "expected_repository_policy_kind")
    assert [row[name] for name in expected] == [""] * 3


EVERYTHING = {
    "tag_mutability": "IMMUTABLE", "scanning": {}, "encryption": {"type": "AES256"}, "repository_policy": "required",
    "lifecycle_policy": "required",
}  # fmt: skip
ASKED = (
    "tag_mutability_required",
    "scanning_required",
    "encryption_required",
    "repository_policy_required",
    "lifecycle_policy_required",
)
ANSWERED = (
    "tag_mutability_setting", "scan_frequency", "encryption_in_baseline_terms", "repository_policy_kind",
    "lifecycle_rules", "lifecycle_policy_present", "unprotected_tags",
)  # fmt: skip


@pytest.mark.parametrize(("complete", "asked"), [(True, False), (False, None)], ids=["absent", "not known"])
def test_settings_of_a_repository_that_is_not_there(complete, asked):
    row = replica(replica_of(backup={"repositories": [], "repositories_read": complete}), **EVERYTHING)
    assert [row[name] for name in ASKED] == [asked] * len(ASKED)
    assert [row[name] for name in ANSWERED] == [None] * len(ANSWERED)
    assert (row["exclusion_mode"], row["key_named"]) == (asked, asked)
    assert row["frozen_tags"] == ("" if complete else None)


def test_tags_that_cannot_move_at_the_source_are_safe_wherever_they_go():
    source = {"tag_mutability": "IMMUTABLE"}
    row = replica(replica_of(source=source, backup={"repositories": [], "repositories_read": False}))
    assert (row["destination_present"], row["frozen_tags"]) == (None, "")


def test_settings_that_were_not_read_are_unknown():
    unread = dict.fromkeys(
        ["detailed", "repository_policy", "lifecycle_policy", "tags", "scan_frequency", "image_count"]
    )
    row = replica(replica_of(here=unread), **EVERYTHING)
    assert [row[name] for name in ASKED] == [True] * len(ASKED)
    unknown = ("scan_frequency", "repository_policy_kind", "lifecycle_rules", "lifecycle_policy_present")
    assert [row[name] for name in unknown] == [None] * len(unknown)
    assert (mutability_met(row), encryption_met(row)) == (False, True)


@pytest.mark.parametrize(
    ("here", "asked", "held", "expected"),
    [
        (IMMUTABLE, IMMUTABLE, "IMMUTABLE", "IMMUTABLE"),
        (MUTABLE, IMMUTABLE, "MUTABLE", "IMMUTABLE"),
        (all_but("latest", "dev-*"), all_but("dev-*", "latest"), *["IMMUTABLE_WITH_EXCLUSION (dev-*, latest)"] * 2),
        (all_but("latest", "latest"), all_but("latest"), *["IMMUTABLE_WITH_EXCLUSION (latest)"] * 2),
        (all_but("latest"), all_but("latest", "dev-*"), "IMMUTABLE_WITH_EXCLUSION (latest)",
         "IMMUTABLE_WITH_EXCLUSION (dev-*, latest)"),
        (all_but("latest"), IMMUTABLE, "IMMUTABLE_WITH_EXCLUSION (latest)", "IMMUTABLE"),
        (("IMMUTABLE", "latest"), IMMUTABLE, "IMMUTABLE", "IMMUTABLE"),
    ],
)  # fmt: skip
def test_mutability_beside_what_the_baseline_requires(here, asked, held, expected):
    row = modes(IMMUTABLE, here, tag_mutability=asked[0], mutability_exclusions=asked[1:])
    assert (row["tag_mutability_setting"], row["expected_tag_mutability_setting"]) == (held, expected)
    assert row["expected_tag_mutability"] == asked[0]
    assert json.loads(row["expected_exclusions"]) == list(asked[1:])


def test_mutability_same_as_the_source():
    same = {"tag_mutability": "same-as-source"}
    assert mutability_met(modes(all_but("latest"), all_but("latest"), **same)) is True
    row = modes(all_but("latest"), IMMUTABLE, **same)
    assert (mutability_met(row), row["expected_exclusions"]) == (False, '["latest"]')


@pytest.mark.parametrize(
    ("here", "asked", "exclusions", "unprotected"),
    [
        (IMMUTABLE, IMMUTABLE, False, ""),
        (MUTABLE, IMMUTABLE, False, ""),
        (only("v1*"), IMMUTABLE, True, "all tags except those that match v1*"),
        (only("v1*"), None, True, ""),
        (only("*"), IMMUTABLE, True, ""),
        (only("v1*"), only("v1*"), True, ""),
        (all_but("latest"), None, True, ""),
        (all_but("dev-*", "*-rc"), None, True, ""),
        (all_but("*"), None, True, "version tags such as v1.0.0 (exclusion filters *)"),
        (all_but("v*"), None, True, "version tags such as v1.0.0 (exclusion filters v*)"),
        (all_but("*.*"), None, True, "version tags such as 2.13.4 (exclusion filters *.*)"),
        (all_but("v1*"), None, True, ""),
        (all_but("0*", "1*", "2*"), None, True, "version tags such as 2.13.4 (exclusion filters 0*, 1*, 2*)"),
        (all_but("v*"), all_but("v*"), True, ""),
        (all_but("v*", "latest"), all_but("latest"), True, "version tags such as v1.0.0 (exclusion filters v*)"),
    ],
)
def test_tags_that_exclusions_leave_unprotected(here, asked, exclusions, unprotected):
    settings = {"tag_mutability": asked[0], "mutability_exclusions": asked[1:]} if asked else {}
    row = modes(IMMUTABLE, here, **settings)
    assert (row["exclusion_mode"], row["unprotected_tags"]) == (exclusions, unprotected)


@pytest.mark.parametrize(
    ("source", "here", "frozen"),
    [
        (MUTABLE, MUTABLE, ""),
        (IMMUTABLE, IMMUTABLE, ""),
        (MUTABLE, IMMUTABLE, "all tags"),
        (MUTABLE, all_but("latest"), ""),
        (MUTABLE, all_but("dev-*"), "tags such as latest"),
        (MUTABLE, only("v*"), ""),
        (MUTABLE, only("*"), "all tags"),
        (MUTABLE, all_but("*"), ""),
        (MUTABLE, all_but("**", "v*"), ""),
        # The exclusion `*` turns a mode round.
        (only("*"), IMMUTABLE, ""),
        (only("v*", "**"), IMMUTABLE, ""),
        (only("*"), all_but("latest"), ""),
        (only("*"), only("latest"), ""),
        (all_but("*"), IMMUTABLE, "all tags"),
        (all_but("*"), all_but("latest"), ""),
        (all_but("v*"), only("*"), "tags that match v*"),
        # Where the source protects `latest`, another tag stands for those that move.
        (only("latest"), all_but("latest"), "tags such as main"),
        (only("latest"), only("latest", "v*"), ""),
        (only("l*"), all_but("main"), ""),
        (only("latest", "main", "dev", "stable", "edge"), all_but("v*"),
         "tags that do not match latest, main, dev, stable, edge"),
        (only("latest", "main", "dev", "stable", "edge"), only("latest"), ""),
        (only("latest", "main", "dev", "stable", "edge"), all_but("*"), ""),
        (all_but("latest"), IMMUTABLE, "tags that match latest"),
        (all_but("latest"), all_but("lat*", "x"), ""),
        (all_but("dev-*", "latest"), all_but("latest"), "tags that match dev-*, latest"),
        (all_but("dev-*"), only("v*"), ""),
        (all_but("dev-*"), only("*-prod"), "tags that match dev-*"),
        (only("v*"), IMMUTABLE, "all tags except those that match v*"),
        (only("v*"), MUTABLE, ""),
        (only("v*"), only("v1*"), ""),
        (only("v*"), only("v*", "l*"), "tags such as latest"),
    ],
)  # fmt: skip
def test_tags_that_move_at_the_source_and_are_frozen_in_the_replica(source, here, frozen):
    assert modes(source, here)["frozen_tags"] == frozen


@pytest.mark.parametrize("frequency", ["SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"])
def test_scanning(frequency):
    row = replica(replica_of(here={"scan_frequency": frequency}), scanning={"required": True})
    assert (row["scanning_required"], row["scan_frequency"]) == (True, frequency)
    assert replica(scanning={"required": False})["scanning_required"] is False


CUSTOMER, AWS_MANAGED = "KMS with a customer managed key", "KMS with the AWS managed key"
ANY = "arn:aws:kms:{{region}}:{{account}}:key/{}"


def keys(**states):
    return {"keys": json.dumps({KEY: {"state": "Enabled", "region": REGION} | states})}


@pytest.mark.parametrize(
    ("asked", "here", "facts", "held", "expected"),
    [
        ({"type": "AES256"}, ("AES256", ""), {}, "AES-256", "AES-256"),
        ({"type": "AES256"}, ("KMS", KEY), {}, f"KMS with key {KEY}", "AES-256"),
        ({"type": "KMS"}, ("AES256", ""), {}, "AES-256", "KMS with any key"),
        ({"type": "KMS"}, ("KMS", ""), {}, "KMS with any key", "KMS with any key"),
        ({"type": "KMS"}, ("KMS_DSSE", KEY), {}, f"KMS_DSSE with key {KEY}", "KMS with any key"),
        ({"type": "KMS", "key": "customer"}, ("KMS", ""), {}, AWS_MANAGED, CUSTOMER),
        ({"type": "KMS", "key": "customer"}, ("KMS", KEY), {"manager": "CUSTOMER"}, CUSTOMER, CUSTOMER),
        ({"type": "KMS", "key": "customer"}, ("KMS", KEY), {"manager": "AWS"}, AWS_MANAGED, CUSTOMER),
        ({"type": "KMS", "key": "customer"}, ("KMS", KEY), {}, None, CUSTOMER),
        ({"type": "KMS", "key": "customer"}, ("AES256", ""), {}, "AES-256", CUSTOMER),
        ({"type": "KMS", "key": ANY.format("one")}, ("KMS", KEY), {}, f"KMS with key {KEY}", f"KMS with key {KEY}"),
        ({"type": "KMS", "key": ANY.format("two")}, ("KMS", KEY), {}, f"KMS with key {KEY}",
         f"KMS with key {KEY[:-3]}two"),
        ({"type": "KMS", "key": ANY.format("one")}, ("KMS", ""), {}, AWS_MANAGED,
         f"KMS with key {KEY}"),
    ],
)  # fmt: skip
def test_encryption(asked, here, facts, held, expected):
    columns = {"encryption_type": here[0], "kms_key": here[1]}
    row = replica(replica_of(here=columns, backup=keys(**facts)), encryption=asked)
    assert row["encryption_required"] is True
    assert (row["encryption_in_baseline_terms"], row["expected_encryption"]) == (held, expected)
    wanted = asked.get("key", "")
    assert row["expected_kms_key"] == (
        "" if wanted in ("", "customer") else wanted.format(region=REGION, account=BACKUP)
    )


@pytest.mark.parametrize(
    ("key", "facts", "state", "unknown"),
    [
        (KEY, {}, "Enabled", ""),
        (KEY, {"state": "Disabled"}, "Disabled", ""),
        (KEY, {"state": "PendingDeletion"}, "PendingDeletion", ""),
        (KEY, {"state": "NotFound"}, "NotFound", ""),
        (KEY, {"state": None}, None, "the state of the key was not read"),
        (KEY.replace(REGION, "us-east-1"), {}, "in us-east-1", ""),
    ],
)
def test_keys_of_repositories(key, facts, state, unknown):
    row = replica(replica_of(here={"encryption_type": "KMS", "kms_key": key}, backup=keys(**facts)))
    assert (row["key_named"], row["kms_key"]) == (True, key)
    assert (row["key_state"], row["key_state_unknown"]) == (state, unknown)


def test_keys_that_were_not_described_are_unknown():
    for index in (None, "{}", "not json"):
        row = replica(replica_of(here={"encryption_type": "KMS", "kms_key": KEY}, backup={"keys": index}))
        assert (row["key_named"], row["key_state"]) == (True, None)
        assert row["key_state_unknown"]


TWO = ("ecr:BatchGetImage", "ecr:PutImage")
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": [*TWO]}]}
SAME = {"Statement": {"Action": [*TWO][::-1], "Principal": "*", "Effect": "Allow"}, "Version": "2012-10-17"}
NO_POLICY, SOME_POLICY = "no repository policy", "a repository policy"
OF_SOURCE, OF_BASELINE = (f"the repository policy of the {whose}" for whose in ("source", "baseline"))
OTHER = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": [*TWO]}]}


@pytest.mark.parametrize(
    ("asked", "source", "here", "kind", "expected_kind"),
    [
        ("required", "", "", NO_POLICY, SOME_POLICY),
        ("required", "", json.dumps(OTHER), SOME_POLICY, SOME_POLICY),
        ("none", "", "", NO_POLICY, NO_POLICY),
        ("none", "", json.dumps(OTHER), SOME_POLICY, NO_POLICY),
        (POLICY, "", json.dumps(SAME), OF_BASELINE, OF_BASELINE),
        (POLICY, "", json.dumps(OTHER), "another repository policy", OF_BASELINE),
        (POLICY, "", "", NO_POLICY, OF_BASELINE),
        (POLICY, "", "{", None, OF_BASELINE),
        (POLICY, "", None, None, OF_BASELINE),
        ("same-as-source", "", "", NO_POLICY, NO_POLICY),
        ("same-as-source", json.dumps(POLICY), json.dumps(SAME), OF_SOURCE, OF_SOURCE),
        ("same-as-source", json.dumps(POLICY), json.dumps(OTHER), "another repository policy", OF_SOURCE),
        ("same-as-source", json.dumps(POLICY), "", NO_POLICY, OF_SOURCE),
        ("same-as-source", "", json.dumps(POLICY), SOME_POLICY, NO_POLICY),
        ("same-as-source", None, json.dumps(POLICY), None, None),
    ],
)
def test_repository_policies(asked, source, here, kind, expected_kind):
    row = replica(
        replica_of(source={"repository_policy": source}, here={"repository_policy": here}), repository_policy=asked
    )
    assert row["repository_policy_required"] is True
    assert (row["repository_policy_kind"], row["expected_repository_policy_kind"]) == (kind, expected_kind)
    assert bool(row["repository_policy_unknown"]) is (here == "{")
    expected = (
        source if asked == "same-as-source" else json.dumps(asked, separators=(",", ":")) if asked is POLICY else ""
    )
    assert row["expected_repository_policy"] == expected


SELECTION = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}
LIFECYCLE = {"rules": [{"rulePriority": 1, "selection": SELECTION, "action": {"type": "expire"}}]}


@pytest.mark.parametrize(
    ("asked", "source", "delete", "required", "expected"),
    [
        ("required", "", False, True, ""),
        ("required", "", True, False, ""),
        ("not-required", "x", False, False, ""),
        (LIFECYCLE, "", False, True, json.dumps(LIFECYCLE, separators=(",", ":"))),
        ("same-as-source", "x", False, True, "x"),
        ("same-as-source", "", False, False, ""),
        ("same-as-source", None, False, None, None),
        ("same-as-source", None, True, False, None),
    ],
)
def test_lifecycle_policies(asked, source, delete, required, expected):
    hub = {"rules": [rule(f"{BACKUP}/{REGION}", delete=delete)]}
    row = replica(replica_of(source={"lifecycle_policy": source}, hub=hub), lifecycle_policy=asked)
    assert (row["lifecycle_policy_required"], row["lifecycle_policy_present"]) == (required, False)
    assert row["lifecycle_rules"] == 0
    assert row["expected_lifecycle_policy"] == expected


@pytest.mark.parametrize(
    ("text", "rules"),
    [("", 0), (json.dumps(LIFECYCLE), 1), ('{"rules":[{},{}]}', 2), ("x", None), ("{}", None), ("[]", None)],
)
def test_rules_of_a_lifecycle_policy_are_counted(text, rules):
    row = replica(replica_of(here={"lifecycle_policy": text}))
    assert (row["lifecycle_policy_present"], row["lifecycle_rules"]) == (bool(text), rules)


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
    assert [(row["expected_tag_mutability"], mutability_met(row)) for row in rows] == [
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
    assert (row["custom_role_state"], row["custom_role"], row["kms_key"]) == ("is not needed", "", "")
    assert template(appliedFor=["PULL_THROUGH_CACHE"])["for_replication"] is False


@pytest.mark.parametrize(
    "fields",
    [{"encryptionConfiguration": {"encryptionType": "KMS"}}, {"resourceTags": [{"Key": "a", "Value": "b"}]}],
    ids=["KMS", "tags"],
)
def test_kms_and_tags_need_a_role(fields):
    row = template(**fields)
    assert (row["role_needed"], row["custom_role_state"]) == (True, "is not named")


def trust(*statements):
    return {"exists": True, "trust": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


@pytest.mark.parametrize(
    ("role", "facts", "state", "unknown"),
    [
        (ROLE, trust(TRUST), "trusts ecr.amazonaws.com", ""),
        (
            ROLE,
            trust(TRUST | {"Principal": {"Service": ["x", "ecr.amazonaws.com"]}, "Action": ["STS:AssumeRole"]}),
            "trusts ecr.amazonaws.com",
            "",
        ),
        (ROLE, trust(TRUST | {"Principal": {"Service": "ec2.amazonaws.com"}}), "does not trust ecr.amazonaws.com", ""),
        (ROLE, trust(TRUST, TRUST | {"Effect": "Deny"}), "denies ecr.amazonaws.com in its trust policy", ""),
        (ROLE, trust(TRUST | {"Condition": {"StringEquals": {"a": "b"}}}), None, "conditions"),
        (ROLE, {"exists": False}, "does not exist", ""),
        (ROLE, {"exists": None}, None, "not read"),
        (ROLE, {"exists": True, "trust": "{"}, None, "could not be parsed"),
        (ROLE, None, None, "not read"),
        (ROLE.replace(BACKUP, THIRD), trust(TRUST), f"belongs to account {THIRD}", ""),
        ("templates", trust(TRUST), "is not the ARN of an IAM role", ""),
    ],
)
def test_roles_of_templates(role, facts, state, unknown):
    row = template(customRoleArn=role, resourceTags=[{"Key": "a", "Value": "b"}], roles=facts)
    assert row["custom_role_state"] == state
    assert unknown in row["custom_role_state_unknown"]
    assert bool(row["custom_role_state_unknown"]) is (state is None)


@pytest.mark.parametrize(
    ("facts", "state"),
    [({}, "Enabled"), ({"state": "Disabled"}, "Disabled"), ({"state": None}, None), (None, None)],
)
def test_keys_of_templates(facts, state):
    row = template(encryptionConfiguration={"encryptionType": "KMS", "kmsKey": KEY}, key_facts=facts)
    assert (row["key_named"], row["kms_key"], row["key_state"]) == (True, KEY, state)


@pytest.mark.parametrize("templates", ["{", "{}", '[{"prefix": 3}]'])
def test_templates_that_make_no_sense_are_missing_evidence(templates):
    tables = build(evidence(registry(BACKUP, templates=templates)))
    assert tables.rows("templates") == []
    assert "creation templates could not be understood" in tables.only("registries")["evidence_missing"]
