"""What the creation template in charge of a repository's name would give it, were it created today.

ECR user guide, repository-creation-templates.html: templates act at creation only; the most specific prefix wins, a
prefix `prod` serves `prod/…`, and ROOT what no other serves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from audit.tables.categorical import Categorical, Codes
from audit.tables.documents import Template
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact
from audit.tables.replica_pairs import Pairs, segments
from audit.tables.repository_index import RepositoryIndex
from checks.baseline.sections import Settings
from checks.policy_comparison import same_lifecycle, same_policy

ROOT = "ROOT"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class InCharge:
    """The template for replication that serves a name; None: there is none."""

    template: Template | None


@dataclass(frozen=True, slots=True)
class ReplicaSettings:
    """The settings of a destination repository, and some of its source's, as they are; None: not read."""

    tag_mutability: str | None
    mutability_exclusions: str | None
    repository_policy: str | None
    lifecycle_policy: str | None
    source_tag_mutability: str | None
    source_mutability_exclusions: str | None
    source_repository_policy: str | None
    source_lifecycle_policy: str | None
    encryption_type: str | None
    kms_key: str | None
    tags: str | None
    mutability_of_a_source: bool
    """Whether some source that feeds the replica has the very same."""
    repository_policy_of_a_source: bool
    lifecycle_policy_of_a_source: bool


@dataclass(frozen=True, slots=True)
class TemplateAnswer:
    """Columns of `replicas` about the template in charge, by the columns' names."""

    template_in_charge: bool | None
    template_prefix: str | None = None
    template_differences: str | None = None


def templates_in_charge(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs) -> Categorical:
    """For each replica the template that serves its name at the destination, as `InCharge`; null: not read."""
    values: list[InCharge] = [InCharge(None)]
    codes = np.full(len(pairs), -1, dtype=np.int64)
    order = np.argsort(pairs.destination, kind="stable")
    edges = np.searchsorted(pairs.destination[order], np.arange(len(index.universe) + 1))
    planned_steps: dict[str, Codes] = {}
    for at, registry in enumerate(index.universe):
        rows = order[edges[at] : edges[at + 1]]
        parsed = index.templates.get(registry)
        if not len(rows) or parsed is None or parsed.value is None:
            continue
        # Organizations roll the same templates out everywhere: each set is worked out once.
        key = compact([template.document for template in parsed.value])
        if key not in planned_steps:
            planned_steps[key] = _by_name(repository_index.names, parsed.value, values)
        codes[rows] = planned_steps[key][pairs.name[rows]]
    return Categorical(codes, values)


def as_some_source(
    pairs: Pairs, repository_index: RepositoryIndex, source: Sequence[Categorical], here: Sequence[Categorical]
) -> Categorical:
    """For each replica, whether a source that feeds the same replica has exactly what the replica has in some columns.

    *source* and *here*: the same columns of the stock, taken at both ends.
    """
    alike = pairs.destination_row >= 0
    for left, right in zip(source, here, strict=True):
        alike &= (left.codes == right.codes) & (right.codes >= 0)
    found = np.zeros(len(repository_index.name) + 1, dtype=np.bool_)
    found[pairs.destination_row[alike]] = True
    return Categorical(found[pairs.destination_row].astype(np.int64), (False, True))


def _by_name(names: Sequence[str], templates: Sequence[Template], values: list[InCharge]) -> Codes:
    """For each of *names* the position in *values* of the template that serves it; new templates are appended."""
    found = np.zeros(len(names), dtype=np.int64)
    number: dict[str, int] = {}
    for template in templates:
        if template.for_replication:
            number[template.prefix] = len(values)
            values.append(InCharge(template))
    bounded = [f"{prefix}/" for prefix in number if prefix != ROOT]
    for start, stop in segments(names, bounded):
        serving = [prefix for prefix in bounded if names[start].startswith(prefix)]
        prefix = max(serving, key=len)[:-1] if serving else ROOT
        found[start:stop] = number.get(prefix, 0)
    return found


