"""Links and repositories seen together: chains, circles, rivals, borders, resilience; rules that disagree."""

from __future__ import annotations

import json

import pytest

from .worlds import (
    BACKUP,
    DIGESTS,
    HUB,
    REGION,
    THIRD,
    baseline,
    build,
    evidence,
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


def test_rules_that_copy_the_same_there_and_disagree():
    rules = [
        rule(TO_BACKUP, prefixes=["prod/"], delete=True),
        rule(TO_BACKUP, TO_THIRD, prefixes=["prod/api", "dev/"]),
        rule(TO_BACKUP, prefixes=["dev/"], delete=False),
    ]
    row = link(evidence(registry(HUB, rules=rules)))
    assert row["delete_consistent"] is False
    assert json.loads(row["delete_conflicting_rules"]) == [1, 2]
    assert json.loads(row["delete_conflicting_prefixes"]) == ["prod/api"]
    assert link(evidence(registry(HUB, rules=rules)), destination=THIRD)["delete_consistent"] is True
    unread = link(evidence(registry(HUB, rules=None)), baseline(requirement(TO_BACKUP)))
    assert (unread["delete_consistent"], unread["delete_settled"]) == (None, None)


@pytest.mark.parametrize(
    ("demands", "settled", "differing"),
    [
        ([requirement(TO_BACKUP, delete=False)], "off", [1]),
        ([requirement(TO_BACKUP, delete=True)], "on", [2]),
        ([requirement(TO_BACKUP)], "", []),
        ([requirement(TO_BACKUP, delete=True, accounts=[HUB], repositories=["prod/web"])], "", []),
        ([requirement(TO_BACKUP, delete=True), requirement(TO_THIRD, name="b", delete=False)], "", []),
    ],
    ids=["backup", "mirror", "no opinion", "only about one of the rules", "the other destination wants the opposite"],
)
def test_the_baseline_settles_it_where_it_speaks_of_every_rule(demands, settled, differing):
    rules = [rule(TO_BACKUP, prefixes=["prod/"], delete=True), rule(TO_BACKUP, TO_THIRD, prefixes=["prod/api"])]
    row = link(evidence(registry(HUB, rules=rules)), baseline(*demands))
    assert (row["delete_settled"], json.loads(row["delete_differing_rules"])) == (settled, differing)


def test_a_switch_that_opens_a_conflict_elsewhere_settles_nothing():
    rules = [rule(TO_BACKUP, delete=True), rule(TO_BACKUP, TO_THIRD), rule(TO_THIRD, prefixes=["prod/"])]
    row = link(evidence(registry(HUB, rules=rules)), baseline(requirement(TO_BACKUP, delete=True)))
    assert (row["delete_consistent"], row["delete_settled"]) == (False, "")


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
    assert row["chain_complete"] is False
    assert json.loads(row["chain_registries"]) == [TO_THIRD]
    assert json.loads(row["chain_missing"]) == [
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
    assert chain(*hub_rules, names=names, onward=onward)["chain_complete"] is complete


def test_a_closed_account_at_the_end_receives_nothing_anyway():
    closed = (member(HUB), member(BACKUP), member(THIRD, state="SUSPENDED"))
    assert chain(accounts=closed)["chain_complete"] is True


def test_chains_that_were_not_read():
    assert chain(backup={"rules": None})["chain_complete"] is None
    assert chain(backup={"rules": None}, names=())["chain_complete"] is True
    outside = evidence(registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD))
    assert link(outside)["chain_complete"] is None
    unlisted = registry(HUB, rules=[rule(TO_BACKUP)], repositories_read=False)
    row = link(evidence(unlisted, registry(BACKUP, rules=[rule(TO_THIRD)])))
    assert (row["chain_complete"], row["chain_missing"]) == (None, "[]")


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
    assert json.loads(chain(policy=policy)["chain_missing"])[0]["grant"] == word


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
    assert json.loads(row["chain_missing"])[0]["allowed"] is allowed


# circles


def circle(forth, back, wanted=None):
    return link(evidence(registry(HUB, rules=forth), registry(BACKUP, rules=back)), wanted)


@pytest.mark.parametrize(
    ("back", "one_way", "shared"),
    [
        ([rule(TO_HUB)], False, ["prod/"]),
        ([rule(TO_HUB, prefixes=["prod/api"])], False, ["prod/api"]),
        ([rule(TO_HUB, prefixes=["dev/"])], True, []),
        ([rule(TO_THIRD)], True, []),
        (None, None, None),
    ],
)
def test_registries_that_copy_to_each_other(back, one_way, shared):
    row = circle([rule(TO_BACKUP, prefixes=["prod/"])], back)
    assert (row["one_way"], json.loads(row["circle_prefixes"] or "null")) == (one_way, shared)


FORTH, BACK = requirement(TO_BACKUP), requirement(TO_HUB, name="back", accounts=[BACKUP])


@pytest.mark.parametrize(
    ("back", "demands", "settled"),
    [
        (["prod/api"], [FORTH], "reverse"),
        (["prod/api", "own/"], [FORTH], ""),
        (["prod/"], [BACK], "this"),
        (["prod/api"], [BACK], ""),
        (["prod/"], [FORTH, BACK], ""),
        (["prod/"], [], ""),
    ],
)
def test_the_direction_that_can_go(back, demands, settled):
    row = circle([rule(TO_BACKUP, prefixes=["prod/"])], [rule(TO_HUB, prefixes=back)], baseline(*demands))
    assert row["circle_settled"] == settled


# rivals


def rivals(hub=("prod/api", "web"), third=("prod/api",), wanted=None, **fields):
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP)], repositories=[repository(name) for name in hub]),
        registry(THIRD, rules=[rule(TO_BACKUP, prefixes=["prod"])], repositories=[repository(n) for n in third]),
        registry(BACKUP, registry_policy=grant(HUB, THIRD)),
        **fields,
    )
    return link(world, wanted)


