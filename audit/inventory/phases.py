"""The phases of a collection: summaries of every registry, details of some, replication statuses of missing images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit.evidence import RegistryEvidence, RegistryRecord, Scope
from audit.inventory.accounts import Accounts
from audit.inventory.executors import ProcessExecutor, TaskFailure, ThreadExecutor
from audit.inventory.organization import Organization
from audit.inventory.plan import (
    Flow,
    has_rules,
    inquiries,
    registries_for_detail,
    repositories_to_read,
    required_flows,
    required_sources,
    rule_flows,
)
from audit.inventory.protocols import Checkpoint
from audit.inventory.registry import REPLICATION_ROLE
from audit.inventory.setup import Caller
from audit.inventory.tasks import (
    DetailResult,
    DetailTask,
    Result,
    StatusTask,
    SummaryTask,
    Task,
    failure_gap,
    merge_detail,
)
from audit.progress import Phase, Progress, ProgressEvent, Step
from checks.model import Gap, GapKind, RegistryId

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline

STATUS_BOUND = 100
"""Images whose replication status is read for each source registry and destination."""


@dataclass(slots=True)
class CollectionState:
    """State of a collection."""

    scope: Scope
    baseline: Baseline
    caller: Caller
    organization: Organization
    accounts: Accounts
    checkpoint: Checkpoint
    progress: Progress
    now: float
    planned: dict[RegistryId, None] = field(default_factory=dict)
    """Every registry that the run plans to read, in order."""
    read: dict[RegistryId, RegistryEvidence] = field(default_factory=dict)
    """Every registry that was processed, read or not."""
    phase: Phase = Phase.ORGANIZATION

    def begin(self, phase: Phase) -> None:
        """Start the next phase and report it."""
        self.phase = phase
        self.progress(ProgressEvent(phase))


def flows(state: CollectionState) -> tuple[Flow, ...]:
    """What rules replicate and what the baseline requires, of sources in scope."""
    sources = [pair for pair in state.planned if state.accounts.regions[pair].in_scope]
    configured = (
        flow
        for pair in sources
        if pair in state.read
        for flow in rule_flows(pair, state.read[pair].registry.replication_configuration)
    )
    return (*configured, *required_flows(state.baseline, state.accounts.records, sources))


def read_summaries(
    state: CollectionState, executor: ThreadExecutor | ProcessExecutor, pairs: Sequence[RegistryId]
) -> None:
    """Add *pairs* to the plan and read their summaries."""
    tasks = []
    for pair in pairs:
        state.planned[pair] = None
        account, region = pair
        kept = state.checkpoint.load("summary", account, region)
        if kept is not None:
            state.read[pair] = kept
        elif state.accounts.reachable(account):
            tasks.append(SummaryTask(account, region, state.caller.partition, state.accounts.keys[account]))
        else:
            # The gap of the role that could not be assumed covers every registry of its account.
            state.read[pair] = RegistryEvidence(RegistryRecord(account, region, state.caller.partition))
    _run_tasks(state, executor, "summary", tasks)


def read_detail(state: CollectionState, executor: ThreadExecutor | ProcessExecutor) -> None:
    """Read everything else of the registries that need it."""
    state_flows = flows(state)
    all_repositories = state.scope.all_repositories
    chosen = registries_for_detail(state_flows, state.read, all_repositories=all_repositories)
    wanted = repositories_to_read(state_flows, state.read, all_repositories=all_repositories)
    tasks = []
    required = required_sources(state_flows)
    role_read_in: set[str] = set()
    watched = {flow.destination for flow in state_flows} if state.baseline.registries.failure_events else set()
    for pair in chosen:
        kept = state.checkpoint.load("detail", *pair)
        if kept is not None:
            state.read[pair] = kept
            role_read_in |= {pair[0]} if kept.registry.service_linked_role_present is not None else set()
            continue
        task = _detail_task(state, pair, wanted.get(pair, ()), role_read_in)
        # The quotas of a source apply to what it replicates and to what it is required to replicate.
        tasks.append(replace(task, event_rules=pair in watched, quotas=task.quotas or pair in required))
    _run_tasks(state, executor, "detail", tasks)
    _share_roles(state)


def _detail_task(
    state: CollectionState, pair: RegistryId, names: tuple[str, ...], role_read_in: set[str]
) -> DetailTask:
    summary = state.read[pair]
    source = has_rules(_rules_of(summary))
    role = source and pair[0] not in role_read_in
    if role:
        role_read_in.add(pair[0])
    chosen = set(names)
    keys = zip(summary.repositories["repository"], summary.repositories["kms_key"], strict=True)
    return DetailTask(
        summary=summary.registry,
        names=names,
        repository_keys=tuple(sorted({key for name, key in keys if key and name in chosen})),
        quotas=source,
        service_linked_role=role,
        keys=state.accounts.keys.get(pair[0]),
    )


def _share_roles(state: CollectionState) -> None:
    """The service-linked role is read once per account; the result or the gap applies to all its registries."""
    present: dict[str, bool] = {}
    refused: dict[str, Gap] = {}
    for (account, _), evidence in state.read.items():
        if evidence.registry.service_linked_role_present is not None:
            present[account] = evidence.registry.service_linked_role_present
        for gap in evidence.gaps:
            if gap.operation == "iam:GetRole" and gap.resource.startswith(REPLICATION_ROLE):
                refused.setdefault(account, replace(gap, resource=REPLICATION_ROLE))
    for pair, evidence in state.read.items():
        account, region = pair
        if evidence.registry.service_linked_role_present is not None:
            continue
        if account in present:
            record = replace(evidence.registry, service_linked_role_present=present[account])
            state.read[pair] = replace(evidence, registry=record)
        elif account in refused and refused[account].region != region and has_rules(_rules_of(evidence)):
            gap = replace(refused[account], region=region)
            state.read[pair] = replace(evidence, gaps=(*evidence.gaps, gap))


def _rules_of(evidence: RegistryEvidence) -> str | None:
    return evidence.registry.replication_configuration


def read_statuses(state: CollectionState, executor: ThreadExecutor | ProcessExecutor) -> None:
    """Read the replication status of images that are at a source and not at its destination."""
    settled = state.now - 60.0 * state.baseline.replication_delay_minutes
    found = inquiries(flows(state), state.read, most=STATUS_BOUND, settled_before=settled)
    tasks = []
    for pair, inquiry in found.items():
        evidence = state.read[pair]
        for destination, number in inquiry.left_out:
            message = (
                f"the replication status of {number} more missing images was not read; "
                f"the limit is {STATUS_BOUND} images per destination"
            )
            gap = Gap(
                *pair, "ecr:DescribeImageReplicationStatus", GapKind.LIMITED, "StatusBound", message, ("images",),
                resource="/".join(destination),
            )  # fmt: skip
            evidence = replace(evidence, gaps=(*evidence.gaps, gap))
        state.read[pair] = evidence
        kept = state.checkpoint.load("status", *pair)
        if kept is not None:
            state.read[pair] = kept
        else:
            keys = state.accounts.keys.get(pair[0])
            tasks.append(StatusTask(*pair, state.caller.partition, inquiry.questions, keys))
    _run_tasks(state, executor, "status", tasks)


def _run_tasks(
    state: CollectionState, executor: ThreadExecutor | ProcessExecutor, phase: str, tasks: Sequence[Task]
) -> None:
    """Run *tasks* and store each registry's evidence after its task."""
    state.progress(ProgressEvent(state.phase, Step.PLANNED, count=len(tasks)))
    for task, outcome in executor.run(tasks):
        pair = RegistryId(task.account, task.region)
        before = state.read.get(pair)
        if isinstance(outcome, TaskFailure):
            # Not stored as finished: a resumed collection tries again.
            state.progress(ProgressEvent(state.phase, Step.LOST, *pair, reason=outcome.message))
            before = before or RegistryEvidence(RegistryRecord(*pair, state.caller.partition))
            state.read[pair] = replace(before, gaps=(*before.gaps, failure_gap(task, outcome.code, outcome.message)))
        else:
            state.read[pair] = _merged(task, before, outcome)
            state.checkpoint.save(phase, state.read[pair])
        state.progress(ProgressEvent(state.phase, Step.READ, *pair))


def _merged(task: Task, before: RegistryEvidence | None, result: Result) -> RegistryEvidence:
    if isinstance(result, DetailResult):
        assert before is not None
        return merge_detail(before, result)
    if isinstance(task, StatusTask):
        assert before is not None
        calls = before.calls.plus(result.calls)
        return replace(before, statuses=result.statuses, gaps=before.gaps + result.gaps, calls=calls)
    return result