def compare_with_template(
    present: bool | None, wanted: Settings, in_charge: InCharge | None, *settings: Any
) -> TemplateAnswer:
    """Compare a replica with its template, in fields about which the baseline says nothing.

    *settings*: the fields of `ReplicaSettings`, in order. Policies and tags that a template leaves out do not count.
    """
    if present is False or (in_charge is not None and in_charge.template is None):
        return TemplateAnswer(template_in_charge=False, template_prefix="")
    if in_charge is None or in_charge.template is None:
        return TemplateAnswer(template_in_charge=None)
    template = in_charge.template
    answer = TemplateAnswer(template_in_charge=present, template_prefix=template.prefix)
    if not present:
        return answer
    verdicts = _verdicts(wanted, template.document, ReplicaSettings(*settings))
    differing = [name for name, alike in verdicts.items() if alike is False]
    undetermined = not differing and None in verdicts.values()
    return answer if undetermined else replace(answer, template_differences=compact(differing))


def _verdicts(wanted: Settings, template: Mapping[str, Any], replica: ReplicaSettings) -> dict[str, bool | None]:
    """For each field that is compared, whether the replica has what *template* would give it.

    What a source itself has is as good: a replica that is set up like its source is intended.
    """
    verdicts: dict[str, bool | None] = {}
    if wanted.tag_mutability is None:
        verdicts["tag_mutability"] = replica.mutability_of_a_source or _same_mutability(template, replica)
    if wanted.encryption is None:
        verdicts["encryption"] = _same_encryption(template, replica)
    if wanted.repository_policy is None and template.get("repositoryPolicy"):
        policies = (template["repositoryPolicy"], replica.source_repository_policy)
        same = replica.repository_policy_of_a_source or _one_of(replica.repository_policy, policies, same_policy)
        verdicts["repository_policy"] = same
    if wanted.lifecycle_policy is None and template.get("lifecyclePolicy"):
        # That both sides do without one is what the template was to end.
        source = (replica.source_lifecycle_policy,) if replica.lifecycle_policy != "" else ()
        policies = (template["lifecyclePolicy"], *source)
        same = bool(source) and replica.lifecycle_policy_of_a_source
        verdicts["lifecycle_policy"] = same or _one_of(replica.lifecycle_policy, policies, same_lifecycle)
    tags = {tag.get("Key"): tag.get("Value") for tag in template.get("resourceTags") or ()}
    undeclared = {key: value for key, value in tags.items() if key not in wanted.tags}
    if undeclared:
        verdicts["tags"] = (
            None if replica.tags is None else undeclared.items() <= json.loads(replica.tags or "{}").items()
        )
    return verdicts


def _one_of(here: _T | None, others: Sequence[_T | None], same: Callable[[_T, _T], bool | None]) -> bool | None:
    """Whether *here* is the same as one of *others*; None: not known."""
    verdicts = [None if here is None or each is None else same(each, here) for each in others]
    return True if True in verdicts else None if None in verdicts else False


def _same_mutability(template: Mapping[str, Any], replica: ReplicaSettings) -> bool | None:
    filters = compact([each.get("filter") for each in template.get("imageTagMutabilityExclusionFilters") or ()])
    modes = (
        _mode(template.get("imageTagMutability") or "MUTABLE", filters),
        _mode(replica.source_tag_mutability, replica.source_mutability_exclusions),
    )
    return _one_of(_mode(replica.tag_mutability, replica.mutability_exclusions), modes, lambda one, other: one == other)


def _mode(name: str | None, filters: str | None) -> tuple[str, frozenset[str]] | None:
    """A mode with the filters that count in it; None: not known."""
    if name is None or not name.endswith("_WITH_EXCLUSION"):
        return None if name is None else (name, frozenset())
    return None if filters is None else (name, frozenset(json.loads(filters)))


def _same_encryption(template: Mapping[str, Any], replica: ReplicaSettings) -> bool | None:
    """A template without a key accepts any: what the replica has is no worse than the key of AWS."""
    encryption = template.get("encryptionConfiguration") or {}
    if replica.encryption_type is None or replica.kms_key is None:
        return None
    if replica.encryption_type != encryption.get("encryptionType", "AES256"):
        return False
    return not encryption.get("kmsKey") or bool(encryption["kmsKey"] == replica.kms_key)
