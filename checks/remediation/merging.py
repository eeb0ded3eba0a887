"""All changes of one registry → its steps: one put per document, two where something is removed at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from checks.changes import (
    AccountChange,
    Change,
    PutLifecyclePolicy,
    PutRepositoryPolicy,
    ReplaceStatement,
    RepositoryChange,
    SetDeleteReplication,
    StartBackfill,
)
from checks.model import RegistryId, RemediationContext, Row
from checks.remediation import (
    account,
    policy,
    policy_text,
    replication,
    replication_rules,
    repositories,
    scanning,
    templates,
)
from checks.remediation.account import account_step
from checks.remediation.changes import STAGES, Stage, once
from checks.remediation.merge_result import AwsLimits, CannotApplyError, Merged, Refusal
from checks.remediation.registry_steps import backfill_step, policy_step, replication_step, scanning_step, template_step
from checks.remediation.repository_steps import repository_step
from checks.remediation.statements import is_narrowing
from checks.remediation.steps import Step

Document = TypeVar("Document")

_SAID_ALREADY = "nothing to change: the audited document already has it"


@dataclass(frozen=True, slots=True)
class Target:
    """One document as audited, and its target state after all steps."""

    kind: str
    """`replication`, `policy`, `scanning`, `template`, `lifecycle` or `repository-policy`."""
    name: str
    """Prefix of the template, name of the repository; empty for a document of the whole registry."""
    seen: Any
    """Rules, text, configuration or template; None or empty where there was none."""
    wanted: Any


@dataclass(frozen=True, slots=True)
class Planned:
    """One step and the edits that it makes."""

    step: Step
    changes: tuple[Change, ...]
    target: Target | None = None
    """The target document, where it is one that is declared as a whole."""


@dataclass(frozen=True, slots=True)
class RegistryPlan:
    """The steps and refusals for the changes of one registry."""

    planned: tuple[Planned, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class _Registry:
    """One registry as audited. Every reader raises CannotApplyError where the document is not known."""

    account: str
    region: str
    row: Row
    context: RemediationContext
    changes: tuple[Change, ...]
    """All changes requested for it."""

    def text(self, column: str) -> str | None:
        value = self.row.get(column)
        return value if isinstance(value, str) else None

    @property
    def owner(self) -> policy.Owner:
        partition = self.text("partition")
        if not partition:
            raise CannotApplyError("the registry's partition is not known")
        return policy.Owner(
            self.account, self.region, partition, self.limits.policy_characters, self.context.organization
        )

    @property
    def limits(self) -> AwsLimits:
        """The limits that the audit read for this registry, else the baseline's."""
        declared = self.context.baseline.limits

        def read(column: str, otherwise: int) -> int:
            value = self.row.get(column)
            return otherwise if value is None else int(value)

        return AwsLimits(
            read("destinations_limit", declared.unique_destinations.maximum),
            read("rules_limit", declared.rules.maximum),
            declared.filters_per_rule.maximum,
            read("policy_characters_limit", declared.registry_policy_characters.maximum),
        )

    def room_elsewhere(self) -> Mapping[RegistryId, int]:
        """How many more destinations each other audited registry could have."""
        room = {place: row.get("destination_headroom") for place, row in self.context.registries.items()}
        return {place: int(free) for place, free in room.items() if free is not None and free > 0}


def plan_registry(
    account: str, region: str, changes: Iterable[Change], context: RemediationContext, *, in_stages: bool
) -> RegistryPlan:
    """Steps for *edits*, which all belong to this registry. Unless *in_stages*, each document is put only once.

    Of changes that conflict about one setting the first one is applied, so the most important come first.
    """
    wanted = once(changes)
    registry = _Registry(account, region, context.registries.get(RegistryId(account, region), {}), context, wanted)
    planned: list[Planned] = []
    refused: list[Refusal] = []
    for group, plan in _GROUPS.items():
        members = [change for change in wanted if change.kind.partition(".")[0] == group]
        if not members:
            continue
        try:
            result = plan(registry, members, in_stages=in_stages)
        except CannotApplyError as reason:
            result = RegistryPlan((), tuple(Refusal(change, str(reason)) for change in members))
        planned += result.planned
        refused += result.refused
    return RegistryPlan(tuple(planned), tuple(refused))