def test_one_name_from_two_sources():
    row = rivals()
    assert (row["one_source"], row["rival_repository_count"]) == (False, 1)
    assert (row["rival_sources"], row["rival_repositories"]) == (f'["{TO_THIRD}"]', '["prod/api"]')
    assert row["rivals_required"] is False
    assert rivals(third=("prod/web",))["one_source"] is True
    assert rivals(third=("api",))["one_source"] is True


def test_the_same_pair_named_by_two_rules_is_no_rival_of_itself():
    hub = registry(HUB, rules=[rule(TO_BACKUP), rule(TO_BACKUP, prefixes=["prod/"])], repositories=PROD)
    assert link(evidence(hub, registry(BACKUP)))["one_source"] is True


@pytest.mark.parametrize(
    ("hub", "demands", "required"),
    [
        (("prod/api",), [requirement(TO_BACKUP, accounts=[THIRD])], True),
        (("prod/api", "web"), [requirement(TO_BACKUP, accounts=[THIRD])], False),
        (("prod/api",), [requirement(TO_BACKUP, accounts=[HUB, THIRD])], False),
        (("prod/api",), [], False),
    ],
    ids=["only the other", "this link copies more", "both", "neither"],
)
def test_whether_the_baseline_wants_the_other_source(hub, demands, required):
    assert rivals(hub=hub, wanted=baseline(*demands))["rivals_required"] is required


def test_a_copy_that_is_replicated_again_is_no_second_source():
    names = [repository("prod/api")]
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP, TO_THIRD)], repositories=names),
        registry(BACKUP, rules=[rule(TO_THIRD)], repositories=names),
        registry(THIRD),
    )
    assert link(world, destination=THIRD)["one_source"] is True
    assert link(world, source=BACKUP, destination=THIRD)["one_source"] is True


def unread_rival(policy, *, account=THIRD, region=REGION, **third):
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD),
        registry(account, region, rules=None, **third),
        registry(BACKUP, registry_policy=policy),
    )
    return link(world)["one_source"]


def test_a_source_that_could_not_be_read_may_be_a_rival_where_it_is_let_in():
    assert unread_rival(grant(HUB, THIRD), repositories_read=False) is None
    assert unread_rival(grant(HUB), repositories_read=False) is True
    assert unread_rival(None, repositories_read=False) is None
    assert unread_rival(grant(HUB, THIRD), repositories=PROD) is None
    assert unread_rival(grant(HUB, THIRD), repositories=[repository("other")]) is True
    assert unread_rival(grant(HUB, THIRD)) is True
    assert unread_rival(grant(HUB), account=BACKUP, region=FAR, repositories_read=False) is None


def test_a_source_that_was_not_listed_may_be_a_rival_where_its_filters_meet():
    def one_source(hub, prefix):
        third = registry(THIRD, rules=[rule(TO_BACKUP, prefixes=[prefix])], repositories_read=False)
        return link(evidence(hub, third, registry(BACKUP)))["one_source"]

    hub = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["prod/"])], repositories=PROD)
    assert (one_source(hub, "prod"), one_source(hub, "dev")) == (None, True)
    unlisted = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["prod/"])], repositories_read=False)
    assert (one_source(unlisted, "prod"), one_source(unlisted, "dev")) == (None, True)


def test_a_rival_that_may_be_a_copy_of_something_unread_is_undecided():
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD),
        registry(THIRD, rules=[rule(TO_BACKUP)], repositories=PROD),
        registry(THIRD, FAR, rules=None, repositories_read=False),
        registry(BACKUP, registry_policy=grant(HUB)),
    )
    assert link(world)["one_source"] is None


# borders


