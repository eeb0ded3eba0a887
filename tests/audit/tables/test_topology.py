"""Links and repositories together: chains, cycles, other sources, borders, resilience; rules that disagree."""

from __future__ import annotations

import json

import pytest

from tests.audit.tables.worlds import (
    BACKUP,
    DIGESTS,
    HUB,
    REGION,
    THIRD,
    baseline,
    build,
    evidence,
    gap,
    grant,
    image,
    member,
    registry,
    repository,
    requirement,
    rule,
)

FAR = "eu-central-1"
TO_HUB, TO_BACKUP, TO_THIRD = (f"{account}/{REGION}" for account in (HUB, BACKUP, THIRD))
PROD = (repository("prod/api"),)


def link(world, wanted=None, source=HUB, destination=BACKUP, region=REGION):
    return build(world, wanted).row(
        "links",
        source_account=source,
        source_region=REGION,
        destination_account=destination,
        destination_region=region,
    )


# deletions


def test_rules_that_replicate_the_same_there_and_disagree():
    rules = [
        rule(TO_BACKUP, prefixes=["prod/"], delete=True),
        rule(TO_BACKUP, TO_THIRD, prefixes=["prod/api", "dev/"]),
        rule(TO_BACKUP, prefixes=["dev/"], delete=False),
    ]
    row = link(evidence(registry(HUB, rules=rules)))
    assert json.loads(row["delete_conflicting_rules"]) == [1, 2]
    assert json.loads(row["delete_conflicting_prefixes"]) == ["prod/api"]
    assert link(evidence(registry(HUB, rules=rules)), destination=THIRD)["delete_conflicting_rules"] == "[]"
    unread = link(evidence(registry(HUB, rules=None)), baseline(requirement(TO_BACKUP)))
    assert (unread["delete_conflicting_rules"], unread["delete_settled"]) == (None, None)


@pytest.mark.parametrize(
    ("applied_requirements", "settled", "differing"),
    [
        ([requirement(TO_BACKUP, delete=False)], "off", [1]),
        ([requirement(TO_BACKUP, delete=True)], "on", [2]),
        ([requirement(TO_BACKUP)], "", []),
        ([requirement(TO_BACKUP, delete=True, accounts=[HUB], repositories=["prod/web"])], "", []),
        ([requirement(TO_BACKUP, delete=True), requirement(TO_THIRD, name="b", delete=False)], "", []),
    ],
    ids=["backup", "mirror", "no opinion", "only about one of the rules", "the other destination wants the opposite"],
)
def test_the_baseline_settles_it_where_it_speaks_of_every_rule(applied_requirements, settled, differing):
    rules = [rule(TO_BACKUP, prefixes=["prod/"], delete=True), rule(TO_BACKUP, TO_THIRD, prefixes=["prod/api"])]
    row = link(evidence(registry(HUB, rules=rules)), baseline(*applied_requirements))
    assert (row["delete_settled"], json.loads(row["delete_differing_rules"])) == (settled, differing)


def test_a_switch_that_opens_a_conflict_elsewhere_settles_nothing():
    rules = [rule(TO_BACKUP, delete=True), rule(TO_BACKUP, TO_THIRD), rule(TO_THIRD, prefixes=["prod/"])]
    row = link(evidence(registry(HUB, rules=rules)), baseline(requirement(TO_BACKUP, delete=True)))
    assert (row["delete_conflicting_rules"], row["delete_settled"]) == ("[1,2]", "")


# chains


def chain(*hub_rules, onward=(TO_THIRD,), names=PROD, wanted=None, policy="", backup=None, **fields):
    rules = [rule(TO_BACKUP), *hub_rules]
    between = {"rules": [rule(*onward, prefixes=["prod/", "own/"])], **(backup or {})}
    world = evidence(
        registry(HUB, rules=rules, repositories=names),
        registry(BACKUP, **between),
        registry(THIRD, registry_policy=policy),
        **fields,
    )
    return link(world, wanted)


def test_what_arrives_by_replication_is_not_passed_on():
    row = chain()
    assert json.loads(row["unreached_registries"]) == [TO_THIRD]
    assert json.loads(row["unreached_prefixes"]) == ["prod/"]
    assert json.loads(row["unreached_details"]) == [
        {"account": THIRD, "region": REGION, "prefixes": ["prod/"], "allowed": True, "grant": "lacking"}
    ]


