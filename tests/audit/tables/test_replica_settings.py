"""Scan levels, lifecycle strictness, resource tags and the template in charge, in the `replicas` table."""

from __future__ import annotations

import json

import pytest

from tests.audit.tables.worlds import (
    BACKUP,
    HUB,
    REGION,
    baseline,
    build,
    evidence,
    registry,
    replica_of,
    repository,
    rule,
)


def scanning(kind):
    return {"scanning_configuration": json.dumps({"scanType": kind, "rules": []}) if kind else kind}


def replica(world, **settings):
    return build(world, baseline(settings=[settings]) if settings else None).only("replicas")


@pytest.mark.parametrize(
    ("asked", "source", "here", "frequency", "required", "reached"),
    [
        ({}, "BASIC", "BASIC", "SCAN_ON_PUSH", False, None),
        ({}, "ENHANCED", "BASIC", "SCAN_ON_PUSH", True, False),
        ({}, "ENHANCED", "ENHANCED", "SCAN_ON_PUSH", True, True),
        ({}, "ENHANCED", "BASIC", "MANUAL", False, None),
        ({}, "ENHANCED", "BASIC", None, None, None),
        ({}, "ENHANCED", None, "SCAN_ON_PUSH", True, None),
        ({}, "ENHANCED", "", "SCAN_ON_PUSH", True, None),
        ({}, None, "BASIC", "SCAN_ON_PUSH", None, None),
        ({"required": False}, "ENHANCED", "BASIC", "SCAN_ON_PUSH", False, None),
        ({"required": False, "type": "ENHANCED"}, "BASIC", "BASIC", "SCAN_ON_PUSH", True, False),
        ({"type": "BASIC"}, "ENHANCED", "BASIC", "SCAN_ON_PUSH", True, True),
        ({"type": "ENHANCED"}, None, "BASIC", "SCAN_ON_PUSH", True, False),
        ({"type": "ENHANCED"}, None, "ENHANCED", "CONTINUOUS_SCAN", True, True),
        ({"frequency": "SCAN_ON_PUSH"}, "BASIC", "BASIC", "SCAN_ON_PUSH", True, True),
        ({"frequency": "CONTINUOUS_SCAN"}, "BASIC", "ENHANCED", "SCAN_ON_PUSH", True, False),
        ({"frequency": "CONTINUOUS_SCAN"}, None, "ENHANCED", "CONTINUOUS_SCAN", True, True),
    ],
)
def test_by_how_much_scan_type_and_frequency_fall_short(asked, source, here, frequency, required, reached):
    world = replica_of(here={"scan_frequency": frequency}, hub=scanning(source), backup=scanning(here))
    row = replica(world, scanning=asked)
    assert row["scan_level_required"] is required
    shortfalls = json.loads(row["scan_shortfalls"] or "null")
    assert (None if shortfalls is None else not shortfalls) is reached
    assert (row["scan_type"], row["source_scan_type"]) == (here, source)


def test_shortfalls_name_both_levels_and_who_requires_the_higher():
    world = replica_of(here={"scan_frequency": "SCAN_ON_PUSH"}, hub=scanning("ENHANCED"), backup=scanning("BASIC"))
    asked = {"type": "ENHANCED", "frequency": "CONTINUOUS_SCAN"}
    assert json.loads(replica(world, scanning=asked)["scan_shortfalls"]) == [
        "scan type BASIC instead of ENHANCED (required by the baseline)",
        "scan frequency SCAN_ON_PUSH instead of CONTINUOUS_SCAN (required by the baseline)",
    ]
    assert json.loads(replica(world, scanning={})["scan_shortfalls"]) == [
        "scan type BASIC instead of ENHANCED (as in the source registry)"
    ]


def test_nothing_is_asked_of_scanning_where_the_baseline_is_silent_or_the_replica_absent():
    enhanced = {"hub": scanning("ENHANCED"), "backup": scanning("BASIC")}
    assert replica(replica_of(**enhanced))["scan_level_required"] is False
    gone = replica_of(hub=scanning("ENHANCED"), backup={"repositories": [], **scanning("BASIC")})
    assert replica(gone, scanning={"type": "ENHANCED"})["scan_level_required"] is False


