"""Compares repositories with the settings of the creation template that applies to their names.

ECR user guide, repository-creation-templates.html: templates act at creation only; the most specific prefix wins, a
prefix `prod` applies to `prod/…`, and ROOT where no other template does.
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
from checks.policy_comparison import same_lifecycle
from checks.policy_documents.canonical import same_policy

ROOT = "ROOT"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ServingTemplate:
    """The template for replication that applies to a name; None: there is none."""

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
    """Whether a source of the replica has the same setting."""
    repository_policy_of_a_source: bool
    lifecycle_policy_of_a_source: bool


@dataclass(frozen=True, slots=True)
class TemplateAnswer:
    """Columns of `replicas` about the template that applies, by the columns' names."""

    template_in_charge: bool | None
    template_prefix: str | None = None
    template_differences: str | None = None


def serving_templates(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs) -> Categorical:
    """For each replica the template that applies to its name, as `ServingTemplate`; null: not read."""
    values: list[ServingTemplate] = [ServingTemplate(None)]
    codes = np.full(len(pairs), -1, dtype=np.int64)
    order = np.argsort(pairs.destination, kind="stable")
    edges = np.searchsorted(pairs.destination[order], np.arange(len(index.universe) + 1))
    codes_by_templates: dict[str, Codes] = {}
    for at, registry in enumerate(index.universe):
        rows = order[edges[at] : edges[at + 1]]
        parsed = index.templates.get(registry)
        if not len(rows) or parsed is None or parsed.value is None:
            continue
        # Organizations deploy the same templates everywhere: each set is evaluated once.
        key = compact([template.document for template in parsed.value])
        if key not in codes_by_templates:
            codes_by_templates[key] = _by_name(repository_index.names, parsed.value, values)
        codes[rows] = codes_by_templates[key][pairs.name[rows]]
    return Categorical(codes, values)


def same_as_a_source(
    pairs: Pairs, repository_index: RepositoryIndex, source: Sequence[Categorical], here: Sequence[Categorical]
) -> Categorical:
    """For each replica, whether a source of the same replica repository has equal values in some columns.

    *source* and *here*: the same columns of the repository index, at both ends, documents `in_form`.
    """
    alike = pairs.destination_row >= 0
    for left, right in zip(source, here, strict=True):
        alike &= (left.codes == right.codes) & (right.codes >= 0)
    found = np.zeros(len(repository_index.name) + 1, dtype=np.bool_)
    found[pairs.destination_row[alike]] = True
    return Categorical(found[pairs.destination_row].astype(np.int64), (False, True))


def in_form(column: Categorical, form: Callable[[str], str]) -> Categorical:
    """*column* with its texts in a form that is equal for equal meaning."""
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(form(text), len(numbers)) for text in column.values]
    return Categorical(np.array([*codes, -1], dtype=np.int64)[column.codes], list(numbers))


def _by_name(names: Sequence[str], templates: Sequence[Template], values: list[ServingTemplate]) -> Codes:
    """For each of *names* the position in *values* of the template that applies; new templates are appended."""
    found = np.zeros(len(names), dtype=np.int64)
    number: dict[str, int] = {}
    for template in templates:
        if template.for_replication:
            number[template.prefix] = len(values)
            values.append(ServingTemplate(template))
    bounded = [f"{prefix}/" for prefix in number if prefix != ROOT]
    for start, stop in segments(names, bounded):
        serving = [prefix for prefix in bounded if names[start].startswith(prefix)]
        prefix = max(serving, key=len)[:-1] if serving else ROOT
        found[start:stop] = number.get(prefix, 0)
    return found


def compare_with_template(
    present: bool | None, wanted: Settings, serving: ServingTemplate | None, *settings: Any
) -> TemplateAnswer:
    """Compare a replica with its template, in fields that the baseline does not set.

    *settings*: the fields of `ReplicaSettings`, in order. Policies and tags that a template does not set do not count.
    """
    if present is False or (serving is not None and serving.template is None):
        return TemplateAnswer(template_in_charge=False, template_prefix="")
    if serving is None or serving.template is None:
        return TemplateAnswer(template_in_charge=None)
    template = serving.template
    answer = TemplateAnswer(template_in_charge=present, template_prefix=template.prefix)
    if not present:
        return answer
    verdicts = _verdicts(wanted, template.document, ReplicaSettings(*settings))
    # Whether the baseline sets such a field is unknown: a difference from the template may be intended.
    verdicts |= {name: None for name, alike in verdicts.items() if name in wanted.undetermined and alike is False}
    differing = [name for name, alike in verdicts.items() if alike is False]
    undetermined = not differing and None in verdicts.values()
    return answer if undetermined else replace(answer, template_differences=compact(differing))


def _verdicts(wanted: Settings, template: Mapping[str, Any], replica: ReplicaSettings) -> dict[str, bool | None]:
    """For each field that is compared, whether the replica has the setting of *template*.

    A setting that equals that of a source counts as equal: it is intended.
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
        # No lifecycle policy on both sides is not intended: the template sets one.
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
    """Whether *here* equals one of *others*; None: unknown."""
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
    """A mode with the filters that apply in it; None: unknown."""
    if name is None or not name.endswith("_WITH_EXCLUSION"):
        return None if name is None else (name, frozenset())
    return None if filters is None else (name, frozenset(json.loads(filters)))


def _same_encryption(template: Mapping[str, Any], replica: ReplicaSettings) -> bool | None:
    """A template without a key accepts any key: that of the replica is at least as strict as the AWS managed key."""
    encryption = template.get("encryptionConfiguration") or {}
    if replica.encryption_type is None or replica.kms_key is None:
        return None
    if replica.encryption_type != encryption.get("encryptionType", "AES256"):
        return False
    return not encryption.get("kmsKey") or bool(encryption["kmsKey"] == replica.kms_key)