@pytest.mark.parametrize(
    ("hub_rules", "names", "onward", "complete"),
    [
        ([rule(TO_THIRD)], PROD, [TO_THIRD], True),
        ([rule(TO_THIRD, prefixes=["prod/api"])], PROD, [TO_THIRD], True),
        ([rule(TO_THIRD, prefixes=["prod/web"])], PROD, [TO_THIRD], False),
        ([], (repository("web"),), [TO_THIRD], True),
        ([], (), [TO_THIRD], True),
        ([], PROD, [TO_HUB], True),
        ([], PROD, [f"{THIRD}/eu-wset-1", f"{THIRD}/cn-north-1"], True),
    ],
    ids=["copied", "all there is", "not all", "other names", "empty", "back to the source", "impossible"],
)
def test_a_chain_is_complete(hub_rules, names, onward, complete):
    assert chain(*hub_rules, names=names, onward=onward)["unreached_registries"] == (
        "[]" if complete else f'["{TO_THIRD}"]'
    )


def test_a_closed_account_at_the_end_receives_nothing_anyway():
    closed = (member(HUB), member(BACKUP), member(THIRD, state="SUSPENDED"))
    assert chain(accounts=closed)["unreached_registries"] == "[]"


def test_chains_that_were_not_read():
    assert chain(backup={"rules": None})["unreached_registries"] is None
    assert chain(backup={"rules": None}, names=())["unreached_registries"] == "[]"
    outside = evidence(registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD))
    assert link(outside)["unreached_registries"] is None
    unlisted = registry(HUB, rules=[rule(TO_BACKUP)], repositories_read=False)
    row = link(evidence(unlisted, registry(BACKUP, rules=[rule(TO_THIRD)])))
    assert (row["unreached_registries"], row["unreached_details"]) == (None, "[]")


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        (grant(HUB), "given"),
        (grant(HUB, actions=["ecr:ReplicateImage"]), "lacking"),
        (grant(HUB).replace("Allow", "Deny"), "denied"),
        (None, "unknown"),
        ("{", "unknown"),
    ],
)
def test_what_the_end_of_a_chain_grants(policy, word):
    assert json.loads(chain(policy=policy)["unreached_details"])[0]["grant"] == word


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({"undeclared_replication": "forbidden"}, False),
        ({"undeclared_replication": "forbidden", "allowed_destinations": {"accounts": [THIRD]}}, True),
        ({"undeclared_replication": "forbidden", "allowed_destinations": {"ous": ["Lost"]}}, None),
        ({"allowed_regions": [REGION]}, True),
        ({"allowed_regions": [FAR]}, False),
        ({"environments": [{"name": "dev", "accounts": [HUB]}, {"name": "prod", "accounts": [THIRD]}]}, False),
    ],
)
def test_whether_the_missing_link_would_be_allowed(fields, allowed):
    accounts = (member(HUB), member(BACKUP), member(THIRD, ou_path=None))
    row = chain(wanted=baseline(**fields), accounts=accounts)
    assert json.loads(row["unreached_details"])[0]["allowed"] is allowed


# cycles


def cycle(forth, back, wanted=None):
    return link(evidence(registry(HUB, rules=forth), registry(BACKUP, rules=back)), wanted)


@pytest.mark.parametrize(
    ("back", "shared"),
    [
        ([rule(TO_HUB)], ["prod/"]),
        ([rule(TO_HUB, prefixes=["prod/api"])], ["prod/api"]),
        ([rule(TO_HUB, prefixes=["dev/"])], []),
        ([rule(TO_THIRD)], []),
        (None, None),
    ],
)
def test_registries_that_replicate_to_each_other(back, shared):
    row = cycle([rule(TO_BACKUP, prefixes=["prod/"])], back)
    assert json.loads(row["mutual_prefixes"] or "null") == shared


FORTH, BACK = requirement(TO_BACKUP), requirement(TO_HUB, name="back", accounts=[BACKUP])


@pytest.mark.parametrize(
    ("back", "applied_requirements", "settled"),
    [
        (["prod/api"], [FORTH], "reverse"),
        (["prod/api", "own/"], [FORTH], ""),
        (["prod/"], [BACK], "this"),
        (["prod/api"], [BACK], ""),
        (["prod/"], [FORTH, BACK], ""),
        (["prod/"], [], ""),
    ],
)
def test_the_direction_that_can_go(back, applied_requirements, settled):
    row = cycle([rule(TO_BACKUP, prefixes=["prod/"])], [rule(TO_HUB, prefixes=back)], baseline(*applied_requirements))
    assert row["removable_direction"] == settled


