"""The collection from start to end: caller, organization, registry summaries, details, replication statuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audit.aws.calls import Calls
from audit.aws.sessions import CallCounter
from audit.aws.settings import AwsSettings, ScopeError
from audit.evidence import CallCounts, Evidence, Scope
from audit.inventory.accounts import ACTIVE, AccountReader, Accounts, RegionReader, readable, unread_destination
from audit.inventory.executors import ProcessExecutor, ThreadExecutor, WorkerSetup
from audit.inventory.organization import read_inspector_policies, read_organization, scoped
from audit.inventory.phases import CollectionState, flows, read_detail, read_statuses, read_summaries
from audit.inventory.protocols import Checkpoint, NoCheckpoint
from audit.inventory.reader import Reader
from audit.inventory.setup import Caller, identify, open_session
from audit.inventory.thread_pool import ThreadPool
from audit.progress import Phase, Progress, ProgressEvent, no_progress
from checks.model import Gap, GapKind, RegistryId

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline

THREADS = 16
"""Concurrent calls in one process, and registries that are read at the same time."""
ORGANIZATIONS_AT_ONCE = 4
"""Concurrent calls to AWS Organizations about single accounts: it throttles sooner than ECR."""


def collect(
    settings: AwsSettings,
    scope: Scope,
    baseline: Baseline,
    *,
    processes: int = 1,
    threads: int = THREADS,
    checkpoint: Checkpoint | None = None,
    progress: Progress = no_progress,
    now: float,
) -> Evidence:
    """Read everything that *scope* and *baseline* need.

    `threads` limits the concurrent calls in each process. `processes` above 1 reads registries in worker processes.
    `now` is the moment of the audit, epoch seconds. Raises AwsSetupError where AWS cannot be called at all or the
    scope is empty; every other failed call is a gap of the result.
    """
    session = open_session(settings, threads)
    calls = Calls(session, in_flight=threads)
    pool = ThreadPool(threads, "account")
    counter = CallCounter()
    try:
        caller = identify(session, calls, counter)
        calls.caller_account, calls.partition = caller.account, caller.partition
        _check_regions(scope, session.ecr_regions(caller.partition), caller.partition)
        with _executor(settings, calls, caller, processes, threads) as executor:
            progress(ProgressEvent(Phase.ORGANIZATION))
            reader = Reader(calls, "", "", ask_in=caller.home_region)
            organization = scoped(read_organization(reader, caller.account, pool, threads), scope)
            management = organization.record.management_account if organization.record else ""
            regions = RegionReader(calls, management, caller.home_region, caller.partition)
            accounts = Accounts({one.account: one for one in organization.accounts})
            kept = checkpoint or NoCheckpoint()
            state = CollectionState(scope, baseline, caller, organization, accounts, kept, progress, now)
            _read_registries(state, AccountReader(calls, regions, scope, pool), executor)
            scanned = _scanned_accounts(state)
            state.organization = read_inspector_policies(reader, organization, scanned, pool, ORGANIZATIONS_AT_ONCE)
        run_calls = counter.counts().plus(reader.counts(), regions.counter.counts(), calls.take_role_counts())
        return _evidence(state, reader.gaps(), run_calls)
    finally:
        calls.stop()
        pool.close()
        session.close()


def _check_regions(scope: Scope, known: Sequence[str], partition: str) -> None:
    unknown = [region for region in scope.regions if region not in known]
    if unknown:
        raise ScopeError(f"no such Region in partition {partition}: {', '.join(unknown)}. Check the scope's Regions.")


@contextmanager
def _executor(
    settings: AwsSettings, calls: Calls, caller: Caller, processes: int, threads: int
) -> Iterator[ThreadExecutor | ProcessExecutor]:
    executor: ThreadExecutor | ProcessExecutor
    if processes > 1:
        executor = ProcessExecutor(
            WorkerSetup(settings, caller.account, caller.partition, caller.keys, threads), processes
        )
    else:
        executor = ThreadExecutor(calls, threads)
    try:
        yield executor
    finally:
        executor.close()


def _read_registries(state: CollectionState, reader: AccountReader, executor: ThreadExecutor | ProcessExecutor) -> None:
    state.begin(Phase.ACCOUNTS)
    accounts = state.accounts
    reader.read(accounts, [record.account for record in state.organization.accounts if record.in_scope])
    first = [pair for pair, region in accounts.regions.items() if region.in_scope and readable(accounts, pair)]
    state.begin(Phase.SUMMARIES)
    read_summaries(state, executor, first)
    destinations = {flow.destination for flow in flows(state)} - set(state.planned)
    reader.read(accounts, {account for account, _ in destinations} & set(accounts.records))
    second = sorted(pair for pair in destinations if readable(accounts, pair))
    read_summaries(state, executor, second)
    _note_unread(state, destinations - set(second))
    state.begin(Phase.DETAILS)
    read_detail(state, executor)
    state.begin(Phase.STATUSES)
    read_statuses(state, executor)


def _scanned_accounts(state: CollectionState) -> set[str]:
    """Accounts of replicas and sources which the baseline requires to be scanned; accounts that are not active scan
    nothing."""
    baseline, named = state.baseline, set[str]()
    if any(entry.scanning and entry.scanning.required for entry in baseline.settings):
        named |= {flow.destination[0] for flow in flows(state)}
    if any(entry.scanning and entry.scanning.required for entry in baseline.source_settings):
        named |= {flow.source[0] for flow in flows(state)}
    records = state.accounts.records
    return {account for account in named if account in records and records[account].state in ACTIVE}


def _note_unread(state: CollectionState, destinations: Iterable[RegistryId]) -> None:
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


def _evidence(state: CollectionState, gaps: tuple[Gap, ...], sent: CallCounts) -> Evidence:
    registries = tuple(state.read[pair] for pair in sorted(state.read))
    return Evidence(
        organization=state.organization.record,
        caller_account=state.caller.account,
        partition=state.caller.partition,
        accounts=state.organization.accounts,
        regions=tuple(state.accounts.regions[pair] for pair in sorted(state.accounts.regions)),
        registries=registries,
        gaps=gaps + tuple(sorted(state.accounts.gaps, key=lambda gap: (gap.account, gap.region, gap.operation))),
        calls=sent.plus(*(part.calls for part in registries)),
        started_at=state.now,
        unaccounted=tuple(RegistryId(*pair) for pair in sorted(set(state.planned) - set(state.read))),
    )
