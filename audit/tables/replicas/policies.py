"""Repository policy, lifecycle policy and resource tags of a destination repository: replication does not
replicate them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from audit.tables.frames import compact
from checks.baseline.sections import Settings
from checks.policy_comparison import (
    pull_time_priorities,
    rule_count,
    same_lifecycle,
    strictness,
)
from checks.policy_documents.canonical import same_policy

_REPOSITORY, _LIFECYCLE = "repository policy", "lifecycle policy"

_Same = Callable[[str, str], bool | None]
"""Whether two texts of one kind of policy are equivalent; None: one of them cannot be parsed."""


@dataclass(frozen=True, slots=True)
class RepositoryPolicyAnswer:
    """Columns of `replicas` about the repository policy, by the columns' names."""

    repository_policy_required: bool | None = None
    repository_policy_kind: str | None = None
    expected_repository_policy_kind: str | None = None
    repository_policy_unknown: str | None = None
    repository_policy: str | None = None
    expected_repository_policy: str | None = None


@dataclass(frozen=True, slots=True)
class LifecycleAnswer:
    """Columns of `replicas` about the lifecycle policy, by the columns' names."""

    lifecycle_policy_required: bool | None = None
    lifecycle_policy_present: bool | None = None
    lifecycle_rules: int | None = None
    lifecycle_policy_determined: bool | None = None
    lifecycle_policy_kind: str | None = None
    expected_lifecycle_policy_kind: str | None = None
    lifecycle_policy_unknown: str | None = None
    lifecycle_policy: str | None = None
    source_lifecycle_policy: str | None = None
    expected_lifecycle_policy: str | None = None
    earlier_expiry: str | None = None
    earlier_expiry_unknown: str | None = None
    undeclared_pull_time_rules: str | None = None


def compare_repository_policy(
    present: bool | None, wanted: Settings, source: str | None, here: str | None
) -> RepositoryPolicyAnswer:
    """Columns for the repository policy *here* at the destination; *source*: the one at the source."""
    asked = wanted.repository_policy
    expected = _expected(asked, source)
    kind, unknown = (None, None)
    if asked is not None and present and here is not None and expected is not None:
        kind = _kind(_REPOSITORY, asked, expected, here, same_policy)
        unknown = "the repository policy could not be parsed" if kind is None else ""
    return RepositoryPolicyAnswer(
        repository_policy_required=False if asked is None else present,
        repository_policy_kind=kind,
        expected_repository_policy_kind=None if expected is None else _expected_kind(_REPOSITORY, asked, expected),
        repository_policy_unknown=unknown,
        repository_policy=here,
        expected_repository_policy=expected,
    )


def _expected(asked: object, source: str | None) -> str | None:
    """The policy to set: the baseline's or the source's; empty where neither determines one."""
    if isinstance(asked, dict):
        return compact(asked)
    return source if asked == "same-as-source" else ""


def _expected_kind(noun: str, asked: object, expected: str) -> str:
    """The requirement of the baseline as text; empty: none. *noun*: the kind of policy."""
    if asked is None:
        return ""
    if not expected:
        return f"a {noun}" if asked == "required" else f"no {noun}"
    return f"the {noun} of the {'source' if asked == 'same-as-source' else 'baseline'}"


def _kind(noun: str, asked: object, expected: str, here: str, same: _Same) -> str | None:
    """The policy *here* in the terms of the baseline's requirement; None: a policy cannot be parsed."""
    if not here or not expected:
        return f"a {noun}" if here else f"no {noun}"
    alike = same(expected, here)
    return None if alike is None else _expected_kind(noun, asked, expected) if alike else f"another {noun}"