# rivals


def conflicts(hub=("prod/api", "web"), third=("prod/api",), wanted=None, **fields):
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP)], repositories=[repository(name) for name in hub]),
        registry(THIRD, rules=[rule(TO_BACKUP, prefixes=["prod"])], repositories=[repository(n) for n in third]),
        registry(BACKUP, registry_policy=grant(HUB, THIRD)),
        **fields,
    )
    return link(world, wanted)


def test_one_name_from_two_sources():
    row = conflicts()
    assert (row["other_source_count"], row["shared_repository_count"]) == (1, 1)
    assert (row["other_sources"], row["shared_repositories"]) == (f'["{TO_THIRD}"]', '["prod/api"]')
    assert row["other_sources_required"] is False
    assert conflicts(third=("prod/web",))["other_source_count"] == 0
    assert conflicts(third=("api",))["other_source_count"] == 0


def test_the_same_pair_named_by_two_rules_is_no_rival_of_itself():
    hub = registry(HUB, rules=[rule(TO_BACKUP), rule(TO_BACKUP, prefixes=["prod/"])], repositories=PROD)
    assert link(evidence(hub, registry(BACKUP)))["other_source_count"] == 0


@pytest.mark.parametrize(
    ("hub", "applied_requirements", "required"),
    [
        (("prod/api",), [requirement(TO_BACKUP, accounts=[THIRD])], True),
        (("prod/api", "web"), [requirement(TO_BACKUP, accounts=[THIRD])], False),
        (("prod/api",), [requirement(TO_BACKUP, accounts=[HUB, THIRD])], False),
        (("prod/api",), [], False),
    ],
    ids=["only the other", "this link replicates more", "both", "neither"],
)
def test_whether_the_baseline_wants_the_other_source(hub, applied_requirements, required):
    assert conflicts(hub=hub, wanted=baseline(*applied_requirements))["other_sources_required"] is required


def test_a_replica_that_is_replicated_again_is_no_second_source():
    names = [repository("prod/api")]
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP, TO_THIRD)], repositories=names),
        registry(BACKUP, rules=[rule(TO_THIRD)], repositories=names),
        registry(THIRD),
    )
    assert link(world, destination=THIRD)["other_source_count"] == 0
    assert link(world, source=BACKUP, destination=THIRD)["other_source_count"] == 0


def test_a_source_that_may_be_a_replica_of_an_unlisted_registry_is_no_certain_rival():
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD),
        registry(HUB, FAR, rules=[rule(TO_HUB, prefixes=["prod/"])], repositories_read=False),
        registry(THIRD, rules=[rule(TO_BACKUP)], repositories=PROD),
        registry(BACKUP, registry_policy=grant(HUB, THIRD)),
    )
    assert link(world)["other_source_count"] is None
    assert link(world, source=THIRD)["other_source_count"] is None


def test_an_unlisted_source_is_no_rival_where_no_repository_is_replicated():
    backup, unlisted = registry(BACKUP, registry_policy=grant(HUB, THIRD)), {"repositories_read": False}
    for names, count in (([repository("web")], 0), (PROD, None)):
        hub = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["prod/"])], repositories=names)
        world = evidence(hub, registry(THIRD, rules=[rule(TO_BACKUP, prefixes=["prod"])], **unlisted), backup)
        assert link(world)["other_source_count"] == count


def unread_rival(policy, *, account=THIRD, region=REGION, **third):
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD),
        registry(account, region, rules=None, **third),
        registry(BACKUP, registry_policy=policy),
    )
    return link(world)["other_source_count"]


def test_a_source_that_could_not_be_read_may_conflict_where_it_is_allowed():
    assert unread_rival(grant(HUB, THIRD), repositories_read=False) is None
    assert unread_rival(grant(HUB), repositories_read=False) == 0
    assert unread_rival(None, repositories_read=False) is None
    assert unread_rival(grant(HUB, THIRD), repositories=PROD) is None
    assert unread_rival(grant(HUB, THIRD), repositories=[repository("other")]) == 0
    assert unread_rival(grant(HUB, THIRD)) == 0
    assert unread_rival(grant(HUB), account=BACKUP, region=FAR, repositories_read=False) is None