def _staged(
    kind: str,
    seen: Document,
    changes: Sequence[Change],
    merge: Callable[[Sequence[Change]], Merged[Document]],
    step: Callable[[Stage, Document, Document, Sequence[Document]], Step],
    stage_of: Callable[[Change], Stage],
    *,
    in_stages: bool,
) -> RegistryPlan:
    """Put one document once, or twice where something is to be removed after everything else is done."""
    final = merge(changes)
    if final.document == seen:
        return RegistryPlan((), (*final.refused, *(Refusal(change, _SAID_ALREADY, True) for change in final.applied)))
    target = Target(kind, "", seen, final.document)
    last = tuple(change for change in final.applied if stage_of(change) is Stage.NARROWING)
    first = tuple(change for change in final.applied if stage_of(change) is not Stage.NARROWING)
    if in_stages and first and last:
        between = merge(first)
        # Where additions have room only after a removal, there is only one put.
        if not between.refused and between.document not in (seen, final.document):
            early = step(stage_of(first[0]), seen, between.document, (final.document,))
            late = step(Stage.NARROWING, seen, final.document, (between.document,))
            return RegistryPlan((Planned(early, first, target), Planned(late, last, target)), final.refused)
    stage = min(stage_of(change) for change in final.applied)
    return RegistryPlan((Planned(step(stage, seen, final.document, ()), final.applied, target),), final.refused)


def _replication(registry: _Registry, changes: Sequence[Change], *, in_stages: bool) -> RegistryPlan:
    seen = replication.parse(registry.text("replication_configuration"))
    owner = RegistryId(registry.account, registry.region)

    def merge(members: Sequence[Change]) -> Merged[tuple[replication_rules.Rule, ...]]:
        return replication.merge(seen, members, registry.limits, owner, registry.room_elsewhere)

    def stage_of(change: Change) -> Stage:
        # Replicating deletions also removes something, at the destination.
        lets_delete = isinstance(change, SetDeleteReplication) and change.enabled
        return Stage.NARROWING if lets_delete else STAGES[change.kind]

    return _staged("replication", seen, changes, merge, replication_step, stage_of, in_stages=in_stages)


def _policy(registry: _Registry, changes: Sequence[Change], *, in_stages: bool) -> RegistryPlan:
    text = registry.text("registry_policy")
    seen, owner = policy_text.parse(text), registry.owner

    def merge(members: Sequence[Change]) -> Merged[str]:
        merged = policy.merge(seen, members, owner)
        unchanged = merged.document.statements == seen.statements
        wanted = text or "" if unchanged else policy_text.text_of(merged.document, owner.characters)
        return Merged(wanted, merged.applied, merged.refused)

    def stage_of(change: Change) -> Stage:
        if isinstance(change, ReplaceStatement):
            statement = seen.statements[change.statement - 1] or {}
            if is_narrowing(statement, change.replacement):
                return Stage.NARROWING
        return STAGES[change.kind]

    if text and not merge(changes).document:
        raise CannotApplyError(
            "no statement would remain, and deleting a policy is a manual step: review the registry policy of "
            f"{registry.account} in {registry.region}, then delete it with `aws ecr delete-registry-policy`"
        )
    return _staged("policy", text or "", changes, merge, policy_step, stage_of, in_stages=in_stages)


