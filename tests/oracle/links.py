"""What replicates where, and the checks of rules, limits, links, topology and the organization.

Each function restates one check of the catalogue and gives row key → status. A row that a check does not concern is
`NOT_APPLICABLE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from tests.oracle.facts import REGIONS, Place, World
from tests.oracle.policies import Answer, all_of, any_of, opposite

Rows = dict[tuple[Any, ...], str]
PASS, FAIL, UNKNOWN, NOT_APPLICABLE = "pass", "fail", "unknown", "not_applicable"
LIMITS = {
    "unique_destinations": (25, "L-24725E9A"),
    "rules": (25, "L-9B60BFFB"),
    "filters_per_rule": (100, "L-241DEEBA"),
    "registry_policy_characters": (10_240, ""),
}
"""AWS's limits and the codes of their quotas: service-quotas.html of the ECR user guide."""
OLD_RULES = 10
"""Rules of a registry before August 2026."""


def said(good: Answer, *, when: Answer = True) -> str:
    """The status of a row to which a check applies *when*, and which is as it should be if *good*."""
    if when is False:
        return NOT_APPLICABLE
    return UNKNOWN if when is None or good is None else PASS if good else FAIL


@dataclass(frozen=True)
class Rule:
    """One replication rule."""

    number: int
    prefixes: tuple[str, ...]
    destinations: tuple[Place, ...]
    deletes: bool

    def matches(self, name: str) -> bool:
        return name.startswith(self.prefixes)


@dataclass(frozen=True)
class Link:
    """A source registry and a destination that a rule names or the baseline requires."""

    source: Place
    destination: Place
    read: bool
    """Whether the rules of the source were read."""
    rules: tuple[Rule, ...]
    """Those with this destination."""
    requirements: tuple[tuple[Mapping[str, Any], tuple[str, ...]], ...]
    """Requirements with this destination, each with its prefixes."""

    @property
    def key(self) -> tuple[str, ...]:
        return (*self.source, *self.destination)

    @property
    def present(self) -> Answer:
        return bool(self.rules) if self.read else None

    @property
    def prefixes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(prefix for rule in self.rules for prefix in rule.prefixes))

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(prefix for _, prefixes in self.requirements for prefix in prefixes))

    @property
    def crosses(self) -> bool:
        return self.source[0] != self.destination[0]


def rules_of(world: World, place: Place) -> tuple[Rule, ...] | None:
    """The rules of a registry; None: not read."""
    found = world.rules(place)
    if found is None:
        return None
    return tuple(
        Rule(
            number,
            tuple(one["filter"] for one in rule.get("repositoryFilters", ())) or ("",),
            tuple(dict.fromkeys((to["registryId"], to["region"]) for to in rule["destinations"])),
            rule.get("deleteReplication", {}).get("enabled", False),
        )
        for number, rule in enumerate(found, start=1)
    )


def links_of(world: World) -> list[Link]:
    """Every link of every registry in scope. A rule that names its own registry makes none: ECR refuses it."""
    links = []
    for source in world.places():
        rules, required = rules_of(world, source), world.required(source)
        named = [to for rule in rules or () for to in rule.destinations]
        wanted = [to for _, _, destinations in required for to in destinations]
        for destination in dict.fromkeys((*named, *wanted)):
            if destination == source:
                continue
            mine = tuple(rule for rule in rules or () if destination in rule.destinations)
            asked = tuple((one, tuple(prefixes)) for one, prefixes, to in required if destination in to)
            links.append(Link(source, destination, rules is not None, mine, asked))
    return links


def overlap(left: Iterable[str], right: Iterable[str]) -> bool:
    """Whether some name begins with one of *left* and with one of *right*."""
    return any(one.startswith(other) or other.startswith(one) for one in left for other in right)


def limit(world: World, name: str, place: Place) -> int:
    """The limit of a registry: that of Service Quotas, else that of the baseline."""
    default, code = LIMITS[name]
    quotas = world.document.get("quotas", {})
    if code and quotas.get("readable", True) and world.readable(place, "servicequotas:ListServiceQuotas"):
        return int(quotas.get("values", {}).get(code, default))
    return int(world.baseline.get("limits", {}).get(name, {}).get("maximum", default))


def warning(world: World, name: str, place: Place) -> int:
    """From which number on there is a warning."""
    share = world.baseline.get("limits", {}).get(name, {}).get("warn_at_percent", 80)
    return ceil(limit(world, name, place) * share / 100)


def link_checks(world: World, links: list[Link]) -> dict[str, Rows]:
    """The checks of single links, topology apart."""
    of = {
        "rules.required-link-present": required_link_present,
        "rules.link-declared": link_declared,
        "rules.destination-region-valid": destination_region_valid,
        "topology.region-allowed": region_allowed,
        "topology.environments-ordered": environments_ordered,
        "organization.destination-known": destination_known,
        "organization.accounts-active": accounts_active,
        "organization.region-enabled": region_enabled,
    }
    checks: Mapping[str, Callable[[World, Link], str]] = of
    return {check: {link.key: judged(world, link) for link in links} for check, judged in checks.items()}