def test_a_source_that_could_not_be_read_conflicts_with_no_name_that_is_only_required():
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP, prefixes=["none/"])], repositories=PROD),
        registry(THIRD, rules=None, repositories_read=False),
        registry(BACKUP, registry_policy=grant(HUB, THIRD)),
    )
    assert link(world, baseline(requirement(TO_BACKUP)))["other_source_count"] == 0


@pytest.mark.parametrize(
    ("policy", "alone"),
    [(grant(HUB), True), (grant(HUB, THIRD), True), (grant(HUB, "444444444444"), None), (None, None)],
)
def test_an_account_that_could_not_be_listed_may_be_another_source_where_it_is_allowed(policy, alone):
    hub = registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD)
    backup = registry(BACKUP, repositories=PROD, registry_policy=policy)
    tables = build(evidence(hub, backup, registry(THIRD), gaps=(gap("organizations:ListAccounts", HUB, ""),)))
    count = tables.row("links", destination_account=BACKUP)["other_source_count"]
    assert count == (0 if alone else None)
    received = {row["account"]: row["receives_replicas"] for row in tables.rows("repositories")}
    assert received == {HUB: False, BACKUP: True}
    orphan = registry(BACKUP, repositories=[repository("own")], registry_policy=policy)
    tables = build(evidence(hub, orphan, registry(THIRD), gaps=(gap("organizations:ListAccounts", HUB, ""),)))
    assert tables.row("repositories", account=BACKUP)["receives_replicas"] is (False if alone else None)


def test_a_source_that_was_not_listed_may_be_a_rival_where_its_filters_meet():
    def other_sources(hub, prefix):
        third = registry(THIRD, rules=[rule(TO_BACKUP, prefixes=[prefix])], repositories_read=False)
        return link(evidence(hub, third, registry(BACKUP)))["other_source_count"]

    hub = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["prod/"])], repositories=PROD)
    assert (other_sources(hub, "prod"), other_sources(hub, "dev")) == (None, 0)
    unlisted = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["prod/"])], repositories_read=False)
    assert (other_sources(unlisted, "prod"), other_sources(unlisted, "dev")) == (None, 0)


def test_a_second_source_that_may_be_a_replica_of_something_unread_is_unknown():
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD),
        registry(THIRD, rules=[rule(TO_BACKUP)], repositories=PROD),
        registry(THIRD, FAR, rules=None, repositories_read=False),
        registry(BACKUP, registry_policy=grant(HUB)),
    )
    assert link(world)["other_source_count"] is None


# borders


def border(wanted, destination=BACKUP, accounts=None):
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP, f"{HUB}/{FAR}")]), **({} if accounts is None else {"accounts": accounts})
    )
    return link(world, wanted, destination=destination, region=REGION if destination == BACKUP else FAR)


def test_regions_that_are_allowed():
    assert border(baseline())["region_restricted"] is False
    near, far = (border(baseline(allowed_regions=[REGION]), destination) for destination in (BACKUP, HUB))
    assert (near["region_restricted"], near["disallowed_region"]) == (True, "")
    assert (far["region_restricted"], far["disallowed_region"]) == (True, FAR)
    unread = link(evidence(registry(HUB, rules=None)), baseline(requirement(TO_BACKUP), allowed_regions=[FAR]))
    assert unread["region_restricted"] is None


def environments(**levels):
    return baseline(environments=[{"name": name, **where} for name, where in levels.items()])


@pytest.mark.parametrize(
    ("levels", "applies", "trust"),
    [
        ({"dev": {"accounts": [HUB]}, "prod": {"accounts": [BACKUP]}}, True, (1, 2)),
        ({"dev": {"accounts": [BACKUP]}, "prod": {"accounts": [HUB]}}, True, (2, 1)),
        ({"dev": {"accounts": [HUB, BACKUP]}}, True, (1, 1)),
        ({"dev": {"accounts": [HUB]}}, False, (1, None)),
        ({"dev": {"ous": ["Work"]}, "prod": {"ous": ["Work/Prod"]}}, True, (1, 2)),
        ({"dev": {"ous": ["r-abcd"]}, "prod": {"ous": ["Root/Work/Prod"]}}, True, (1, 2)),
        ({"prod": {"accounts": [HUB]}, "dev": {"ous": ["Root"]}}, True, (1, 2)),
    ],
    ids=["up", "down", "level", "outside", "deeper unit", "deeper than the root by id", "account before unit"],
)
def test_environments(levels, applies, trust):
    hub = member(HUB, organization_path="o-a/r-abcd/ou-c/")
    accounts = (hub, member(BACKUP, ou_path="Root/Work/Prod", organization_path="o-a/r-abcd/ou-c/ou-d/"))
    row = border(environments(**levels), accounts=accounts)
    assert row["environments_apply"] is applies
    assert (row["source_trust_level"], row["destination_trust_level"]) == trust


