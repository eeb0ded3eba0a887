"""The whole collection on one page: who we are, what there is, outlines, depth, statuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit.aws.calls import Calls
from audit.aws.sessions import CallCounter
from audit.aws.settings import AwsSettings, AwsSetupError
from audit.evidence import Evidence, RegistryEvidence, RegistryRecord, Scope
from audit.inventory.accounts import AccountReader, Accounts, readable, unread_destination
from audit.inventory.crew import Crew
from audit.inventory.organization import Organization, read_organization, scoped
from audit.inventory.plan import (
    Flow,
    Pair,
    has_rules,
    inquiries,
    registries_for_depth,
    required_flows,
    rule_flows,
    wanted_repositories,
)
from audit.inventory.ports import Checkpoint, Progress, Silence
from audit.inventory.reader import Reader
from audit.inventory.regions import RegionReader
from audit.inventory.setup import Caller, identify, open_session
from audit.inventory.tasks import (
    DepthResult,
    DepthTask,
    OutlineTask,
    Result,
    StatusTask,
    Task,
    added,
    lost,
    merge_depth,
)
from audit.inventory.workers import Elsewhere, Here, Lost, WorkerSetup
from checks.model import Gap, GapKind

if TYPE_CHECKING:
    from checks.baseline import Baseline

THREADS = 16
"""Calls in flight in one process, and registries under way."""
STATUS_BOUND = 100
"""Images asked about for each source registry and destination."""


@dataclass(slots=True)
class _Collection:
    """State of one collection."""

    settings: AwsSettings
    scope: Scope
    baseline: Baseline
    calls: Calls
    caller: Caller
    checkpoint: Checkpoint
    progress: Progress
    now: float
    organization: Organization
    accounts: Accounts
    account_reader: AccountReader
    planned: dict[Pair, None] = field(default_factory=dict)
    read: dict[Pair, RegistryEvidence] = field(default_factory=dict)


def collect(
    settings: AwsSettings,
    scope: Scope,
    baseline: Baseline,
    *,
    processes: int = 1,
    threads: int = THREADS,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
    now: float,
) -> Evidence:
    """Read everything that *scope* and *baseline* ask about.

    `threads` bounds the calls in flight in each process. `processes` above 1 reads registries in worker processes.
    `now` is the moment of the audit, epoch seconds. Raises AwsSetupError where AWS cannot be asked at all or the
    scope is empty; every other refusal is a gap of the result.
    """
    watcher = progress or Silence()
    session = open_session(settings, threads)
    calls = Calls(session, in_flight=threads)
    crew = Crew(threads, "account")
    counter = CallCounter()
    try:
        caller = identify(session, calls, counter)
        calls.caller_account, calls.partition = caller.account, caller.partition
        _check_regions(scope, session.ecr_regions(caller.partition), caller.partition)
        with _doers(settings, calls, caller, processes, threads) as doers:
            watcher.note("reading the organization")
            reader = Reader(calls, "", "", ask_in=caller.home_region)
            organization = scoped(read_organization(reader, caller.account, crew, threads), scope)
            management = organization.record.management_account if organization.record else ""
            regions = RegionReader(calls, management, caller.home_region, caller.partition)
            accounts = Accounts({one.account: one for one in organization.accounts})
            state = _Collection(
                settings, scope, baseline, calls, caller, checkpoint or Silence(), watcher, now, organization, accounts,
                AccountReader(calls, regions, scope, crew),
            )  # fmt: skip
            _read_registries(state, doers)
        run_calls = added(counter.counts(), reader.counts(), regions.counter.counts(), calls.take_role_counts())
        return _evidence(state, reader.gaps(), run_calls)
    finally:
        calls.stop()
        crew.close()
        session.close()


def _check_regions(scope: Scope, known: Sequence[str], partition: str) -> None:
    unknown = [region for region in scope.regions if region not in known]
    if unknown:
        raise AwsSetupError(f"no such Region in partition {partition}: {', '.join(unknown)}. Check --regions.")


@contextmanager
def _doers(
    settings: AwsSettings, calls: Calls, caller: Caller, processes: int, threads: int
) -> Iterator[Here | Elsewhere]:
    doers: Here | Elsewhere
    if processes > 1:
        doers = Elsewhere(WorkerSetup(settings, caller.account, caller.partition, caller.keys, threads), processes)
    else:
        doers = Here(calls, threads)
    try:
        yield doers
    finally:
        doers.close()


def _read_registries(state: _Collection, doers: Here | Elsewhere) -> None:
    state.progress.note("assuming roles and reading Regions")
    in_scope = [record.account for record in state.organization.accounts if record.in_scope]
    state.account_reader.read(state.accounts, in_scope)
    first = [
        pair for pair, region in state.accounts.regions.items() if region.in_scope and readable(state.accounts, pair)
    ]
    state.progress.note("reading rules, policies and repository lists")
    _outlines(state, doers, first)
    destinations = {flow.destination for flow in _flows(state)} - set(state.planned)
    state.account_reader.read(state.accounts, {account for account, _ in destinations} & set(state.accounts.records))
    second = sorted(pair for pair in destinations if readable(state.accounts, pair))
    _outlines(state, doers, second)
    _note_unread(state, destinations - set(second))
    state.progress.note("reading settings, repositories and images")
    _depth(state, doers)
    state.progress.note("asking about missing images")
    _statuses(state, doers)


def _note_unread(state: _Collection, destinations: Iterable[Pair]) -> None:
    known = state.organization.record is not None and state.organization.complete
    for pair in sorted(destinations):
        gap = unread_destination(state.accounts, pair, known)
        if gap is not None:
            state.accounts.gaps.append(gap)
    for account in state.scope.accounts:
        record = state.accounts.records[account]
        if account not in state.accounts.asked:
            message = f"the account is {record.state} and cannot be read"
            state.accounts.gaps.append(
                Gap(
                    account, "", "sts:AssumeRole", GapKind.ACCOUNT_INACTIVE, str(record.state), message, ("registries",)
                )
            )


def _flows(state: _Collection) -> tuple[Flow, ...]:
    """What rules copy and the baseline requires, of sources in scope."""
    sources = [pair for pair in state.planned if state.accounts.regions[pair].in_scope]
    configured = (
        flow
        for pair in sources
        if pair in state.read
        for flow in rule_flows(pair, state.read[pair].registry.replication_configuration)
    )
    return (*configured, *required_flows(state.baseline, state.accounts.records, sources))


def _outlines(state: _Collection, doers: Here | Elsewhere, pairs: Sequence[Pair]) -> None:
    tasks = []
    for pair in pairs:
        state.planned[pair] = None
        account, region = pair
        kept = state.checkpoint.load("outline", account, region)
        if kept is not None:
            state.read[pair] = kept
        elif state.accounts.reachable(account):
            tasks.append(OutlineTask(account, region, state.caller.partition, state.accounts.keys[account]))
        else:
            # The gap of the role that could not be assumed stands for every registry of its account.
            state.read[pair] = RegistryEvidence(RegistryRecord(account, region, state.caller.partition))
    for task, evidence in _done(state, doers, tasks):
        state.read[task.account, task.region] = evidence
        state.checkpoint.save("outline", evidence)


def _depth(state: _Collection, doers: Here | Elsewhere) -> None:
    flows = _flows(state)
    everything = state.scope.everything
    chosen = registries_for_depth(flows, state.read, everything=everything)
    wanted = wanted_repositories(flows, state.read, everything=everything)
    tasks = []
    asked_for_role: set[str] = set()
    for pair in chosen:
        kept = state.checkpoint.load("depth", *pair)
        if kept is not None:
            state.read[pair] = kept
            asked_for_role |= {pair[0]} if kept.registry.service_linked_role_present is not None else set()
            continue
        tasks.append(_depth_task(state, pair, wanted.get(pair, ()), asked_for_role))
    for task, evidence in _done(state, doers, tasks):
        state.read[task.account, task.region] = evidence
        state.checkpoint.save("depth", evidence)
    _share_roles(state)


def _depth_task(state: _Collection, pair: Pair, names: tuple[str, ...], asked_for_role: set[str]) -> DepthTask:
    outline = state.read[pair]
    source = has_rules(outline.registry.replication_configuration)
    role = source and pair[0] not in asked_for_role
    if role:
        asked_for_role.add(pair[0])
    chosen = set(names)
    keys = zip(outline.repositories["repository"], outline.repositories["kms_key"], strict=True)
    return DepthTask(
        outline=outline.registry,
        names=names,
        repository_keys=tuple(sorted({key for name, key in keys if key and name in chosen})),
        quotas=source,
        service_linked_role=role,
        keys=state.accounts.keys.get(pair[0]),
    )


def _share_roles(state: _Collection) -> None:
    """The service-linked role is asked for in one registry of an account; the answer holds for all of them."""
    present = {
        account: evidence.registry.service_linked_role_present
        for (account, _), evidence in state.read.items()
        if evidence.registry.service_linked_role_present is not None
    }
    for pair, evidence in state.read.items():
        if pair[0] in present and evidence.registry.service_linked_role_present is None:
            record = replace(evidence.registry, service_linked_role_present=present[pair[0]])
            state.read[pair] = replace(evidence, registry=record)


def _statuses(state: _Collection, doers: Here | Elsewhere) -> None:
    settled = state.now - 60.0 * state.baseline.replication_delay_minutes
    found = inquiries(_flows(state), state.read, most=STATUS_BOUND, settled_before=settled)
    tasks = []
    for pair, inquiry in found.items():
        evidence = state.read[pair]
        for destination, number in inquiry.left_out:
            message = f"{number} more missing images were not asked about; {STATUS_BOUND} are, for each destination"
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
    for task, evidence in _done(state, doers, tasks):
        state.read[task.account, task.region] = evidence
        state.checkpoint.save("status", evidence)


def _done(
    state: _Collection, doers: Here | Elsewhere, tasks: Sequence[Task]
) -> Iterator[tuple[Task, RegistryEvidence]]:
    """Each task with the registry's evidence as it is after it."""
    state.progress.started(len(tasks))
    for task, outcome in doers.run(tasks):
        state.progress.finished(task.account, task.region)
        before = state.read.get((task.account, task.region))
        if isinstance(outcome, Lost):
            state.progress.note(f"{task.account} {task.region}: {outcome.message}")
            blank = RegistryEvidence(RegistryRecord(task.account, task.region, state.caller.partition))
            before = before or blank
            yield task, replace(before, gaps=(*before.gaps, lost(task, outcome.code, outcome.message)))
        else:
            yield task, _merged(task, before, outcome)


def _merged(task: Task, before: RegistryEvidence | None, result: Result) -> RegistryEvidence:
    if isinstance(result, DepthResult):
        assert before is not None
        return merge_depth(before, result)
    if isinstance(task, StatusTask):
        assert before is not None
        return replace(
            before, statuses=result.statuses, gaps=before.gaps + result.gaps, calls=added(before.calls, result.calls)
        )
    return result


def _evidence(state: _Collection, gaps: tuple[Gap, ...], calls: dict[str, int]) -> Evidence:
    registries = tuple(state.read[pair] for pair in sorted(state.read))
    return Evidence(
        organization=state.organization.record,
        caller_account=state.caller.account,
        partition=state.caller.partition,
        accounts=state.organization.accounts,
        regions=tuple(state.accounts.regions[pair] for pair in sorted(state.accounts.regions)),
        registries=registries,
        gaps=gaps + tuple(sorted(state.accounts.gaps, key=lambda gap: (gap.account, gap.region, gap.operation))),
        calls=added(calls, *(evidence.calls for evidence in registries)),
        started_at=state.now,
        unaccounted=tuple("/".join(pair) for pair in sorted(set(state.planned) - set(state.read))),
    )