def required_link_present(_world: World, link: Link) -> str:
    covered = all(prefix.startswith(link.prefixes) for prefix in link.required) if link.prefixes else False
    return said(covered if link.read else None, when=bool(link.requirements))


def link_declared(world: World, link: Link) -> str:
    forbidden = world.baseline.get("undeclared_replication") == "forbidden"
    allowed = world.baseline.get("allowed_destinations", {})
    account, region = link.destination
    region_fits = not allowed.get("regions") or region in allowed["regions"]
    named = account in allowed.get("accounts", ()) or any(world.inside(account, one) for one in allowed.get("ous", ()))
    return said(bool(link.requirements) or (region_fits and named), when=all_of((forbidden, link.present)))


def destination_region_valid(_world: World, link: Link) -> str:
    return said(REGIONS.get(link.destination[1]) == REGIONS[link.source[1]])


def region_allowed(world: World, link: Link) -> str:
    regions = world.baseline.get("allowed_regions", ())
    return said(link.destination[1] in regions, when=all_of((bool(regions), link.present)))


def environments_ordered(world: World, link: Link) -> str:
    source, destination = (_level(world, one[0]) for one in (link.source, link.destination))
    placed = source is not None and destination is not None
    return said(placed and (destination or 0) <= (source or 0), when=all_of((placed, link.present)))


def _level(world: World, account: str) -> int | None:
    environments = world.baseline.get("environments", ())
    for level, one in enumerate(environments):
        if account in one.get("accounts", ()):
            return level
    inside = [(unit.count("/"), -level) for level, one in enumerate(environments)
              for unit in one.get("ous", ()) if world.inside(account, unit)]  # fmt: skip
    return -max(inside)[1] if inside else None


def destination_known(world: World, link: Link) -> str:
    return said(world.member(link.destination[0]) or link.destination[0] in world.partners)


def accounts_active(world: World, link: Link) -> str:
    states = [world.state(account) for account in (link.source[0], link.destination[0])]
    return said(all_of(None if state is None else state == "ACTIVE" for state in states))


def region_enabled(world: World, link: Link) -> str:
    valid = REGIONS.get(link.destination[1]) == REGIONS[link.source[1]]
    return said(all_of((world.opened(*link.source), world.opened(*link.destination))), when=valid)


def topology_checks(world: World, links: list[Link]) -> dict[str, Rows]:
    """Chains, and names that come from two sources."""
    return {
        "topology.chain-complete": {link.key: chain_complete(world, link) for link in links},
        "topology.one-source": {link.key: one_source(world, link, links) for link in links},
    }


def chain_complete(world: World, link: Link) -> str:
    here, onwards = world.repositories(link.source), rules_of(world, link.destination)
    if not link.present:
        return said(None, when=link.present)
    mine = rules_of(world, link.source) or ()
    if onwards is None:
        # Without a repository nothing can go on.
        nothing = here is not None and not any(rule.matches(name) for rule in link.rules for name in here)
        return said(True if nothing else None)
    perhaps = False
    for rule in onwards:
        for third in rule.destinations:
            if third in (link.source, link.destination) or not can_receive(world, link.source, third):
                continue
            taken = tuple(prefix for one in mine if third in one.destinations for prefix in one.prefixes)
            shared = {longer for one in rule.prefixes for other in link.prefixes
                      for longer in (max(one, other, key=len),) if overlap((one,), (other,))}  # fmt: skip
            perhaps = perhaps or (here is None and not all(taken and prefix.startswith(taken) for prefix in shared))
            going = [name for name in here or () if rule.matches(name) and name.startswith(link.prefixes)]
            if any(not any(third in one.destinations and one.matches(name) for one in mine) for name in going):
                return FAIL
    return UNKNOWN if perhaps else PASS


def can_receive(world: World, source: Place, place: Place) -> bool:
    """False where nothing can arrive at all: a closed account, a Region of no such name or one that is not enabled."""
    exists = REGIONS.get(place[1]) == REGIONS[source[1]]
    return exists and world.state(place[0]) in (None, "ACTIVE") and world.opened(*place) is not False


def is_replica(world: World, place: Place, name: str, links: list[Link]) -> Answer:
    """Whether a rule of another registry replicates this name there; None: one may that was not read."""
    incoming = [link for link in links if link.destination == place and any(rule.matches(name) for rule in link.rules)]
    names = [world.repositories(link.source) for link in incoming]
    if any(held is not None and name in held for held in names):
        return True
    return None if None in names or may_send(world, place, name, but=place) else False


def may_send(world: World, destination: Place, name: str, but: Place) -> bool:
    """Whether a registry other than *but* may replicate *name* there by rules that were not read."""
    return any(
        world.rules(sender) is None and (held is None or name in held) and world.admits(destination, sender[0])
        for sender in world.places()
        for held in (world.repositories(sender),)
        if sender not in (but, destination)
    )


