"""The units of work: one registry, one phase. Picklable, so that they can be done here or in a worker process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from audit.aws.calls import Calls
from audit.aws.identities import Keys
from audit.evidence import CallCounts, RegistryEvidence, RegistryRecord
from audit.inventory.context import (
    read_event_rules,
    read_keys,
    read_quotas,
    read_roles,
    read_service_linked_role,
)
from audit.inventory.crew import Crew
from audit.inventory.reader import Reader
from audit.inventory.registry import read_depth, read_outline
from audit.inventory.repository import DETAIL_COLUMNS, Details, RepositoryReader
from audit.inventory.status import Question, read_statuses
from checks.model import Gap, GapKind

AT_ONCE = 8
"""Calls in flight for one registry."""


@dataclass(frozen=True, slots=True)
class OutlineTask:
    """Read rules, policy and repository list of one registry."""

    account: str
    region: str
    partition: str
    keys: Keys | None = None

    @property
    def weight(self) -> int:
        """About how many calls it takes."""
        return 3


@dataclass(frozen=True, slots=True)
class DepthTask:
    """Read everything else of one registry."""

    outline: RegistryRecord
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
        return self.outline.account

    @property
    def region(self) -> str:
        """The registry's Region."""
        return self.outline.region

    @property
    def weight(self) -> int:
        """About how many calls it takes."""
        return 15 + 4 * len(self.names)


@dataclass(frozen=True, slots=True)
class StatusTask:
    """Ask why images of one registry are not at their destinations."""

    account: str
    region: str
    partition: str
    questions: tuple[Question, ...]
    keys: Keys | None = None

    @property
    def weight(self) -> int:
        """About how many calls it takes."""
        return len(self.questions)


Task: TypeAlias = OutlineTask | DepthTask | StatusTask


@dataclass(frozen=True, slots=True)
class DepthResult:
    """What a depth task read."""

    record: RegistryRecord
    details: Details
    gaps: tuple[Gap, ...]
    calls: CallCounts


Result: TypeAlias = RegistryEvidence | DepthResult


def perform(task: Task, calls: Calls, crew: Crew) -> Result:
    """Do *task* now, on this thread and those of *crew*."""
    if task.keys is not None:
        calls.adopt(task.account, task.keys)
    reader = Reader(calls, task.account, task.region)
    match task:
        case OutlineTask():
            return read_outline(reader, task.partition)
        case DepthTask():
            return _depth(task, reader, calls.session.home_region, crew)
        case StatusTask():
            statuses = read_statuses(reader, task.questions, crew, AT_ONCE)
            record = RegistryRecord(task.account, task.region, task.partition)
            return RegistryEvidence(record, statuses=statuses, gaps=reader.gaps(), calls=reader.counts())


def _depth(task: DepthTask, reader: Reader, home_region: str, crew: Crew) -> DepthResult:
    record = read_depth(reader, task.outline)
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
    details = RepositoryReader(reader, record.partition).read(task.names, crew, AT_ONCE)
    return DepthResult(record, details, reader.gaps(), reader.counts())


def merge_depth(outline: RegistryEvidence, result: DepthResult) -> RegistryEvidence:
    """The outline with what the depth added."""
    repositories = {name: list(values) for name, values in outline.repositories.items()}
    rows = {name: row for row, name in enumerate(repositories["repository"])}
    for name, found in result.details.repositories.items():
        row = rows[name]
        repositories["detailed"][row] = True
        for column in DETAIL_COLUMNS:
            repositories[column][row] = getattr(found, column)
    return replace(
        outline,
        registry=result.record,
        repositories=repositories,
        images=result.details.images,
        gaps=outline.gaps + result.gaps,
        calls=outline.calls.plus(result.calls),
    )


def lost(task: Task, code: str, message: str) -> Gap:
    """The gap that stands for a task that could not be finished."""
    tables = {
        OutlineTask: ("registries", "rules", "links", "grants", "repositories", "replicas", "images"),
        DepthTask: ("registries", "templates", "repositories", "replicas", "images", "links"),
        StatusTask: ("images",),
    }[type(task)]
    operation = {
        OutlineTask: "ecr:DescribeRegistry",
        DepthTask: "ecr:DescribeImages",
        StatusTask: "ecr:DescribeImageReplicationStatus",
    }[type(task)]
    return Gap(task.account, task.region, operation, GapKind.UNEXPECTED, code, message, tables)