def border(wanted, destination=BACKUP, accounts=None):
    world = evidence(
        registry(HUB, rules=[rule(TO_BACKUP, f"{HUB}/{FAR}")]), **({} if accounts is None else {"accounts": accounts})
    )
    return link(world, wanted, destination=destination, region=REGION if destination == BACKUP else FAR)


def test_regions_that_are_allowed():
    assert border(baseline())["region_restricted"] is False
    near, far = (border(baseline(allowed_regions=[REGION]), destination) for destination in (BACKUP, HUB))
    assert (near["region_restricted"], near["region_allowed"]) == (True, True)
    assert (far["region_restricted"], far["region_allowed"]) == (True, False)
    unread = link(evidence(registry(HUB, rules=None)), baseline(requirement(TO_BACKUP), allowed_regions=[FAR]))
    assert unread["region_restricted"] is None


def environments(**levels):
    return baseline(environments=[{"name": name, **where} for name, where in levels.items()])


@pytest.mark.parametrize(
    ("levels", "applies", "ordered"),
    [
        ({"dev": {"accounts": [HUB]}, "prod": {"accounts": [BACKUP]}}, True, False),
        ({"dev": {"accounts": [BACKUP]}, "prod": {"accounts": [HUB]}}, True, True),
        ({"dev": {"accounts": [HUB, BACKUP]}}, True, True),
        ({"dev": {"accounts": [HUB]}}, False, True),
        ({"dev": {"ous": ["Work"]}, "prod": {"ous": ["Work/Prod"]}}, True, False),
        ({"dev": {"ous": ["r-abcd"]}, "prod": {"ous": ["Root/Work/Prod"]}}, True, False),
        ({"prod": {"accounts": [HUB]}, "dev": {"ous": ["Root"]}}, True, False),
    ],
    ids=["up", "down", "level", "outside", "deeper unit", "deeper than the root by id", "account before unit"],
)
def test_environments(levels, applies, ordered):
    hub = member(HUB, organization_path="o-a/r-abcd/ou-c/")
    accounts = (hub, member(BACKUP, ou_path="Root/Work/Prod", organization_path="o-a/r-abcd/ou-c/ou-d/"))
    row = border(environments(**levels), accounts=accounts)
    assert (row["environments_apply"], row["environments_ordered"]) == (applies, ordered)


def test_an_account_whose_place_is_not_known_lies_in_no_known_environment():
    accounts = (member(HUB), member(BACKUP, ou_path=None))
    row = border(environments(dev={"ous": ["Work"]}, prod={"ous": ["Prod"]}), accounts=accounts)
    assert (row["environments_apply"], row["environments_ordered"], row["destination_environment"]) == (
        None,
        None,
        None,
    )


# resilience


def copies(*hub_rules, wanted=None, accounts=None, others=(), **hub):
    wanted = wanted or baseline(resilience=[{"name": "far", "sources": {"repositories": ["prod/"]}}])
    source = registry(HUB, **{"rules": hub_rules, "repositories": [*PROD, repository("web")], **hub})
    world = evidence(source, *others, **({} if accounts is None else {"accounts": accounts}))
    return build(world, wanted).row("repositories", account=HUB, repository="prod/api")


@pytest.mark.parametrize(
    ("destinations", "region", "account"),
    [
        ((), False, False),
        ((TO_BACKUP,), False, True),
        ((f"{HUB}/{FAR}",), True, False),
        ((f"{BACKUP}/{FAR}",), True, True),
        ((f"{BACKUP}/cn-north-1",), False, False),
    ],
)
def test_copies_elsewhere(destinations, region, account):
    row = copies(*([rule(*destinations, prefixes=["prod/"])] if destinations else []))
    assert (row["another_region_required"], row["another_account_required"]) == (True, False)
    assert (row["another_region"], row["another_account"]) == (region, account)
    assert (row["another_region_required_by"], row["another_region_prefixes"]) == ('["far"]', '["prod/"]')


def test_an_account_that_cannot_receive_is_no_copy():
    accounts = (member(HUB), member(BACKUP, state="SUSPENDED"))
    row = copies(rule(f"{BACKUP}/{FAR}"), accounts=accounts)
    assert (row["another_region"], row["another_region_candidates"]) == (False, "[]")


def test_candidates_are_where_the_registry_replicates_to_already():
    row = copies(rule(TO_BACKUP, f"{HUB}/{FAR}", f"{BACKUP}/{FAR}", prefixes=["web"]))
    assert [(each["account"], each["grant"]) for each in json.loads(row["another_region_candidates"])] == [
        (HUB, "given"),
        (BACKUP, "unknown"),
    ]


def test_a_destination_that_the_baseline_forbids_is_no_candidate():
    wanted = baseline(resilience=[{"name": "far"}], undeclared_replication="forbidden")
    assert copies(rule(f"{HUB}/{FAR}", prefixes=["web"]), wanted=wanted)["another_region_candidates"] == "[]"


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
    row = copies(wanted=wanted, accounts=accounts)
    assert (row["another_region_required"], row["another_account_required"]) == (required, required)