def test_an_account_whose_place_is_not_known_lies_in_no_known_environment():
    accounts = (member(HUB), member(BACKUP, ou_path=None))
    row = border(environments(dev={"ous": ["Work"]}, prod={"ous": ["Prod"]}), accounts=accounts)
    assert (row["environments_apply"], row["destination_trust_level"], row["destination_environment"]) == (
        None,
        None,
        None,
    )


# resilience


def replica_counts(*hub_rules, wanted=None, accounts=None, others=(), **hub):
    wanted = wanted or baseline(resilience=[{"name": "far", "sources": {"repositories": ["prod/"]}}])
    source = registry(HUB, **{"rules": hub_rules, "repositories": [*PROD, repository("web")], **hub})
    world = evidence(source, *others, **({} if accounts is None else {"accounts": accounts}))
    return build(world, wanted).row("repositories", account=HUB, repository="prod/api")


@pytest.mark.parametrize(
    ("destinations", "regions", "accounts"),
    [
        ((), 0, 0),
        ((TO_BACKUP,), 0, 1),
        ((f"{HUB}/{FAR}",), 1, 0),
        ((f"{BACKUP}/{FAR}",), 1, 1),
        ((f"{BACKUP}/{FAR}", f"{HUB}/{FAR}", TO_BACKUP), 2, 2),
        ((f"{BACKUP}/cn-north-1",), 0, 0),
    ],
)
def test_replicas_in_other_registries(destinations, regions, accounts):
    row = replica_counts(*([rule(*destinations, prefixes=["prod/"])] if destinations else []))
    assert (row["another_region_required"], row["another_account_required"]) == (True, False)
    assert (row["replicas_in_other_regions"], row["replicas_in_other_accounts"]) == (regions, accounts)
    assert (row["another_region_required_by"], row["another_region_prefixes"]) == ('["far"]', '["prod/"]')


def test_an_account_that_cannot_receive_has_no_replica():
    accounts = (member(HUB), member(BACKUP, state="SUSPENDED"))
    row = replica_counts(rule(f"{BACKUP}/{FAR}"), accounts=accounts)
    assert (row["replicas_in_other_regions"], row["another_region_candidates"]) == (0, "[]")


def test_candidates_are_where_the_registry_replicates_to_already():
    row = replica_counts(rule(TO_BACKUP, f"{HUB}/{FAR}", f"{BACKUP}/{FAR}", prefixes=["web"]))
    assert [(each["account"], each["grant"]) for each in json.loads(row["another_region_candidates"])] == [
        (HUB, "given"),
        (BACKUP, "unknown"),
    ]


def test_a_destination_that_the_baseline_forbids_is_no_candidate():
    wanted = baseline(resilience=[{"name": "far"}], undeclared_replication="forbidden")
    assert replica_counts(rule(f"{HUB}/{FAR}", prefixes=["web"]), wanted=wanted)["another_region_candidates"] == "[]"


@pytest.mark.parametrize(
    ("sources", "required"),
    [
        ({"accounts": [HUB]}, True),
        ({"accounts": [BACKUP]}, False),
        ({"regions": [FAR]}, False),
        ({"repositories": ["web"]}, False),
        ({"ous": ["Lost"]}, None),
    ],
)
def test_which_repositories_a_requirement_means(sources, required):
    wanted = baseline(resilience=[{"name": "far", "sources": sources, "another_account": True}])
    accounts = (member(HUB, ou_path=None), member(BACKUP))
    row = replica_counts(wanted=wanted, accounts=accounts)
    assert (row["another_region_required"], row["another_account_required"]) == (required, required)


def test_a_replica_is_evaluated_at_its_source():
    sender = registry(BACKUP, FAR, rules=[rule(TO_HUB)], repositories=PROD)
    row = replica_counts(others=[sender])
    assert (row["receives_replicas"], row["another_region_required"]) == (True, False)
    passed_on = replica_counts(rule(f"{HUB}/{FAR}"), others=[sender])
    assert (passed_on["another_region_required"], passed_on["replicas_in_other_regions"]) == (True, 1)