def policy(number, by="imageCountMoreThan"):
    unit = {} if by == "imageCountMoreThan" else {"countUnit": "days"}
    selection = {"tagStatus": "any", "countType": by, "countNumber": number, **unit}
    return {"rules": [{"rulePriority": 3, "selection": selection, "action": {"type": "expire"}}]}


KEEP = {number: json.dumps(policy(number)) for number in (10, 50, 99)}
PULLED = json.dumps(policy(50, "sinceImagePulled"))


@pytest.mark.parametrize(
    ("asked", "source", "here", "keeps", "unknown"),
    [
        (None, KEEP[50], KEEP[50], True, ""),
        (None, KEEP[10], KEEP[50], True, ""),
        (None, KEEP[50], KEEP[10], False, ""),
        (None, KEEP[50], "{", None, "a lifecycle policy could not be parsed"),
        # A side without a policy expires nothing.
        (None, "", KEEP[10], False, ""),
        (None, KEEP[50], "", True, ""),
        (None, "", "", True, ""),
        (None, None, "", True, ""),
        (None, None, KEEP[10], None, "the lifecycle policy of the source was not read"),
        (None, KEEP[50], None, None, "the lifecycle policy of the replica was not read"),
        (None, "", None, None, "the lifecycle policy of the replica was not read"),
        (policy(10), KEEP[50], KEEP[10], True, ""),
        (policy(10), "", KEEP[10], True, ""),
        (policy(10), None, KEEP[10], True, ""),
        (policy(40), KEEP[50], KEEP[10], False, ""),
        (policy(40), "", KEEP[10], False, ""),
        ("required", KEEP[50], KEEP[10], False, ""),
        ("required", "", KEEP[10], False, ""),
    ],
)
def test_what_the_replica_expires_and_the_source_keeps(asked, source, here, keeps, unknown):
    world = replica_of(source={"lifecycle_policy": source}, here={"lifecycle_policy": here})
    row = replica(world, **({"lifecycle_policy": asked} if asked else {}))
    assert (None if row["earlier_expiry"] is None else not row["earlier_expiry"]) is keeps
    assert (row["lifecycle_policy"], row["source_lifecycle_policy"]) == (here, source)
    assert row["earlier_expiry_unknown"] == unknown


def test_a_source_without_a_policy_expires_nothing():
    world = replica_of(here={"lifecycle_policy": KEEP[10]})
    assert replica(world)["earlier_expiry"] == (
        "all images expire in the replica beyond the newest 10, never at the source"
    )


@pytest.mark.parametrize(
    ("asked", "here", "priorities"),
    [
        (None, KEEP[50], "[]"),
        (None, PULLED, '["3"]'),
        (policy(50, "sinceImagePulled"), PULLED, "[]"),
        (policy(60, "sinceImagePulled"), PULLED, '["3"]'),
        (None, "{", None),
        (None, "", None),
        (None, None, None),
    ],
)
def test_lifecycle_policies_that_count_from_the_last_pull(asked, here, priorities):
    row = replica(replica_of(here={"lifecycle_policy": here}), **({"lifecycle_policy": asked} if asked else {}))
    assert row["undeclared_pull_time_rules"] == priorities


@pytest.mark.parametrize(
    ("asked", "tags", "required", "missing"),
    [
        ({}, {"owner": "x"}, False, None),
        ({"owner": "x"}, {"owner": "x", "team": "y"}, True, {}),
        ({"owner": "x"}, {"owner": "X"}, True, {"owner": "x"}),
        ({"owner": "x", "cost": ""}, {}, True, {"owner": "x", "cost": ""}),
        ({"cost": ""}, {"cost": ""}, True, {}),
        ({"owner": "x"}, None, True, None),
    ],
)
def test_resource_tags(asked, tags, required, missing):
    row = replica(replica_of(here={"tags": None if tags is None else json.dumps(tags)}), tags=asked)
    assert row["tags_required"] is required
    assert json.loads(row["missing_tag_keys"] or "null") == (None if missing is None else sorted(missing))
    assert row["missing_tags"] == (
        None if missing is None else json.dumps(dict(sorted(missing.items())), separators=(",", ":"))
    )
    assert row["tag_count"] == (len(tags) if asked and tags is not None else None)


def test_resource_tags_of_an_absent_replica():
    gone = replica_of(backup={"repositories": []})
    assert replica(gone, tags={"owner": "x"})["tags_required"] is False
    unread = replica_of(backup={"repositories": [], "repositories_read": False})
    assert replica(unread, tags={"owner": "x"})["tags_required"] is None


