"""Current settings of replicas: what most of them have, overall and by the first part of their names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.baseline_generator.requirements import in_scope
from audit.baseline_generator.yaml_text import flow
from audit.evidence import Evidence
from checks.baseline.requirements import is_covered
from checks.baseline.values import is_prefix, is_tag_filter
from checks.model import RegistryId

Lines = tuple[str, ...]
"""Lines of YAML, complete with their keys."""

SUGGESTED = {
    "tag_mutability": "IMMUTABLE",
    "scanning": "{required: true}",
    "encryption": "{type: KMS, key: customer}",
    "lifecycle_policy": "required",
    "repository_policy": "required",
}
"""Field → a stricter value to suggest where most replicas have AWS's default."""

_READ = (
    "tag_mutability", "mutability_exclusions", "scan_frequency", "encryption_type", "kms_key", "lifecycle_policy",
    "repository_policy",
)  # fmt: skip
_MINIMUM = 2
"""Minimum number of replicas with the same first part of their names for a separate entry."""


@dataclass(frozen=True, slots=True)
class SettingState:
    """One setting of one replica: as a requirement of a baseline, and as text."""

    lines: Lines
    """Empty where it is AWS's default, which is not required."""
    words: str


Counts = dict[str, Counter[SettingState]]
"""Field → number of replicas in each state; replicas that were not read do not count."""


@dataclass(frozen=True, slots=True)
class SuggestedSetting:
    """One field of one entry to write."""

    field: str
    lines: Lines
    """Empty: nothing to require."""
    current: str
    """The current states, as text."""


@dataclass(frozen=True, slots=True)
class SettingsEntry:
    """One entry of `settings` to write."""

    prefixes: tuple[str, ...]
    suggestions: tuple[SuggestedSetting, ...]


def entries(evidence: Evidence) -> tuple[SettingsEntry, ...]:
    """What most replicas have: one entry for all, then one for each kind of exception. Empty without replicas."""
    groups = _counted(evidence)
    if not groups:
        return ()
    total = _together(list(groups.values()))
    usual = {field: _majority(total[field]) for field in SUGGESTED}
    alike: dict[tuple[tuple[str, Lines], ...], list[str]] = {}
    for head, counts in sorted(groups.items()):
        differing = _differing(counts, usual)
        if differing and is_prefix(head):
            alike.setdefault(differing, []).append(head)
    first = SettingsEntry((), tuple(SuggestedSetting(field, usual[field], _words(total[field])) for field in SUGGESTED))
    return (first, *(_entry(heads, dict(differing), groups) for differing, heads in alike.items()))


def _entry(heads: list[str], differing: Mapping[str, Lines], groups: Mapping[str, Counts]) -> SettingsEntry:
    together = _together([groups[head] for head in heads])
    return SettingsEntry(
        tuple(heads), tuple(SuggestedSetting(field, differing[field], _words(together[field])) for field in differing)
    )


def _differing(counts: Counts, usual: Mapping[str, Lines]) -> tuple[tuple[str, Lines], ...]:
    """The fields in which one group of replicas differs from the majority; `null` where it meets no requirement."""
    found = ((field, _majority(counts[field])) for field in SUGGESTED if counts[field].total() >= _MINIMUM)
    return tuple((field, lines or (f"{field}: null",)) for field, lines in found if lines != usual[field])


def _majority(counter: Counter[SettingState]) -> Lines:
    """What more than half of the replicas have; empty if that is AWS's default, or if there is no majority."""
    by_lines: Counter[Lines] = Counter()
    for state, count in counter.items():
        by_lines[state.lines] += count
    return next((lines for lines, count in by_lines.most_common(1) if 2 * count > counter.total()), ())


def _together(groups: Sequence[Counts]) -> Counts:
    total: Counts = {field: Counter() for field in SUGGESTED}
    for counts in groups:
        for field, counter in counts.items():
            total[field].update(counter)
    return total


def _words(counter: Counter[SettingState]) -> str:
    ordered = sorted(counter.items(), key=lambda one: (-one[1], one[0].words))
    return ", ".join(f"{count} {state.words}" for state, count in ordered) or "not read"


def _counted(evidence: Evidence) -> dict[str, Counts]:
    """First part of the name with its `/`, or empty for names of one part → states of those replicas."""
    replicated = _replicated_names(evidence)
    groups: dict[str, Counts] = {}
    for part in evidence.registries:
        names = replicated.get(RegistryId(part.registry.account, part.registry.region), ())
        for name, *values in zip(*(part.repositories[column] for column in ("repository", *_READ)), strict=True):
            if name not in names:
                continue
            head, slash, _ = name.partition("/")
            counts = groups.setdefault(f"{head}/" if slash else "", {field: Counter() for field in SUGGESTED})
            for field, state in _states(dict(zip(_READ, values, strict=True))).items():
                counts[field][state] += 1
    return groups


def _replicated_names(evidence: Evidence) -> dict[RegistryId, set[str]]:
    """Destination registry → names of the source repositories that rules replicate there."""
    from audit.tables.documents import parse_rules  # here, because importing that package imports pandas

    names = {
        (part.registry.account, part.registry.region): part.repositories["repository"] for part in evidence.registries
    }
    replicated: dict[RegistryId, set[str]] = {}
    for account, region, text in in_scope(evidence):
        for rule in parse_rules(text).value or ():
            matched = [name for name in names[account, region] if is_covered(name, rule.prefixes)]
            for destination in rule.destinations:
                if destination != (account, region):
                    replicated.setdefault(destination, set()).update(matched)
    return replicated


def _states(row: Mapping[str, Any]) -> dict[str, SettingState]:
    """Field → state of one repository, for what was read."""
    frequency = row["scan_frequency"]
    states = {"tag_mutability": _mutability(row["tag_mutability"], row["mutability_exclusions"])}
    if frequency is not None:
        asked = () if frequency == "MANUAL" else ("scanning: {required: true}",)
        states["scanning"] = SettingState(asked, "not scanned" if frequency == "MANUAL" else f"scanned ({frequency})")
    states["encryption"] = _encryption(row["encryption_type"], row["kms_key"])
    for field in ("lifecycle_policy", "repository_policy"):
        if row[field] is not None:
            states[field] = (
                SettingState((f"{field}: required",), "with one") if row[field] else SettingState((), "without")
            )
    return {field: state for field, state in states.items() if state is not None}


def _encryption(kind: str | None, key: str | None) -> SettingState | None:
    if kind is None:
        return None
    words = f"{kind} with a customer key" if key else kind
    if kind not in ("KMS", "KMS_DSSE"):
        return SettingState((), words)
    return SettingState((f"encryption: {{type: {kind}{', key: customer' if key else ''}}}",), words)


def _mutability(mode: str | None, exclusions: str | None) -> SettingState | None:
    if mode is None:
        return None
    filters = sorted(json.loads(exclusions or "[]"))
    words = " ".join([mode, *filters])
    if mode == "IMMUTABLE":
        return SettingState((f"tag_mutability: {mode}",), words)
    if "*" in filters:
        return SettingState((), words)  # every tag is exempt
    if mode != "IMMUTABLE_WITH_EXCLUSION" or not 0 < len(filters) <= 5 or not all(map(is_tag_filter, filters)):
        return SettingState((), words)
    return SettingState((f"tag_mutability: {mode}", f"mutability_exclusions: {flow(filters)}"), words)
