"""What the baseline asks of templates, registries and signing, in the tables that hold it."""

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
ASKED = {"type": "KMS", "key": "arn:aws:kms:{region}:{account}:key/one"}
KMS = {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KEY}}
KEEP = {"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}, "action": {"type": "expire"}}]}  # fmt: skip  # noqa: E501 - one document
PULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["ecr:PutImage"]}]}


def templates(*documents, settings=(), rules=None, keys="{}", prefix="prod"):
    """The rows of the templates of the backup registry, to which the hub replicates what *rules* say."""
    held = [{"prefix": prefix, "appliedFor": ["REPLICATION"], **each} for each in documents]
    hub = registry(HUB, rules=[rule(f"{BACKUP}/{REGION}")] if rules is None else rules)
    backup = registry(BACKUP, templates=json.dumps(held), keys=keys)
    return {row["prefix"]: row for row in build(evidence(hub, backup), baseline(settings=settings)).rows("templates")}


def judged(document, **settings):
    row = templates(document, settings=[settings])["prod"]
    return row["settings_required"], met(row), row["settings_contradicted"]


def met(row):
    """Whether a template gives what the baseline requires; None: unknown."""
    return None if row["differing_settings"] is None else row["differing_settings"] == "[]"


@pytest.mark.parametrize(
    ("document", "asked", "as_declared", "field"),
    [
        ({}, {"tag_mutability": "IMMUTABLE"}, False, "tag_mutability"),
        ({"imageTagMutability": "IMMUTABLE"}, {"tag_mutability": "IMMUTABLE"}, True, ""),
        ({}, {"tag_mutability": "MUTABLE"}, True, ""),
        ({}, {"encryption": {"type": "AES256"}}, True, ""),
        ({}, {"encryption": {"type": "KMS"}}, False, "encryption"),
        (KMS, {"encryption": ASKED}, True, ""),
        (KMS, {"encryption": {"type": "KMS", "key": "customer"}}, None, ""),
        (KMS, {"encryption": {"type": "AES256"}}, False, "encryption"),
        ({}, {"lifecycle_policy": KEEP}, False, "lifecycle_policy"),
        ({"lifecyclePolicy": json.dumps(KEEP, indent=1)}, {"lifecycle_policy": KEEP}, True, ""),
        ({}, {"repository_policy": "required"}, False, "repository_policy"),
        ({"repositoryPolicy": json.dumps(PULL)}, {"repository_policy": "required"}, True, ""),
        ({"repositoryPolicy": json.dumps(PULL)}, {"repository_policy": "none"}, False, "repository_policy"),
        ({"repositoryPolicy": json.dumps(PULL, indent=1)}, {"repository_policy": PULL}, True, ""),
        ({}, {"tags": {"a": "b"}}, False, "tags"),
        ({"resourceTags": [{"Key": "a", "Value": "b"}, {"Key": "c"}]}, {"tags": {"a": "b"}}, True, ""),
    ],
)
def test_each_field_that_a_template_can_have(document, asked, as_declared, field):
    contradicted = {"prod/": [field]} if field else {}
    assert judged(document, **asked) == (True, as_declared, json.dumps(contradicted, separators=(",", ":")))


@pytest.mark.parametrize(
    "asked",
    [
        {"scanning": {}}, {"tag_mutability": "same-as-source"}, {"lifecycle_policy": "required"},
        {"lifecycle_policy": "same-as-source"}, {"repository_policy": "same-as-source"},
    ],
)  # fmt: skip
def test_what_no_template_can_promise_is_not_judged(asked):
    assert judged({}, **asked) == (False, None, "{}")


def test_templates_for_other_purposes_are_not_judged():
    document = {"appliedFor": ["PULL_THROUGH_CACHE"]}
    assert judged(document, tag_mutability="IMMUTABLE")[:2] == (False, None)


IMMUTABLE_BELOW = [{"tag_mutability": "MUTABLE"}, {"repositories": ["prod/a/"], "tag_mutability": "IMMUTABLE"}]


@pytest.mark.parametrize("prefix", ["prod", "ROOT"])
def test_names_below_that_are_copied_are_judged_too(prefix):
    row = templates({}, settings=IMMUTABLE_BELOW, prefix=prefix)[prefix]
    assert (row["differing_settings"], row["settings_below"]) == ('["tag mutability of prod/a/*"]', '["prod/a/"]')
    assert json.loads(row["settings_contradicted"]) == {"prod/a/": ["tag_mutability"]}


def test_names_below_are_left_alone_where_they_are_not_replicated_or_have_their_own_template():
    elsewhere = [rule(f"{BACKUP}/{REGION}", prefixes=["prod/b", "dev/"])]
    assert templates({}, settings=IMMUTABLE_BELOW, rules=elsewhere)["prod"]["differing_settings"] == "[]"
    half = [rule(f"{BACKUP}/{REGION}", prefixes=["prod/a/x"])]
    assert met(templates({}, settings=IMMUTABLE_BELOW, rules=half)["prod"]) is False
    deeper = {"prefix": "prod/a", "imageTagMutability": "IMMUTABLE"}
    rows = templates({}, deeper, settings=IMMUTABLE_BELOW)
    assert {row["differing_settings"] for row in rows.values()} == {"[]"}