def compare_lifecycle(
    present: bool | None, delete_replication: bool | None, wanted: Settings, source: str | None, here: str | None
) -> LifecycleAnswer:
    """Columns for the lifecycle policy *here*: required where nothing else deletes replicated images."""
    asked = wanted.lifecycle_policy
    needed: bool | None = asked is not None and asked != "not-required"
    if asked == "same-as-source":
        needed = None if source is None else bool(source)
    facts = (present, None if delete_replication is None else not delete_replication, needed)
    expected = _expected(asked, source)
    own = expected if isinstance(asked, dict) else None
    return LifecycleAnswer(
        lifecycle_policy_required=False if False in facts else None if None in facts else True,
        lifecycle_policy_present=bool(here) if present and here is not None else None,
        lifecycle_rules=rule_count(here) if present and here is not None else None,
        **_determined(present, delete_replication, asked, expected, here),
        lifecycle_policy=here,
        source_lifecycle_policy=source,
        expected_lifecycle_policy=expected,
        **(_expiry(source, here, own) if present else {}),
        **(_pulls(here, own) if present and here else {}),
    )


def _determined(
    present: bool | None, delete_replication: bool | None, asked: object, expected: str | None, here: str | None
) -> dict[str, Any]:
    """How *here* compares with the policy that the baseline or the source determines.

    Without a policy *here* that is compared too where no other column says that one is required: the baseline gives a
    document, and deletions are replicated.
    """
    determined = isinstance(asked, dict) or asked == "same-as-source"
    compared = None if here is None else bool(here) or (isinstance(asked, dict) and delete_replication)
    facts = (determined, present, compared)
    answer: dict[str, Any] = {
        "lifecycle_policy_determined": False if False in facts else None if None in facts else True,
        "expected_lifecycle_policy_kind": "",
    }
    if determined:
        answer["expected_lifecycle_policy_kind"] = (
            None if expected is None else _expected_kind(_LIFECYCLE, asked, expected)
        )
    if determined and present and compared and here is not None and expected is not None:
        kind = _kind(_LIFECYCLE, asked, expected, here, same_lifecycle)
        unknown = "a lifecycle policy could not be parsed" if kind is None else ""
        answer |= {"lifecycle_policy_kind": kind, "lifecycle_policy_unknown": unknown}
    return answer


def _expiry(source: str | None, here: str | None, own: str | None) -> dict[str, Any]:
    """What *here* expires and *source* keeps. *own*: the policy of the baseline, which is intended.

    A side without a policy expires nothing: the replica then keeps everything, and the source is the laxest there is.
    """
    if here is None:
        return {"earlier_expiry_unknown": "the lifecycle policy of the replica was not read"}
    if (own and same_lifecycle(own, here)) or strictness("", here).not_stricter:
        return {"earlier_expiry": "", "earlier_expiry_unknown": ""}
    if source is None:
        return {"earlier_expiry_unknown": "the lifecycle policy of the source was not read"}
    found = strictness(source, here)
    return {
        "earlier_expiry": None if found.not_stricter is None else found.problem,
        "earlier_expiry_unknown": found.problem if found.not_stricter is None else "",
    }


def _pulls(here: str, own: str | None) -> dict[str, Any]:
    """Rules of *here* that count from the last pull, which rarely happens at a replica for failover."""
    priorities = pull_time_priorities(here)
    if priorities is None:
        return {}
    declared = bool(own and same_lifecycle(own, here))
    return {"undeclared_pull_time_rules": compact([] if declared else [str(each) for each in priorities])}


@dataclass(frozen=True, slots=True)
class TagsAnswer:
    """Columns of `replicas` about resource tags, by the columns' names."""

    tags_required: bool | None
    missing_tag_keys: str | None = None
    missing_tags: str | None = None
    tag_count: int | None = None


def compare_tags(present: bool | None, wanted: Settings, tags: str | None) -> TagsAnswer:
    """Columns for the resource *tags* (JSON object) of a repository; only tags of the baseline count."""
    if not wanted.tags:
        return TagsAnswer(tags_required=False)
    answer = TagsAnswer(tags_required=present)
    if not present or tags is None:
        return answer
    held = json.loads(tags or "{}")
    missing = {key: value for key, value in sorted(wanted.tags.items()) if held.get(key) != value}
    return replace(answer, missing_tag_keys=compact(list(missing)), missing_tags=compact(missing), tag_count=len(held))