def test_what_is_a_copy_itself_is_judged_at_its_source():
    sender = registry(BACKUP, FAR, rules=[rule(TO_HUB)], repositories=PROD)
    row = copies(others=[sender])
    assert (row["receives_copies"], row["another_region_required"]) == (True, False)
    passed_on = copies(rule(f"{HUB}/{FAR}"), others=[sender])
    assert (passed_on["another_region_required"], passed_on["another_region"]) == (True, True)


def test_what_might_be_a_copy_is_undecided():
    unread = registry(BACKUP, rules=None, repositories_read=False)
    row = copies(others=[unread], registry_policy=grant(BACKUP))
    assert (row["receives_copies"], row["another_region_required"]) == (None, None)
    assert copies(others=[unread])["receives_copies"] is False
    unlisted = registry(BACKUP, rules=[rule(TO_HUB, prefixes=["prod/"])], repositories_read=False)
    assert copies(others=[unlisted])["receives_copies"] is None


def test_rules_that_were_not_read_leave_copies_unknown():
    assert copies(rules=None)["another_region"] is None


# limits


def test_images_of_every_state_count_where_copies_arrive():
    held = [image(DIGESTS[0]), image(DIGESTS[1], status="ARCHIVED"), image(DIGESTS[2]), image(DIGESTS[3])]
    policy = {"rules": [{"rulePriority": 1}]}
    limits = {"images_per_repository": {"maximum": 5}}

    def row(wanted, **columns):
        copy = registry(BACKUP, repositories=[repository("prod/api", *held, **columns)])
        hub = registry(HUB, rules=[rule(TO_BACKUP)], repositories=PROD)
        return build(evidence(hub, copy), wanted).row("repositories", account=BACKUP)

    found = row(baseline(limits=limits))
    assert (found["receives_copies"], found["image_count"], found["image_total"]) == (True, 3, 4)
    assert (found["images_comfortable"], found["images_grade"]) == (False, "medium")
    assert (found["images_limit"], found["expected_lifecycle_policy"]) == (5, "")
    wanted = baseline(limits=limits, settings=[{"lifecycle_policy": policy}])
    assert json.loads(row(wanted)["expected_lifecycle_policy"]) == policy
    assert row(wanted, lifecycle_policy=json.dumps(policy))["expected_lifecycle_policy"] == ""
    assert row(wanted, lifecycle_policy=None)["expected_lifecycle_policy"] == ""
    assert row(baseline(limits=limits), image_count=None)["images_comfortable"] is None
    assert row(baseline())["images_comfortable"] is True


def growth(allowed, hub=None, accounts=None, limit=3, **fields):
    wanted = baseline(undeclared_replication="forbidden", allowed_destinations=allowed, **fields)
    source = registry(HUB, **{"rules": [rule(TO_BACKUP)], "destinations_limit": limit, **(hub or {})})
    world = evidence(source, **({} if accounts is None else {"accounts": accounts}))
    return build(world, wanted).row("registries", account=HUB)


WORK = {"ous": ["Work"], "regions": [REGION, FAR]}


@pytest.mark.parametrize(
    ("limit", "within"),
    [(5, True), (4, False)],
)
def test_growth_counts_active_accounts_in_every_region_but_not_the_registry_itself(limit, within):
    row = growth(WORK, limit=limit)
    assert (row["growth_declared"], row["growth_accounts"], row["destinations_possible"]) == (True, 3, 5)
    assert row["growth_within_limit"] is within


def test_growth_is_judged_where_units_and_regions_are_named_and_the_registry_replicates():
    assert growth({"ous": ["Work"]})["growth_declared"] is False
    assert growth({"accounts": [BACKUP], "regions": [FAR]})["growth_declared"] is False
    assert growth(WORK, hub={"rules": []})["growth_declared"] is False
    assert growth(WORK, hub={"rules": None})["growth_declared"] is None
    assert growth(WORK, hub={"rules": None}, limit=9)["growth_within_limit"] is None


def test_growth_with_accounts_that_are_closed_or_not_placed():
    closed = (member(HUB), member(BACKUP, state="SUSPENDED"), member(THIRD, ou_path="Root/Else"))
    assert growth(WORK, accounts=closed)["growth_within_limit"] is True
    unknown = (member(HUB), member(BACKUP, ou_path=None), member(THIRD, state=None))
    assert growth(WORK, accounts=unknown, limit=2)["growth_within_limit"] is None
    assert growth(WORK, accounts=unknown, limit=1)["growth_within_limit"] is False
    assert growth(WORK, accounts=unknown, limit=9)["growth_within_limit"] is True