def templates(*documents):
    return {"templates": json.dumps([{"appliedFor": ["REPLICATION"], **each} for each in documents])}


@pytest.mark.parametrize(
    ("name", "prefixes", "in_charge"),
    [
        ("prod/api", ["prod"], "prod"),
        ("prod/api", ["prod/"], "prod"),
        ("prod", ["prod"], ""),
        ("prod-x/api", ["prod", "ROOT"], "ROOT"),
        ("production/api", ["prod"], ""),
        ("prod/a/b", ["prod", "prod/a", "prod/a/b", "ROOT"], "prod/a"),
        ("other", ["prod", "ROOT"], "ROOT"),
    ],
)
def test_the_template_in_charge_of_a_name(name, prefixes, in_charge):
    hub = registry(HUB, rules=[rule(f"{BACKUP}/{REGION}")], repositories=[repository(name), repository("zz")])
    backup = registry(BACKUP, repositories=[repository(name)], **templates(*({"prefix": each} for each in prefixes)))
    row = build(evidence(hub, backup)).row("replicas", repository=name)
    assert (row["template_prefix"], row["template_in_charge"]) == (in_charge, bool(in_charge))


def test_templates_for_other_purposes_are_not_in_charge():
    other = {"prefix": "prod", "appliedFor": ["PULL_THROUGH_CACHE"]}
    row = replica(replica_of(backup=templates(other, {"prefix": "ROOT"})))
    assert row["template_prefix"] == "ROOT"
    assert replica(replica_of(backup=templates(other)))["template_in_charge"] is False


def test_templates_that_were_not_read_leave_it_open():
    row = replica(replica_of(backup={"templates": None}))
    assert (row["template_in_charge"], row["template_prefix"], row["template_differences"]) == (None, None, None)
    gone = replica_of(backup={"repositories": [], "templates": None})
    assert replica(gone)["template_in_charge"] is False


KEY = f"arn:aws:kms:{REGION}:{BACKUP}:key/one"
KMS = {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KEY}}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:A"}]}
FILTERS = [{"filterType": "WILDCARD", "filter": one} for one in ("latest", "dev-*")]


@pytest.mark.parametrize(
    ("template", "here", "differences"),
    [
        ({}, {}, []),
        ({}, {"repository_policy": "x", "lifecycle_policy": KEEP[10], "tags": '{"a":"b"}'}, []),
        ({"imageTagMutability": "IMMUTABLE"}, {}, ["tag_mutability"]),
        (
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": FILTERS},
            {"tag_mutability": "IMMUTABLE_WITH_EXCLUSION", "mutability_exclusions": '["dev-*","latest"]'},
            [],
        ),
        (
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": FILTERS},
            {"tag_mutability": "IMMUTABLE_WITH_EXCLUSION", "mutability_exclusions": '["latest"]'},
            ["tag_mutability"],
        ),
        (KMS, {}, ["encryption"]),
        (KMS, {"encryption_type": "KMS", "kms_key": KEY}, []),
        (KMS, {"encryption_type": "KMS", "kms_key": f"{KEY}2"}, ["encryption"]),
        ({"encryptionConfiguration": {"encryptionType": "KMS"}}, {"encryption_type": "KMS", "kms_key": KEY}, []),
        ({"repositoryPolicy": json.dumps(POLICY)}, {}, ["repository_policy"]),
        ({"repositoryPolicy": json.dumps(POLICY)}, {"repository_policy": json.dumps(POLICY, indent=1)}, []),
        ({"lifecyclePolicy": KEEP[50]}, {"lifecycle_policy": KEEP[10]}, ["lifecycle_policy"]),
        ({"lifecyclePolicy": KEEP[50]}, {"lifecycle_policy": json.dumps(policy(50), indent=1)}, []),
        ({"resourceTags": [{"Key": "a", "Value": "b"}]}, {"tags": '{"a":"c"}'}, ["tags"]),
        ({"resourceTags": [{"Key": "a", "Value": "b"}]}, {"tags": '{"a":"b","x":"y"}'}, []),
    ],
)  # fmt: skip
def test_a_replica_has_the_settings_of_its_template(template, here, differences):
    source = {"tag_mutability": "IMMUTABLE", "repository_policy": "{}", "lifecycle_policy": KEEP[99]}
    row = replica(replica_of(here=here, source=source, backup=templates({"prefix": "prod", **template})))
    assert row["template_in_charge"] is True
    assert json.loads(row["template_differences"]) == differences


