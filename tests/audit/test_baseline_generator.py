"""A draft says what the organization does today: it loads, and today's links are declared by it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.baseline_generator import generate_baseline
from audit.baseline_generator.yaml_text import quoted, remark
from audit.evidence import AccountRecord, Evidence, RegionRecord
from audit.tables.evidence_index import place_of
from checks.baseline.loading import load_baseline
from checks.baseline.merged_settings import merged_settings
from checks.baseline.places import applies_to
from checks.baseline.requirements import destinations_of, is_covered, prefixes_of
from checks.baseline.schema import Baseline
from checks.baseline.yaml_reader import Reading
from checks.model import Place, RegistryId
from tests.audit.tables.worlds import (
    BACKUP,
    HUB,
    STRANGER,
    THIRD,
    build,
    evidence,
    gap,
    grant,
    member,
    registry,
    repository,
    rule,
)

WEST, CENTRAL = "eu-west-1", "eu-central-1"


def drafted(world: Evidence) -> Baseline:
    return load_baseline(generate_baseline(world), "draft.yaml")


def unit(*names: str) -> dict[str, str]:
    """Both paths of an account in the unit with these names."""
    ids = "".join(f"ou-abcd-{name.lower():0<8.8}/" for name in names)
    return {"ou_path": "/".join(("Root", *names)), "organization_path": f"o-a/r-abcd/{ids}"}


def test_an_empty_organization() -> None:
    text = generate_baseline(evidence())
    baseline = load_baseline(text, "draft.yaml")
    assert baseline.replication == ()
    assert baseline.undeclared_replication == "forbidden"
    assert "# No replication rule was found." in text


def test_equal_rules_become_one_requirement_of_their_unit() -> None:
    apps = [f"{number:012d}" for number in range(48, 54)]
    to_hub = rule(f"{HUB}/{WEST}", prefixes=["prod/api", "prod/"], delete=False)
    accounts = [member(app, **unit("Apps", "Prod" if number < 4 else "Dev")) for number, app in enumerate(apps)]
    world = evidence(
        *(registry(app, region, rules=[to_hub]) for app in apps[:5] for region in (WEST, CENTRAL)),
        registry(apps[5]),
        accounts=(*accounts, member(HUB, **unit("Infra"))),
    )
    [requirement] = drafted(world).replication
    assert requirement.sources.ous == ("Apps/Prod",)
    assert requirement.sources.accounts == (apps[4],)
    assert requirement.sources.regions == (CENTRAL, WEST)
    assert requirement.sources.repositories == ("prod/",)
    assert [(one.account, one.region) for one in requirement.destinations] == [(HUB, WEST)]
    assert requirement.delete_replication is False
    everywhere = replace(
        world, registries=(*world.registries[:-1], *(registry(apps[5], r, rules=[to_hub]) for r in (WEST, CENTRAL)))
    )
    [requirement] = drafted(everywhere).replication
    assert (requirement.sources.ous, requirement.sources.accounts) == (("Apps",), ())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ou_path": "Root/A/B", "organization_path": "o-a/r-abcd/ou-abcd-00000001/"}, "ou-abcd-00000001"),
        ({"ou_path": None, "organization_path": "o-a/r-abcd/ou-abcd-00000001/"}, "ou-abcd-00000001"),
        ({"ou_path": "Root/Root", "organization_path": "o-a/r-abcd/ou-abcd-00000001/"}, "ou-abcd-00000001"),
        ({"ou_path": "Root/ou-abcd-99999999", "organization_path": "o-a/r-abcd/ou-abcd-00000001/"}, "ou-abcd-00000001"),
        ({"ou_path": "Root/a\nb", "organization_path": "o-a/r-abcd/ou-abcd-00000001/"}, "ou-abcd-00000001"),
        ({"ou_path": 'Root/"a": b', "organization_path": None}, '"a": b'),
        ({"ou_path": "Root", "organization_path": "o-a/r-abcd/"}, "Root"),
        ({"ou_path": None, "organization_path": None}, None),
    ],
)
def test_units_are_named_so_that_they_are_found_again(fields: dict[str, Any], expected: str | None) -> None:
    sources = [registry(account, rules=[rule(f"{HUB}/{CENTRAL}")]) for account in (BACKUP, THIRD)]
    world = evidence(*sources, accounts=tuple(member(account, **fields) for account in (BACKUP, THIRD)))
    [requirement] = drafted(world).replication
    assert requirement.sources.ous == ((expected,) if expected else ())
    assert requirement.sources.accounts == (() if expected else (BACKUP, THIRD))
    assert applies_to(requirement.sources, Place(BACKUP, WEST, "", **fields)) is True


def test_a_unit_with_a_member_that_was_not_read_is_not_named() -> None:
    accounts = tuple(member(account, **unit("Apps")) for account in (BACKUP, THIRD, "444444444444"))
    rules = [rule(f"{HUB}/{CENTRAL}")]
    unread = evidence(registry(BACKUP, rules=rules), registry(THIRD, rules=rules), accounts=accounts)
    assert drafted(unread).replication[0].sources.accounts == (BACKUP, THIRD)
    suspended = replace(unread, accounts=(*accounts[:2], replace(accounts[2], state="SUSPENDED")))
    assert drafted(suspended).replication[0].sources.ous == ("Apps",)


def test_rules_that_disagree_on_deletion_leave_it_open() -> None:
    clash = [rule(f"{BACKUP}/{WEST}", delete=True), rule(f"{BACKUP}/{WEST}", prefixes=["prod/"], delete=False)]
    text = generate_baseline(evidence(registry(rules=clash)))
    [requirement] = load_baseline(text, "draft.yaml").replication
    assert requirement.delete_replication is None
    assert "decide" in text
    apart = [rule(f"{BACKUP}/{WEST}", prefixes=["a/"], delete=True), rule(f"{BACKUP}/{WEST}", prefixes=["b/"])]
    both = drafted(evidence(registry(rules=apart))).replication
    assert {(one.sources.repositories, one.delete_replication) for one in both} == {(("a/",), True), (("b/",), False)}


def test_what_no_baseline_can_say_is_named_and_left_out() -> None:
    odd = [rule(f"{BACKUP}/moon", f"{HUB}/{WEST}", "12/eu-west-1", f"{THIRD}/{WEST}", prefixes=["UP", "b/\n", "a/"])]
    text = generate_baseline(evidence(registry(rules=odd), registry(BACKUP, replication_configuration="{")))
    [requirement] = load_baseline(text, "draft.yaml").replication
    assert [one.account for one in requirement.destinations] == [THIRD]
    assert requirement.sources.repositories == ("a/",)
    for clause in (
        "'UP'",
        f"'{BACKUP}/moon'",
        f"'{HUB}/{WEST}'",
        "'12/eu-west-1'",
        f"{BACKUP}/{WEST}: the replication",
    ):
        assert re.search(f"^#   left out, .*{re.escape(clause)}", text, re.MULTILINE), clause


def test_outsiders_are_candidates_and_never_trusted() -> None:
    policy = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:role/x"}}})
    denied = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "888888888888", "Action": "*"}]})
    world = evidence(
        registry(
            registry_policy=grant(BACKUP, "777777777777"),
            rules=[rule("666666666666/eu-west-1")],
            repositories=[repository("a", repository_policy=policy), repository("b", repository_policy=denied)],
        ),
        registry(BACKUP, registry_policy="not json"),
    )
    text = generate_baseline(world)
    baseline = load_baseline(text, "draft.yaml")
    assert baseline.grants.external_accounts == {}
    assert baseline.allowed_destinations.accounts == ()
    assert re.findall(r'^  #   "(\d+)": reason', text, re.MULTILINE) == ["666666666666", "777777777777", STRANGER]
    assert '{account: "666666666666", region: eu-west-1}   # not in the organization' in text
    trusted = load_baseline(re.sub(r"^  # (  \"|external)", r"  \1", text, flags=re.MULTILINE), "draft.yaml")
    assert set(trusted.grants.external_accounts) == {"666666666666", "777777777777", STRANGER}


def test_without_an_organization_nothing_is_allowed_besides() -> None:
    world = evidence(
        registry(rules=[rule(f"{BACKUP}/{WEST}")]),
        organization=None,
        accounts=(AccountRecord(HUB, None, None, None, None),),
    )
    text = generate_baseline(world)
    baseline = load_baseline(text, "draft.yaml")
    assert baseline.allowed_destinations.accounts == ()
    assert f'#     - "{BACKUP}"' in text
    assert [one.account for one in baseline.replication[0].destinations] == [BACKUP]


def test_settings_are_what_most_replicas_have() -> None:
    frozen = {"tag_mutability": "IMMUTABLE_WITH_EXCLUSION", "mutability_exclusions": '["latest"]'}
    unread = {"lifecycle_policy": None, "scan_frequency": None}
    copies = [
        *(repository(f"prod/{n}", **frozen, lifecycle_policy="{}") for n in range(6)),
        *(repository(f"dev/{n}") for n in range(2)),
        *(repository(f"test/{n}", **unread) for n in range(2)),
        repository("base/x", encryption_type="KMS", kms_key="arn:key"),
        repository("base/y", encryption_type="KMS", kms_key="arn:key", scan_frequency="CONTINUOUS_SCAN"),
        repository("other/z", tag_mutability="IMMUTABLE"),
    ]
    names = [repository(copy["repository"]) for copy in copies if copy["repository"] != "other/z"]
    world = evidence(
        registry(rules=[rule(f"{BACKUP}/{WEST}")], repositories=names), registry(BACKUP, repositories=copies)
    )
    text = generate_baseline(world)
    baseline = load_baseline(text, "draft.yaml")
    prod, dev, base = (
        merged_settings(baseline, f"{head}/new", Place(BACKUP, WEST)) for head in ("prod", "dev", "base")
    )
    assert (prod.tag_mutability, prod.mutability_exclusions) == ("IMMUTABLE_WITH_EXCLUSION", ("latest",))
    assert (dev.tag_mutability, base.tag_mutability) == (None, None)
    assert "# tag_mutability: IMMUTABLE   # now: 6 IMMUTABLE_WITH_EXCLUSION latest, 6 MUTABLE" in text
    assert prod.lifecycle_policy == "required"
    assert "lifecycle_policy: required   # now: 6 with one, 4 without" in text
    assert (dev.lifecycle_policy, base.lifecycle_policy) == (None, None)
    assert base.encryption is not None
    assert (base.encryption.type, base.encryption.key, dev.encryption) == ("KMS", "customer", None)
    assert prod.scanning is not None
    assert prod.scanning.required
    assert "# now: 9 scanned (SCAN_ON_PUSH), 1 scanned (CONTINUOUS_SCAN)" in text
    assert "other/" not in text, "no rule replicates it"
    asked = re.sub(r"^(    )# (?=[a-z_]+: )", r"\1", text, flags=re.MULTILINE)
    assert merged_settings(load_baseline(asked, "draft.yaml"), "new", Place(BACKUP, WEST)).tag_mutability == "IMMUTABLE"


def test_weak_replicas_make_no_requirement_but_a_suggestion() -> None:
    weak = [repository("a/b", scan_frequency="MANUAL"), repository("a/c", scan_frequency="MANUAL")]
    world = evidence(registry(rules=[rule(f"{BACKUP}/{WEST}")], repositories=weak), registry(BACKUP, repositories=weak))
    text = generate_baseline(world)
    assert load_baseline(text, "draft.yaml").settings == ()
    lines = text.replace("settings: []\n", "").splitlines()
    start = lines.index("# settings:")
    end = lines.index("", start)
    uncommented = "\n".join(line.replace("# ", "", 1) for line in lines[start:end])
    asked = load_baseline("\n".join([*lines[:start], uncommented, *lines[end:]]), "draft.yaml")
    assert asked.settings[0].tag_mutability == "IMMUTABLE"


def test_gaps_are_comments() -> None:
    gaps = [gap(account=f"{number:012d}", code="Access\nDenied") for number in range(8)]
    text = generate_baseline(evidence(registry(gaps=gaps), unaccounted=(RegistryId("111111111111", "eu-north-1"),)))
    load_baseline(text, "draft.yaml")
    line = next(line for line in text.splitlines() if "ecr:GetRegistryPolicy" in line)
    assert line.startswith("#   could not be read: ecr:GetRegistryPolicy in 000000000000/eu-west-1, ")
    assert line.endswith(" and 3 more (denied: Access Denied)")
    assert "#   could not be read: 111111111111/eu-north-1 (planned" in text


def test_registries_out_of_scope_are_not_described() -> None:
    rules = [rule(f"{HUB}/{WEST}")]
    world = evidence(
        registry(BACKUP, rules=rules),
        registry(THIRD, rules=rules),
        accounts=(member(HUB), member(BACKUP), member(THIRD, in_scope=False)),
        regions=(RegionRecord(BACKUP, WEST, "ENABLED", in_scope=False),),
    )
    assert drafted(world).replication == ()


@given(st.text())
@settings(deadline=None)
def test_any_text_survives_quotation_and_no_comment_ends_early(text: str) -> None:
    clean = "".join(one for one in text if not "\ud800" <= one <= "\udfff")
    root = Reading(f"key: {quoted(clean)}   # {remark(text)}\n", "f").read()
    assert root is not None
    assert root.value == {"key": clean}


ACCOUNTS = [f"{number:012d}" for number in range(1, 7)]
REGIONS = [WEST, CENTRAL]
PREFIXES = ["prod/", "prod", "dev/", "prod/api"]
RULES = st.lists(
    st.builds(
        lambda destinations, prefixes, delete: rule(*destinations, prefixes=prefixes, delete=delete),
        st.lists(
            st.sampled_from([f"{a}/{r}" for a in (*ACCOUNTS[:3], STRANGER) for r in REGIONS]), min_size=1, max_size=3
        ),
        st.lists(st.sampled_from(PREFIXES), max_size=2),
        st.sampled_from([None, False, True]),
    ),
    max_size=3,
)
FEW = st.lists(RULES, min_size=1, max_size=3)
"""Few different configurations, so that registries often have the same one."""


@st.composite
def worlds(draw: st.DrawFn) -> Evidence:
    choices = draw(FEW)
    units = [unit(), unit("Apps"), unit("Apps", "Prod"), unit("Infra, Inc")]
    state = st.sampled_from(["ACTIVE", "ACTIVE", "SUSPENDED", None])
    accounts = tuple(
        member(
            account,
            state=draw(state),
            name=draw(st.sampled_from(["a: b", "x,\n# y", account])),
            **draw(st.sampled_from(units)),
        )
        for account in ACCOUNTS
    )
    registries = [
        registry(account, region, rules=draw(st.sampled_from([*choices, None])))
        for account in ACCOUNTS
        for region in REGIONS
        if draw(st.booleans())
    ]
    return evidence(*draw(st.permutations(registries)), accounts=tuple(draw(st.permutations(accounts))), regions=())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(worlds())
def test_the_draft_says_exactly_what_the_rules_say(world: Evidence) -> None:
    text = generate_baseline(world)
    ordered = replace(
        world,
        registries=tuple(sorted(world.registries, key=lambda part: (part.registry.account, part.registry.region))),
        accounts=tuple(sorted(world.accounts, key=lambda record: record.account)),
    )
    assert generate_baseline(ordered) == text, "the order of the evidence shows"
    baseline = load_baseline(text, "draft.yaml")
    paths = {record.account: record for record in world.accounts}
    for part in world.registries:
        source = (part.registry.account, part.registry.region)
        rules = json.loads(part.registry.replication_configuration or '{"rules": []}')["rules"]
        present = {
            ((one["registryId"], one["region"]), each["filter"])
            for each_rule in rules
            for one in each_rule["destinations"]
            for each in each_rule.get("repositoryFilters", [{"filter": ""}])
            if (one["registryId"], one["region"]) != source
        }
        wanted = {
            (destination, prefix)
            for requirement in baseline.replication
            if applies_to(requirement.sources, place_of(paths[source[0]], source))
            for destination in destinations_of(requirement, source[0])
            for prefix in prefixes_of(requirement.sources)
        }
        for one, other in ((present, wanted), (wanted, present)):
            for destination, prefix in one:
                assert is_covered(prefix, [each for where, each in other if where == destination]), (
                    source,
                    destination,
                )


def test_links_are_judged_declared_by_the_draft() -> None:
    apps = ["444444444444", "555555555555"]
    world = evidence(
        *(
            registry(app, rules=[rule(f"{HUB}/{WEST}", prefixes=["prod/"]), rule(f"{app}/{CENTRAL}", delete=True)])
            for app in apps
        ),
        registry(HUB, rules=[rule(f"{BACKUP}/{WEST}", f"{STRANGER}/{WEST}")], registry_policy=grant(*apps)),
        registry(BACKUP, rules=None, gaps=[gap("ecr:DescribeRegistry")]),
        accounts=(*(member(app, **unit("Apps")) for app in apps), member(HUB), member(BACKUP)),
    )
    tables = build(world, drafted(world))
    links = tables.rows("links")
    assert len(links) == 6
    for link in links:
        assert (link["present"], link["expected"], link["declaration"]) == (True, True, "required")
        assert (link["declaration_required"], link["missing_prefixes"]) == (True, "[]")
    for one in tables.rows("rules"):
        if one["delete_replication_required"]:
            assert one["delete_replication"] == one["expected_delete_replication"]
