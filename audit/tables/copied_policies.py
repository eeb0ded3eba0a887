"""Repository policy and lifecycle policy at a destination: replication copies neither.

ECR user guide, replication.html: repository policies and lifecycle policies are not replicated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.tables.frames import compact
from checks.baseline import Settings
from checks.lifecycles import Strictness, pull_time_priorities, same_lifecycle, strictness
from checks.policy_texts import same_policy


@dataclass(frozen=True, slots=True)
class RepositoryPolicyAnswer:
    """Columns of `replicas` about the repository policy, by the columns' names."""

    repository_policy_declared: bool | None = None
    repository_policy_as_declared: bool | None = None
    repository_policy_problem: str | None = None
    repository_policy: str | None = None
    expected_repository_policy: str | None = None


@dataclass(frozen=True, slots=True)
class LifecycleAnswer:
    """Columns of `replicas` about the lifecycle policy, by the columns' names."""

    lifecycle_required: bool | None = None
    lifecycle_present: bool | None = None
    lifecycle_policy: str | None = None
    source_lifecycle_policy: str | None = None
    expected_lifecycle_policy: str | None = None
    lifecycles_comparable: bool | None = None
    lifecycle_not_stricter: bool | None = None
    lifecycle_problem: str | None = None
    lifecycle_without_pull_time: bool | None = None
    pull_time_priorities: str | None = None


def judge_repository_policy(
    present: bool | None, wanted: Settings, source: str | None, here: str | None
) -> RepositoryPolicyAnswer:
    """Judge the repository policy text *here* at the destination; *source* is the one at the source."""
    asked = wanted.repository_policy
    expected = _expected(asked, source)
    if asked is None or not present or here is None or (asked == "same-as-source" and source is None):
        return RepositoryPolicyAnswer(False if asked is None else present, None, None, here, expected)
    problem = _difference(asked, expected or "", here)
    as_declared = None if problem is None else not problem
    told = "the repository policy could not be understood" if problem is None else problem
    return RepositoryPolicyAnswer(True, as_declared, told, here, expected)


def _expected(asked: object, source: str | None) -> str | None:
    """The text to put: the baseline's own or the source's; empty where neither determines one."""
    if isinstance(asked, dict):
        return compact(asked)
    return source if asked == "same-as-source" else ""


def _difference(asked: object, expected: str, here: str) -> str | None:
    """What differs, as a clause; empty: nothing; None: one of the texts cannot be understood."""
    if asked == "required":
        return "" if here else "there is no repository policy"
    if bool(here) != bool(expected):
        return "there is no repository policy" if expected else "there is a repository policy, and none should be"
    same = same_policy(expected, here)
    if same is None:
        return None
    whose = "that of the source" if asked == "same-as-source" else "the baseline's"
    return "" if same else f"the repository policy differs from {whose}"


def judge_lifecycle(
    present: bool | None, delete_replication: bool | None, wanted: Settings, source: str | None, here: str | None
) -> LifecycleAnswer:
    """Judge the lifecycle policy text *here*: wanted where nothing else would ever delete a copy."""
    asked = wanted.lifecycle_policy
    needed: bool | None = asked is not None and asked != "not-required"
    if asked == "same-as-source":
        needed = None if source is None else bool(source)
    facts = (present, None if delete_replication is None else not delete_replication, needed)
    expected = _expected(asked, source)
    own = expected if isinstance(asked, dict) else None
    return LifecycleAnswer(
        lifecycle_required=False if False in facts else None if None in facts else True,
        lifecycle_present=bool(here) if present and here is not None else None,
        lifecycle_policy=here,
        source_lifecycle_policy=source,
        expected_lifecycle_policy=expected,
        **(_strictness(source, here, own) if present else {"lifecycles_comparable": present}),
        **(_pulls(here, own) if present and here else {}),
    )


def _strictness(source: str | None, here: str | None, own: str | None) -> dict[str, Any]:
    """Whether *here* expires what *source* keeps. *own*: what the baseline writes out, and so has decided."""
    if "" in (source, here):
        return {"lifecycles_comparable": False}
    if source is None or here is None:
        return {"lifecycles_comparable": None}
    found = Strictness(True, "") if own and same_lifecycle(own, here) else strictness(source, here)
    return {
        "lifecycles_comparable": True,
        "lifecycle_not_stricter": found.not_stricter,
        "lifecycle_problem": found.problem,
    }


def _pulls(here: str, own: str | None) -> dict[str, Any]:
    """Whether *here* does without the time of the last pull, which no copy for emergencies ever has."""
    priorities = pull_time_priorities(here)
    if priorities is None:
        return {}
    declared = bool(own and same_lifecycle(own, here))
    return {
        "lifecycle_without_pull_time": declared or not priorities,
        "pull_time_priorities": compact([str(each) for each in priorities]),
    }