def test_what_the_source_has_is_as_good_as_what_the_template_says():
    template = {"lifecyclePolicy": KEEP[10], "repositoryPolicy": json.dumps(POLICY), "imageTagMutability": "IMMUTABLE"}
    same, backup = {"lifecycle_policy": KEEP[50], "repository_policy": "x"}, templates({"prefix": "prod", **template})
    assert replica(replica_of(source=same, here=same, backup=backup))["template_differences"] == "[]"
    unread = dict.fromkeys(["lifecycle_policy", "repository_policy", "tag_mutability"])
    assert replica(replica_of(source=unread, here=same, backup=backup))["template_differences"] is None


def test_a_replica_of_two_sources_may_have_the_settings_of_either():
    there = rule(f"{BACKUP}/{REGION}")
    frozen = registry(HUB, rules=[there], repositories=[repository("prod/api", tag_mutability="IMMUTABLE")])
    moving = registry(HUB, "eu-central-1", rules=[there], repositories=[repository("prod/api")])
    here = templates({"prefix": "prod", "imageTagMutability": "IMMUTABLE"})
    for modes, matches in (("MUTABLE", True), ("IMMUTABLE", True), ("MUTABLE_WITH_EXCLUSION", False)):
        backup = registry(BACKUP, repositories=[repository("prod/api", tag_mutability=modes)], **here)
        rows = build(evidence(frozen, moving, backup)).rows("replicas")
        assert [row["template_differences"] == "[]" for row in rows] == [matches, matches]


def test_a_lifecycle_policy_that_both_sides_lack_is_missing():
    backup = templates({"prefix": "prod", "lifecyclePolicy": KEEP[10]})
    assert replica(replica_of(backup=backup))["template_differences"] == '["lifecycle_policy"]'


def test_what_the_baseline_declares_is_not_compared_with_the_template():
    wanted = {
        "tag_mutability": "MUTABLE", "encryption": {"type": "AES256"}, "repository_policy": "none",
        "lifecycle_policy": "not-required", "tags": {"a": "mine"},
    }  # fmt: skip
    template = {
        "prefix": "prod", "imageTagMutability": "IMMUTABLE", **KMS, "repositoryPolicy": json.dumps(POLICY),
        "lifecyclePolicy": KEEP[50], "resourceTags": [{"Key": "a", "Value": "theirs"}],
    }  # fmt: skip
    source = {"tag_mutability": "IMMUTABLE", "repository_policy": "x", "lifecycle_policy": KEEP[10]}
    world = replica_of(source=source, here={"tag_mutability": "MUTABLE"}, backup=templates(template))
    assert replica(world, **wanted)["template_differences"] == "[]"
    row = replica(world)
    assert len(json.loads(row["template_differences"])) == 5


def test_what_was_not_read_is_unknown_unless_something_else_differs():
    template = {"prefix": "prod", "repositoryPolicy": json.dumps(POLICY)}
    unread = {"repository_policy": None}
    assert replica(replica_of(here=unread, backup=templates(template)))["template_differences"] is None
    found = replica(replica_of(here=unread, backup=templates(template | KMS)))["template_differences"]
    assert json.loads(found) == ["encryption"]


def test_registries_with_different_templates_are_kept_apart():
    names = ["dev/a", "prod/a", "prod/b"]
    hub = registry(HUB, rules=[rule(f"{BACKUP}/{REGION}", f"{HUB}/eu-central-1")], repositories=map(repository, names))
    backup = registry(BACKUP, repositories=map(repository, names), **templates({"prefix": "prod"}))
    second = registry(HUB, "eu-central-1", repositories=map(repository, names), **templates({"prefix": "ROOT"}))
    rows = build(evidence(hub, backup, second)).rows("replicas")
    found = {(row["destination_account"], row["repository"]): row["template_prefix"] for row in rows}
    assert [found[HUB, name] for name in names] == ["ROOT"] * 3
    assert [found[BACKUP, name] for name in names] == ["", "prod", "prod"]