def one_source(world: World, link: Link, links: list[Link]) -> str:
    if not link.present:
        return said(None, when=link.present)
    here = world.repositories(link.source)
    rivals = [one for one in links if one.destination == link.destination and one.source != link.source and one.present]
    if here is None:
        senders = [one for one in world.places() if one != link.source and world.rules(one) is None]
        senders = [one for one in senders if world.repositories(one) != {} and world.admits(link.destination, one[0])]
        return said(None if senders or any(overlap(link.prefixes, one.prefixes) for one in rivals) else True)
    answers: list[Answer] = []
    for name in here:
        if not any(rule.matches(name) for rule in link.rules):
            continue
        copied = is_replica(world, link.source, name, links)
        for rival in rivals:
            held = world.repositories(rival.source)
            if not any(rule.matches(name) for rule in rival.rules):
                continue
            there = None if held is None else name in held
            other = opposite(is_replica(world, rival.source, name, links))
            answers.append(opposite(all_of((opposite(copied), there, other))))
        if may_send(world, link.destination, name, but=link.source):
            answers.append(None)
    return said(all_of(answers))


def registry_checks(world: World, links: list[Link]) -> dict[str, Rows]:
    """The checks of whole registries."""
    places = world.places()
    return {
        "rules.service-linked-role-present": {place: service_linked_role(world, place) for place in places},
        "limits.destinations-within-limit": {place: destinations_within(world, place, links) for place in places},
        "limits.rules-within-limit": {place: rules_within(world, place) for place in places},
        "limits.policy-size-within-limit": {place: policy_size_within(world, place) for place in places},
        "organization.member-replicates": {place: member_replicates(world, place) for place in places},
    }


def service_linked_role(world: World, place: Place) -> str:
    rules = world.rules(place)
    exists = world.accounts[place[0]].get("service_linked_role", True)
    readable = world.readable(place, "iam:GetRole")
    return said(exists if readable else None, when=None if rules is None else bool(rules))


def destinations_within(world: World, place: Place, links: list[Link]) -> str:
    named = {pair for rule in rules_of(world, place) or () for pair in rule.destinations}
    needed = len(named | {link.destination for link in links if link.source == place})
    fits = needed <= limit(world, "unique_destinations", place)
    return said(None if fits and world.rules(place) is None else fits)


def rules_within(world: World, place: Place) -> str:
    rules = world.rules(place)
    return said(None if rules is None else len(rules) < min(warning(world, "rules", place), OLD_RULES + 1))


def policy_size_within(world: World, place: Place) -> str:
    policy = world.policy(place)
    return said(None if policy is None else len(policy) < warning(world, "registry_policy_characters", place))


def member_replicates(world: World, place: Place) -> str:
    names, rules = world.repositories(place), world.rules(place)
    asked = [
        prefixes
        for one, prefixes, destinations in world.required(place)
        # An account that is named one by one is there whatever its unit.
        if destinations and place[0] not in one.get("sources", {}).get("accounts", ())
        if any(world.inside(place[0], unit) for unit in one.get("sources", {}).get("ous", ()))
    ]
    wanted = tuple(prefix for prefixes in asked for prefix in prefixes)
    concerned = bool(wanted) and (None if names is None else any(name.startswith(wanted) for name in names))
    return said(None if rules is None else bool(rules), when=concerned)


def rule_checks(world: World) -> dict[str, Rows]:
    """The checks of single rules."""
    found: dict[str, Rows] = {"rules.delete-replication-as-declared": {}, "limits.filters-within-limit": {}}
    for place in world.places():
        for rule, written in zip(rules_of(world, place) or (), world.rules(place) or (), strict=True):
            key = (*place, rule.number)
            expected = {
                one["delete_replication"]
                for one, prefixes, destinations in world.required(place)
                if one.get("delete_replication") is not None
                and overlap(prefixes, rule.prefixes)
                and set(destinations) & set(rule.destinations)
            }
            found["rules.delete-replication-as-declared"][key] = said(expected == {rule.deletes}, when=bool(expected))
            filters = len(written.get("repositoryFilters", ()))
            found["limits.filters-within-limit"][key] = said(filters < warning(world, "filters_per_rule", place))
    return found


def second_region(world: World, links: list[Link]) -> Rows:
    """Whether what must outlive its Region has a replica in another one."""
    found: Rows = {}
    for place in world.places():
        for name in world.repositories(place) or ():
            asked = any(
                world.covers(one.get("sources", {}), place)
                and name.startswith(tuple(one.get("sources", {}).get("repositories", ("",))))
                for one in world.baseline.get("resilience", ())
                if one.get("another_region", True)
            )
            mine = [link for link in links if link.source == place and any(rule.matches(name) for rule in link.rules)]
            there = any_of(
                can_receive(world, place, link.destination) for link in mine if link.destination[1] != place[1]
            )
            # The original of a replica is elsewhere; one that is passed on has its replica all the same.
            applies = all_of((asked, True if there else opposite(is_replica(world, place, name, links))))
            found[(*place, name)] = said(None if world.rules(place) is None else there, when=applies)
    return found