def _scanning(registry: _Registry, changes: Sequence[Change], *, in_stages: bool) -> RegistryPlan:
    if registry.row.get("inspector_policy_setting"):
        raise CannotApplyError(
            "an Amazon Inspector policy of the organization controls how this registry scans, and AWS rejects the put; "
            "ask the owner of that policy to change it"
        )
    seen = scanning.parse(registry.text("scanning_configuration"))

    def step(_: Stage, old: scanning.Configuration, new: scanning.Configuration, __: object) -> Step:
        return scanning_step(old, new)

    return _staged(
        "scanning",
        seen,
        changes,
        partial(scanning.merge, seen),
        step,
        lambda change: STAGES[change.kind],
        in_stages=in_stages,
    )


def _templates(registry: _Registry, changes: Sequence[templates.Asked], *, in_stages: bool) -> RegistryPlan:
    merged = templates.merge(templates.parse(registry.text("templates")), changes)
    planned: list[Planned] = []
    refused = list(merged.refused)
    for key, change in merged.document.items():
        members = tuple(change for change in merged.applied if templates.key_of(templates.prefix_of(change)) == key)
        if change.seen == change.wanted:
            refused += [Refusal(change, _SAID_ALREADY, True) for change in members]
        else:
            target = Target("template", change.prefix, change.seen, change.wanted)
            planned.append(Planned(template_step(change), members, target))
    return RegistryPlan(tuple(planned), tuple(refused))


def _repositories(registry: _Registry, changes: Sequence[RepositoryChange], *, in_stages: bool) -> RegistryPlan:
    merged = repositories.merge(changes)
    planned: list[Planned] = []
    refused = list(merged.refused)
    for put in merged.document:
        try:
            step = repository_step(put, registry.text("partition"))
            planned.append(Planned(step, put.changes, _of_repository(put.change)))
        except CannotApplyError as reason:
            refused += [Refusal(change, str(reason)) for change in put.changes]
    return RegistryPlan(tuple(planned), tuple(refused))


def _of_repository(change: RepositoryChange) -> Target | None:
    if isinstance(change, PutLifecyclePolicy):
        return Target("lifecycle", change.repository, change.seen, change.policy)
    if isinstance(change, PutRepositoryPolicy):
        return Target("repository-policy", change.repository, change.seen, change.policy)
    return None


def _backfills(registry: _Registry, changes: Sequence[StartBackfill], *, in_stages: bool) -> RegistryPlan:
    text = registry.text("backfills")
    seen = None if text is None else [entry["replicationBackfillId"] for entry in json.loads(text or "[]")]
    destinations = _destinations_in_the_end(registry)
    planned: list[Planned] = []
    refused: list[Refusal] = []
    for change in changes:
        pair = RegistryId(change.destination_account, change.destination_region)
        if destinations is None or pair in destinations:
            planned.append(Planned(backfill_step(*pair, seen), (change,)))
        else:
            refused.append(
                Refusal(change, f"no rule has the destination {'/'.join(pair)}, so a backfill is not possible")
            )
    return RegistryPlan(tuple(planned), tuple(refused))


def _destinations_in_the_end(registry: _Registry) -> set[RegistryId] | None:
    """The destinations of all rules after the changes; None where the rules are not known."""
    text = registry.text("replication_configuration")
    if text is None:
        return None
    changes = [change for change in registry.changes if change.kind.startswith("replication.")]
    merged = replication.merge(
        replication.parse(text), changes, registry.limits, RegistryId(registry.account, registry.region)
    )
    return {pair for rule in merged.document for pair in replication_rules.destinations_of(rule)}


def _account(registry: _Registry, changes: Sequence[AccountChange], *, in_stages: bool) -> RegistryPlan:
    merged = account.merge(changes, registry.text("pull_time_exclusions"))
    return RegistryPlan(tuple(Planned(account_step(change), (change,)) for change in merged.document), merged.refused)


_GROUPS: Mapping[str, Callable[..., RegistryPlan]] = {
    "policy": _policy,
    "template": _templates,
    "scanning": _scanning,
    "account": _account,
    "replication": _replication,
    "backfill": _backfills,
    "repository": _repositories,
}
"""The planner of each group of changes; a group is the part of a kind before the dot."""
