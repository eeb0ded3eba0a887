"""Decides from summaries and the baseline which registries and images need more calls. Pure: no AWS calls."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.evidence import AccountRecord, RegistryEvidence
from audit.inventory.replication_status import Question
from checks.baseline.places import applies_to
from checks.baseline.requirements import destinations_of, prefixes_of
from checks.model import Place, RegistryId

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline


@dataclass(frozen=True, slots=True)
class Flow:
    """Repositories that are replicated, or must be, from one registry to another."""

    source: RegistryId
    destination: RegistryId
    prefixes: tuple[str, ...]
    """Literal prefixes; `("",)` is every repository."""
    configured: bool
    """True: from a replication rule; False: from the baseline."""


def rule_flows(source: RegistryId, replication_configuration: str | None) -> tuple[Flow, ...]:
    """The flows of one registry's rules; none where they were not read or are malformed.

    A rule that names its own registry, which ECR refuses, replicates nothing there.
    """
    flows = []
    for rule in _rules(replication_configuration):
        filters = rule.get("repositoryFilters") or [{"filter": ""}]
        prefixes = tuple(dict.fromkeys(str(one.get("filter", "")) for one in filters))
        for destination in rule.get("destinations") or ():
            pair = RegistryId(str(destination.get("registryId")), str(destination.get("region")))
            if pair != source:
                flows.append(Flow(source, pair, prefixes, configured=True))
    return tuple(flows)


def _rules(replication_configuration: str | None) -> list[dict[str, list[dict[str, str]]]]:
    if not replication_configuration:
        return []
    rules = json.loads(replication_configuration).get("rules")
    return rules if isinstance(rules, list) else []


def has_rules(replication_configuration: str | None) -> bool:
    """Whether there is at least one rule."""
    return bool(_rules(replication_configuration))


def required_flows(
    baseline: Baseline, accounts: Mapping[str, AccountRecord], registries: Iterable[RegistryId]
) -> tuple[Flow, ...]:
    """The flows that the baseline requires of *registries*."""
    flows: list[Flow] = []
    for source in registries:
        account = accounts[source[0]]
        for requirement in baseline.replication:
            place = Place(*source, account.name, account.ou_path, account.organization_path)
            if applies_to(requirement.sources, place) is False:
                continue
            prefixes = prefixes_of(requirement.sources)
            flows.extend(
                Flow(source, destination, prefixes, configured=False)
                for destination in destinations_of(requirement, source[0])
                if destination != source
            )
    return tuple(flows)


def repositories_to_read(
    flows: Iterable[Flow], summaries: Mapping[RegistryId, RegistryEvidence], *, all_repositories: bool
) -> dict[RegistryId, tuple[str, ...]]:
    """Repositories to read in detail, sorted: matched at a source, or of the same name at its destination."""
    names = {pair: sorted(set(summary.repositories["repository"])) for pair, summary in summaries.items()}
    if all_repositories:
        return {pair: tuple(found) for pair, found in names.items()}
    wanted: dict[RegistryId, set[str]] = defaultdict(set)
    for flow in flows:
        here, there = summaries.get(flow.source), names.get(flow.destination, [])
        sent = _matching(names.get(flow.source, []), flow.prefixes)
        wanted[flow.source].update(sent)
        # Where the source could not be listed, its prefixes still show which repositories may be its replicas.
        listed = here is not None and here.registry.repositories_read
        wanted[flow.destination].update(sent.intersection(there) if listed else _matching(there, flow.prefixes))
    return {pair: tuple(sorted(found)) for pair, found in wanted.items() if pair in summaries and found}


def _matching(names: list[str], prefixes: Iterable[str]) -> set[str]:
    """Those of the sorted *names* that begin with one of *prefixes*."""
    found: set[str] = set()
    for prefix in prefixes:
        start = bisect_left(names, prefix)
        while start < len(names) and names[start].startswith(prefix):
            found.add(names[start])
            start += 1
    return found


def registries_for_detail(
    flows: Iterable[Flow], summaries: Mapping[RegistryId, RegistryEvidence], *, all_repositories: bool
) -> tuple[RegistryId, ...]:
    """Registries that have rules or a policy, are a destination, or are required to replicate, whether they
    have repositories yet or not.

    A registry of which nothing could be read is skipped: further calls would fail in the same way.
    """
    flows = tuple(flows)
    # Rules of registries out of scope name destinations too: these receive replicas like any other.
    named = (
        flow.destination
        for pair, summary in summaries.items()
        for flow in rule_flows(pair, summary.registry.replication_configuration)
    )
    destinations = {flow.destination for flow in flows}.union(named)
    required = required_sources(flows)
    chosen = []
    for pair, summary in sorted(summaries.items()):
        record = summary.registry
        if record.replication_configuration is None and record.registry_policy is None and not record.repositories_read:
            continue
        if (
            all_repositories
            or record.replication_configuration is None
            or record.registry_policy != ""
            or has_rules(record.replication_configuration)
            or pair in destinations
            or pair in required
        ):
            chosen.append(pair)
    return tuple(chosen)


def required_sources(flows: Iterable[Flow]) -> frozenset[RegistryId]:
    """Registries that the baseline requires to replicate."""
    return frozenset(flow.source for flow in flows if not flow.configured)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """The missing images of one source registry whose replication status is read."""

    questions: tuple[Question, ...]
    left_out: tuple[tuple[RegistryId, int], ...]
    """Destination → number of missing images that are skipped because of the limit."""


def inquiries(
    flows: Iterable[Flow], evidence: Mapping[RegistryId, RegistryEvidence], *, most: int, settled_before: float
) -> dict[RegistryId, Inquiry]:
    """Images present at the source of a rule and absent at its destination, at most *most* for each pair of registries.

    Images pushed before *settled_before* (epoch seconds) come first, the newest of them leading: younger ones may
    still be in flight.
    """
    by_source: dict[RegistryId, dict[RegistryId, set[str]]] = defaultdict(lambda: defaultdict(set))
    for flow in flows:
        if flow.configured and flow.source in evidence and flow.destination in evidence:
            by_source[flow.source][flow.destination].update(flow.prefixes)
    digests: dict[RegistryId, _Images] = {}

    def images_of(pair: RegistryId) -> _Images:
        if pair not in digests:
            digests[pair] = _digests(evidence[pair])
        return digests[pair]

    found = {}
    for source, destinations in by_source.items():
        asked: dict[tuple[str, str], list[RegistryId]] = defaultdict(list)
        left_out: list[tuple[RegistryId, int]] = []
        for destination, prefixes in destinations.items():
            missing = _missing(images_of(source), images_of(destination), evidence[destination], prefixes)
            missing.sort(key=lambda image: (image[2] > settled_before, -image[2], image[0], image[1]))
            for repository, digest, _ in missing[:most]:
                asked[repository, digest].append(destination)
            if len(missing) > most:
                left_out.append((destination, len(missing) - most))
        if asked:
            questions = tuple(Question(*image, destinations=tuple(pairs)) for image, pairs in asked.items())
            found[source] = Inquiry(questions, tuple(left_out))
    return found


_Images = dict[str, dict[str, tuple[float, str]]]
"""Repository → digest → push time and status, of repositories whose images were read."""


def _digests(evidence: RegistryEvidence) -> _Images:
    counts = zip(evidence.repositories["repository"], evidence.repositories["image_count"], strict=True)
    read: _Images = {name: {} for name, count in counts if count is not None}
    images = evidence.images
    for name, digest, pushed_at, status in zip(
        images["repository"], images["digest"], images["pushed_at"], images["status"], strict=True
    ):
        if name in read:
            read[name][digest] = (pushed_at or 0.0, status)
    return read


def _missing(
    here: _Images,
    there: _Images,
    destination: RegistryEvidence,
    prefixes: Iterable[str],
) -> list[tuple[str, str, float]]:
    existing = set(destination.repositories["repository"])
    missing: list[tuple[str, str, float]] = []
    for name in _matching(sorted(here), prefixes):
        if name not in there and (name in existing or not destination.registry.repositories_read):
            continue  # the replica repository could not be read: it is unknown what is missing
        replicas = there.get(name, {})
        missing.extend(
            (name, digest, pushed_at)
            for digest, (pushed_at, status) in here[name].items()
            if digest not in replicas and status != "ARCHIVED"
        )
    return missing
