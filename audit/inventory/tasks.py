"""The units of work: one registry, one phase. Picklable, so that a worker process can run them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from audit.aws.calls import Calls
from audit.aws.identities import Keys
from audit.evidence import CallCounts, RegistryEvidence, RegistryRecord
from audit.inventory.reader import Reader
from audit.inventory.registry import (
    read_detail,
    read_event_rules,
    read_keys,
    read_quotas,
    read_roles,
    read_service_linked_role,
    read_summary,
)
from audit.inventory.replication_status import Question, read_statuses
from audit.inventory.repository import DETAIL_COLUMNS, Details, RepositoryReader
from audit.inventory.thread_pool import ThreadPool
from checks.model import Gap, GapKind

AT_ONCE = 8
"""Concurrent calls for one registry."""


@dataclass(frozen=True, slots=True)
class SummaryTask:
    """Read rules, policy and repository list of one registry."""

    account: str
    region: str
    partition: str
    keys: Keys | None = None

    @property
    def weight(self) -> int:
        """About how many calls it needs."""
        return 3


@dataclass(frozen=True, slots=True)
class DetailTask:
    """Read everything else of one registry."""

    summary: RegistryRecord
    names: tuple[str, ...]
    """Repositories to read in detail."""
    repository_keys: tuple[str, ...] = ()
    """KMS keys that those repositories name."""
    quotas: bool = False
    service_linked_role: bool = False
    event_rules: bool = False
    keys: Keys | None = None

    @property
    def account(self) -> str:
        """The registry's account."""
        return self.summary.account

    @property
    def region(self) -> str:
        """The registry's Region."""
        return self.summary.region

    @property
    def weight(self) -> int:
        """About how many calls it needs."""
        return 15 + 4 * len(self.names)


@dataclass(frozen=True, slots=True)
class StatusTask:
    """Read why images of one registry are not at their destinations."""

    account: str
    region: str
    partition: str
    questions: tuple[Question, ...]
    keys: Keys | None = None

    @property
    def weight(self) -> int:
        """About how many calls it needs."""
        return len(self.questions)


Task: TypeAlias = SummaryTask | DetailTask | StatusTask


@dataclass(frozen=True, slots=True)
class DetailResult:
    """The result of a detail task."""

    record: RegistryRecord
    details: Details
    gaps: tuple[Gap, ...]
    calls: CallCounts


Result: TypeAlias = RegistryEvidence | DetailResult


def perform(task: Task, calls: Calls, pool: ThreadPool) -> Result:
    """Run *task* on this thread and those of *pool*."""
    if task.keys is not None:
        calls.adopt(task.account, task.keys)
    reader = Reader(calls, task.account, task.region)
    match task:
        case SummaryTask():
            return read_summary(reader, task.partition)
        case DetailTask():
            return _detail(task, reader, calls.session.home_region, pool)
        case StatusTask():
            statuses = read_statuses(reader, task.questions, pool, AT_ONCE)
            record = RegistryRecord(task.account, task.region, task.partition)
            return RegistryEvidence(record, statuses=statuses, gaps=reader.gaps(), calls=reader.counts())


def _detail(task: DetailTask, reader: Reader, home_region: str, pool: ThreadPool) -> DetailResult:
    record = read_detail(reader, task.summary)
    if task.quotas:
        record = read_quotas(reader, record)
    if task.service_linked_role:
        record = replace(record, service_linked_role_present=read_service_linked_role(reader, home_region))
    if task.event_rules:
        record = replace(record, event_rules=read_event_rules(reader))
    record = replace(
        record,
        roles=read_roles(reader, record.templates, home_region),
        keys=read_keys(reader, record.templates, task.repository_keys),
    )
    details = RepositoryReader(reader, record.partition).read(task.names, pool, AT_ONCE)
    return DetailResult(record, details, reader.gaps(), reader.counts())


def merge_detail(summary: RegistryEvidence, result: DetailResult) -> RegistryEvidence:
    """The summary with the details of *result*."""
    repositories = {name: list(values) for name, values in summary.repositories.items()}
    rows = {name: row for row, name in enumerate(repositories["repository"])}
    for name, found in result.details.repositories.items():
        row = rows[name]
        repositories["detailed"][row] = True
        for column in DETAIL_COLUMNS:
            repositories[column][row] = getattr(found, column)
    return replace(
        summary,
        registry=result.record,
        repositories=repositories,
        images=result.details.images,
        gaps=summary.gaps + result.gaps,
        calls=summary.calls.plus(result.calls),
    )


def failure_gap(task: Task, code: str, message: str) -> Gap:
    """The gap of a task that failed."""
    tables = {
        SummaryTask: ("registries", "rules", "links", "grants", "repositories", "replicas", "images"),
        DetailTask: ("registries", "templates", "repositories", "replicas", "images", "links"),
        StatusTask: ("images",),
    }[type(task)]
    operation = {
        SummaryTask: "ecr:DescribeRegistry",
        DetailTask: "ecr:DescribeImages",
        StatusTask: "ecr:DescribeImageReplicationStatus",
    }[type(task)]
    return Gap(task.account, task.region, operation, GapKind.UNEXPECTED, code, message, tables)
