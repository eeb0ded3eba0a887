"""Checks of medium and low severity whose pages can be restated in a few lines."""

from __future__ import annotations

from typing import Any

from tests.oracle.facts import Place, World
from tests.oracle.links import Link, Rows, Rule, can_receive, is_replica, limit, overlap, rules_of, said, warning
from tests.oracle.policies import Answer, all_of, any_of, like, opposite
from tests.oracle.replicas import Replica, present, replicas_of

_WORD_ENDS = ("/", "-", "_", ".")
_VERSIONS = (("v1", "v1.0.0", "v2.13.4", "v10.0.1-rc.1"), ("1.0.0", "2.13.4", "10.0.1-rc.1", "0.9.12"))


def other_checks(world: World, links: list[Link]) -> dict[str, Rows]:
    """Check → row key → status."""
    replicas = replicas_of(world, links)
    return {
        **_rules(world),
        "rules.delete-replication-consistent": {link.key: _delete_consistent(link) for link in links},
        "limits.destinations-below-warning": {one: _below_warning(world, one, links) for one in world.places()},
        "topology.no-cycle": {link.key: _no_cycle(world, link) for link in links},
        "topology.isolated-account": _isolated_account(world, links),
        "organization.region-approved": {one: _region_approved(world, one) for one in world.places()},
        "organization.registry-declared": {one: _registry_declared(world, one) for one in world.places()},
        "grants.policy-scope": {one: _policy_scope(world, one, links) for one in world.places()},
        "settings.tag-mutability": {one.key: _tag_mutability(world, one) for one in replicas},
        "settings.immutability-effective": {one.key: _immutability(world, one) for one in replicas},
        "settings.template-covers-rule": {link.key: _template_covers(world, link) for link in links},
    }


def _rules(world: World) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for place in world.places():
        rules, written = rules_of(world, place) or (), world.rules(place) or ()
        for number, rule in enumerate(rules):
            earlier = [(set(one.destinations), set(one.prefixes), one.deletes) for one in rules[:number]]
            same = (set(rule.destinations), set(rule.prefixes), rule.deletes) in earlier and bool(rule.destinations)
            said_of = {
                "rules.self-destination": said(place not in rule.destinations),
                "rules.destinations-present": said(bool(rule.destinations)),
                "rules.without-duplicates": said(not same and not _repeats(written[number])),
                "rules.filters-as-declared": _filters_as_declared(world, place, rule),
                "rules.prefixes-bounded": _names(world, place, rule, bounded=True),
                "rules.filters-match": _names(world, place, rule, bounded=False),
            }
            for check, status in said_of.items():
                found.setdefault(check, {})[(*place, rule.number)] = status
    return found


def _repeats(rule: dict[str, Any]) -> bool:
    pairs = [(one["registryId"], one["region"]) for one in rule["destinations"]]
    filters = [one["filter"] for one in rule.get("repositoryFilters", ())]
    return len(pairs) != len(set(pairs)) or len(filters) != len(set(filters))


def _concerned(world: World, place: Place, rule: Rule) -> list[list[str]]:
    """The prefixes of each requirement with a destination of *rule*, without those that a shorter one contains."""
    return [
        [one for one in prefixes if not any(one != other and one.startswith(other) for other in prefixes)]
        for _, prefixes, to in world.required(place)
        if set(to) & set(rule.destinations)
    ]


def _filters_as_declared(world: World, place: Place, rule: Rule) -> str:
    concerned = _concerned(world, place, rule)
    return said(False, when=rule.prefixes == ("",) and bool(concerned) and not any("" in one for one in concerned))


def _names(world: World, place: Place, rule: Rule, *, bounded: bool) -> str:
    names = world.repositories(place)
    copies = rule.prefixes != ("",) and bool(set(rule.destinations) - {place})
    applies: Answer = copies and (None if names is None else bool(names))
    wanted = [prefix for prefixes in _concerned(world, place, rule) for prefix in prefixes]
    answers = [
        _bounded(one, wanted, names or ()) if bounded else _matches(one, wanted, names or ()) for one in rule.prefixes
    ]
    return said(all(answers), when=applies)


def _bounded(prefix: str, wanted: list[str], names: Any) -> bool:
    if prefix.endswith(_WORD_ENDS) or prefix in wanted:
        return True
    after = [name[len(prefix) :] for name in names if name.startswith(prefix)]
    stops = any(not end or end.startswith("/") for end in after)
    return not (stops and any(end[:1].isalnum() for end in after))


def _matches(prefix: str, wanted: list[str], names: Any) -> bool:
    return any(one.startswith(prefix) for one in (*names, *wanted))


def _delete_consistent(link: Link) -> str:
    pairs = [(one, other) for one in link.rules for other in link.rules if one.number < other.number]
    differ = any(one.deletes != other.deletes and overlap(one.prefixes, other.prefixes) for one, other in pairs)
    return said(not differ, when=link.present)