def test_the_prefix_of_a_template_ends_in_a_slash():
    settings = [{"repositories": ["prod"], "tag_mutability": "IMMUTABLE"}, {"repositories": ["production"], "tag_mutability": "MUTABLE"}]  # fmt: skip  # noqa: E501 - two entries
    assert met(templates({"imageTagMutability": "IMMUTABLE"}, settings=settings)["prod"]) is True
    row = templates({"imageTagMutability": "IMMUTABLE"}, settings=settings, prefix="ROOT")["ROOT"]
    assert json.loads(row["settings_contradicted"]) == {"production": ["tag_mutability"]}


def registries(*, world=None, **wanted):
    found = build(world or replica_of(), baseline(registries=wanted)).rows("registries")
    return {row["account"]: row for row in found}


@pytest.mark.parametrize(
    ("asked", "here", "required"),
    [(None, "DISABLED", False), ("ENABLED", "DISABLED", True), ("DISABLED", "DISABLED", True), ("ENABLED", None, True)],
)
def test_blob_mounting(asked, here, required):
    world = replica_of(hub={"blob_mounting": here}, backup={"blob_mounting": here})
    for row in registries(world=world, **({"blob_mounting": asked} if asked else {})).values():
        assert row["blob_mounting_required"] is required
        assert (row["blob_mounting"], row["expected_blob_mounting"]) == (here, asked or "")


def test_registries_that_take_no_part_are_not_judged():
    aside = evidence(*replica_of().registries, registry(THIRD))
    found = registries(world=aside, blob_mounting="ENABLED")
    assert {account: row["takes_part"] for account, row in found.items()} == {HUB: True, BACKUP: True, THIRD: False}
    assert found[THIRD]["blob_mounting_required"] is False
    unread = evidence(registry(THIRD, rules=None))
    assert registries(world=unread, blob_mounting="ENABLED")[THIRD]["takes_part"] is None


SCANNER = "arn:aws:iam::{account}:role/scanner"


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        ("[]", [SCANNER.format(account=BACKUP)]),
        (json.dumps([SCANNER.format(account=HUB)]), [SCANNER.format(account=BACKUP)]),
        (json.dumps(["x", SCANNER.format(account=BACKUP)]), []),
        (None, None),
        ('[{"a": 1}]', None),
        ("{", None),
    ],
)
def test_principals_whose_pulls_do_not_count(held, missing):
    world = replica_of(backup={"pull_time_exclusions": held})
    row = registries(world=world, pull_time_exclusions=[SCANNER])[BACKUP]
    assert row["pull_time_exclusions_required"] is True
    assert json.loads(row["missing_pull_time_exclusions"] or "null") == missing


def test_a_principal_of_another_partition_is_nothing_for_this_registry():
    row = registries(pull_time_exclusions=["arn:aws-cn:iam::{account}:role/scanner"])[BACKUP]
    assert (row["pull_time_exclusions_required"], row["missing_pull_time_exclusions"]) == (False, "[]")


def signing(*filters):
    rules = [{"signingProfileArn": "arn:aws:signer:eu-west-1:1:/signing-profiles/p"}]
    if filters:
        rules[0]["repositoryFilters"] = [{"filter": one, "filterType": "WILDCARD_MATCH"} for one in filters]
    return {"signing_configuration": json.dumps({"rules": rules})}


@pytest.mark.parametrize(
    ("source", "here", "required", "rules"),
    [
        ("", "", False, 0),
        (signing(), "", True, 0),
        (signing(), signing("prod/*"), True, 1),
        (signing(), signing("dev/*"), True, 0),
        (signing("dev/*"), "", False, 0),
        (signing("*/api"), signing("prod/api"), True, 1),
        (signing(), {"signing_configuration": '{"rules":[]}'}, True, 0),
        (signing(), {"signing_configuration": '{"rules":[{},{"repositoryFilters":[{"filter":"x"}]},{}]}'}, True, 2),
        (None, "", None, 0),
        (signing(), None, True, None),
        (signing(), "{", True, None),
    ],
)
def test_signing_at_both_ends(source, here, required, rules):
    sides = [each if isinstance(each, dict) else {"signing_configuration": each} for each in (source, here)]
    hub = {"rules": [rule(f"{BACKUP}/{REGION}", prefixes=["prod/"])], **sides[0]}
    row = build(replica_of(hub=hub, backup=sides[1]), baseline(registries={"signing": "same-as-source"})).only("links")
    assert (row["signing_required"], row["destination_signing_rules"]) == (required, rules)
    assert bool(row["signing_rules_unknown"]) is (rules is None)


def test_signing_that_is_not_required():
    assert build(replica_of(hub=signing())).only("links")["signing_required"] is False


def test_a_destination_that_was_not_audited_is_unknown():
    hub = registry(HUB, rules=[rule(f"999999999999/{REGION}")], repositories=[repository("prod/api")], **signing())
    row = build(evidence(hub), baseline(registries={"signing": "same-as-source"})).only("links")
    assert (row["signing_required"], row["destination_signing_rules"]) == (True, None)