def test_what_might_be_a_replica_is_unknown():
    unread = registry(BACKUP, rules=None, repositories_read=False)
    row = replica_counts(others=[unread], registry_policy=grant(BACKUP))
    assert (row["receives_replicas"], row["another_region_required"]) == (None, None)
    assert replica_counts(others=[unread])["receives_replicas"] is False
    unlisted = registry(BACKUP, rules=[rule(TO_HUB, prefixes=["prod/"])], repositories_read=False)
    assert replica_counts(others=[unlisted])["receives_replicas"] is None


def test_rules_that_were_not_read_leave_replicas_unknown():
    assert replica_counts(rules=None)["replicas_in_other_regions"] is None


# limits


def test_images_of_every_state_count_where_replicas_arrive():
    held = [image(DIGESTS[0]), image(DIGESTS[1], status="ARCHIVED"), image(DIGESTS[2]), image(DIGESTS[3])]
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}
    policy = {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}
    limits = {"images_per_repository": {"maximum": 5}}

    def row(wanted, **columns):
        copy = registry(BACKUP, repositories=[repository("prod/api", *held, **columns)])
        hub = registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD)
        return build(evidence(hub, copy), wanted).row("repositories", account=BACKUP)

    found = row(baseline(limits=limits))
    assert (found["receives_replicas"], found["image_count"], found["image_total"]) == (True, 3, 4)
    assert (found["images_warning_threshold"], found["images_severity"]) == (4, "medium")
    assert (found["images_limit"], found["expected_lifecycle_policy"]) == (5, "")
    wanted = baseline(limits=limits, settings=[{"lifecycle_policy": policy}])
    assert json.loads(row(wanted)["expected_lifecycle_policy"]) == policy
    assert row(wanted, lifecycle_policy=json.dumps(policy))["expected_lifecycle_policy"] == ""
    assert row(wanted, lifecycle_policy=None)["expected_lifecycle_policy"] == ""
    uncounted = row(baseline(limits=limits), image_count=None)
    assert (uncounted["image_total"], uncounted["images_severity"]) == (None, None)
    usual = row(baseline())
    assert (usual["images_warning_threshold"], usual["images_severity"]) == (80_000, "")
    assert row(baseline(limits={"images_per_repository": {"maximum": 3}}))["images_severity"] == "high"


def growth(allowed, hub=None, accounts=None, limit=3, **fields):
    wanted = baseline(undeclared_replication="forbidden", allowed_destinations=allowed, **fields)
    source = registry(HUB, **{"rules": [rule(TO_BACKUP)], "destinations_limit": limit, **(hub or {})})
    world = evidence(source, **({} if accounts is None else {"accounts": accounts}))
    return build(world, wanted).row("registries", account=HUB)


WORK = {"ous": ["Work"], "regions": [REGION, FAR]}


@pytest.mark.parametrize("limit", [5, 4])
def test_growth_counts_active_accounts_in_every_region_but_not_the_registry_itself(limit):
    row = growth(WORK, limit=limit)
    assert (row["growth_foreseeable"], row["growth_accounts"], row["possible_destinations"]) == (True, 3, 5)
    assert row["destinations_limit"] == limit


def test_growth_is_foreseeable_where_units_and_regions_are_named_and_the_registry_replicates():
    assert growth({"ous": ["Work"]})["growth_foreseeable"] is False
    assert growth({"accounts": [BACKUP], "regions": [FAR]})["growth_foreseeable"] is False
    assert growth(WORK, hub={"rules": []})["growth_foreseeable"] is False
    assert growth(WORK, hub={"rules": None})["growth_foreseeable"] is None
    assert growth(WORK, hub={"rules": None}, limit=9)["possible_destinations"] is None


def test_growth_with_accounts_that_are_closed_or_not_placed():
    closed = (member(HUB), member(BACKUP, state="SUSPENDED"), member(THIRD, ou_path="Root/Else"))
    assert growth(WORK, accounts=closed)["possible_destinations"] == 2
    unknown = (member(HUB), member(BACKUP, ou_path=None), member(THIRD, state=None))
    assert growth(WORK, accounts=unknown, limit=2)["possible_destinations"] is None
    assert growth(WORK, accounts=unknown, limit=1)["possible_destinations"] == 2
    assert growth(WORK, accounts=unknown, limit=9)["possible_destinations"] == 5