def _below_warning(world: World, place: Place, links: list[Link]) -> str:
    named = {pair for rule in rules_of(world, place) or () for pair in rule.destinations}
    needed = len(named | {link.destination for link in links if link.source == place})
    unread, most = world.rules(place) is None, limit(world, "unique_destinations", place)
    fits = None if unread and needed <= most else needed <= most
    below = needed < warning(world, "unique_destinations", place)
    return said(None if unread and below else below, when=None if fits is None else fits)


def _no_cycle(world: World, link: Link) -> str:
    back = rules_of(world, link.destination)
    if back is None or not link.present:
        return said(None, when=link.present)
    returned = [prefix for rule in back if link.source in rule.destinations for prefix in rule.prefixes]
    return said(not overlap(link.prefixes, returned))


def _isolated_account(world: World, links: list[Link]) -> Rows:
    found: Rows = {}
    for place in world.places():
        for name in world.repositories(place) or ():
            asked = any(
                one.get("another_account", False)
                and world.covers(one.get("sources", {}), place)
                and name.startswith(tuple(one.get("sources", {}).get("repositories", ("",))))
                for one in world.baseline.get("resilience", ())
            )
            mine = [link for link in links if link.source == place and any(rule.matches(name) for rule in link.rules)]
            there = any_of(can_receive(world, place, link.destination) for link in mine if link.crosses)
            applies = all_of((asked, True if there else opposite(is_replica(world, place, name, links))))
            found[(*place, name)] = said(None if world.rules(place) is None else there, when=applies)
    return found


def _holds(world: World, place: Place) -> Answer:
    names = world.repositories(place)
    return None if names is None else bool(names)


def _region_approved(world: World, place: Place) -> str:
    regions = world.baseline.get("allowed_regions", ())
    return said(place[1] in regions, when=all_of((bool(regions), _holds(world, place))))


def _registry_declared(world: World, place: Place) -> str:
    forbidden = world.baseline.get("undeclared_registries") == "forbidden"
    source = any(to for _, _, to in world.required(place))
    named = {
        (account if one["account"] == "same" else one["account"], one["region"])
        for requirement in world.baseline.get("replication", ())
        for one in requirement["destinations"]
        for account in world.accounts
        if one["account"] != "same" or any(world.covers(requirement.get("sources", {}), (account, region))
                                           for region in REGIONS_TRIED if region != one["region"])
    }  # fmt: skip
    return said(source or place in named, when=all_of((forbidden, _holds(world, place))))


REGIONS_TRIED = ("eu-west-1", "eu-central-1", "us-east-1")


def _policy_scope(world: World, place: Place, links: list[Link]) -> str:
    policy = world.policy(place)
    part = any_of((any(link.destination == place for link in links), None if policy is None else bool(policy)))
    scope = world.registry(place).get("settings", {}).get("REGISTRY_POLICY_SCOPE", "V2")
    return said(scope == "V2" if world.readable(place, "ecr:GetAccountSetting") else None, when=part)


def _mode(repository: Any) -> tuple[str, frozenset[str]]:
    return repository.get("tag_mutability", "MUTABLE"), frozenset(repository.get("exclusions", ()))


def _expected_mode(world: World, one: Replica) -> tuple[str, frozenset[str]] | None:
    wanted = world.settings(one.name, one.link.destination)
    asked = wanted.get("tag_mutability")
    if asked == "same-as-source":
        return _mode((world.repositories(one.link.source) or {})[one.name])
    return (asked, frozenset(wanted.get("mutability_exclusions", ()))) if asked else None


def _tag_mutability(world: World, one: Replica) -> str:
    expected, there = _expected_mode(world, one), present(world, one)
    found = _mode((world.repositories(one.link.destination) or {}).get(one.name, {}))
    return said(found == expected, when=all_of((expected is not None, there)))


def _immutability(world: World, one: Replica) -> str:
    expected, there = _expected_mode(world, one), present(world, one)
    mode, filters = _mode((world.repositories(one.link.destination) or {}).get(one.name, {}))
    undone = mode == "MUTABLE_WITH_EXCLUSION" and expected is not None and expected[0].startswith("IMMUTABLE")
    undone = undone and "*" not in filters
    if mode == "IMMUTABLE_WITH_EXCLUSION":
        kept = expected[1] if expected is not None and expected[0] == mode else frozenset()
        undeclared = filters - kept
        undone = any(all(any(like(text, tag) for text in undeclared) for tag in family) for family in _VERSIONS)
    return said(not undone, when=there if there is not True else mode.endswith("_WITH_EXCLUSION"))


def _template_covers(world: World, link: Link) -> str:
    place = link.destination
    if not world.readable(place, "ecr:DescribeRepositoryCreationTemplates"):
        return said(None, when=link.present)
    templates = world.registry(place).get("templates", ())
    covering = tuple("" if one["prefix"] == "ROOT" else f"{one['prefix']}/"
                     for one in templates if "REPLICATION" in one["appliedFor"])  # fmt: skip
    return said(bool(covering) and all(prefix.startswith(covering) for prefix in link.prefixes), when=link.present)
