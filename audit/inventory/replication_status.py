"""Reads why an image is not at its destination: one call per image, so only for missing images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.evidence import STATUS_COLUMNS, Columns, empty_columns
from audit.inventory.reader import Reader
from audit.inventory.thread_pool import ThreadPool
from checks.model import RegistryId

NEVER_ATTEMPTED = "NEVER_ATTEMPTED"
"""ECR has no entry for the destination: the image was pushed before the rule existed, or no rule matched it then."""


@dataclass(frozen=True, slots=True)
class Question:
    """One image that is missing at some destinations."""

    repository: str
    digest: str
    destinations: tuple[RegistryId, ...]
    """(account, Region) of each destination where it is missing."""


def read_statuses(reader: Reader, questions: Sequence[Question], pool: ThreadPool, at_once: int) -> Columns:
    """One row for each (image, destination) that was asked about; its status is None where the call failed."""
    answers: dict[int, list[_Row]] = {}

    def ask(numbered: tuple[int, Question]) -> None:
        number, question = numbered
        answers[number] = _ask(reader, question)

    pool.each(ask, list(enumerate(questions)), at_once)
    columns = empty_columns(STATUS_COLUMNS)
    for number, question in enumerate(questions):
        for account, region, status, code in answers.get(number, ()):
            values = (
                reader.account,
                reader.region,
                question.repository,
                question.digest,
                account,
                region,
                status,
                code,
            )
            for name, value in zip(STATUS_COLUMNS, values, strict=True):
                columns[name].append(value)
    return columns


_Row = tuple[str, str, str | None, str]
"""Account and Region of a destination, status, failure code."""


def _ask(reader: Reader, question: Question) -> list[_Row]:
    answer = reader.ask(
        "ecr:DescribeImageReplicationStatus",
        "replicationStatuses",
        {"repositoryName": question.repository, "imageId": {"imageDigest": question.digest}},
        resource=f"{question.repository}@{question.digest}",
    )
    if answer is None:
        return [(account, region, None, "") for account, region in question.destinations]
    known = {
        (str(row.get("registryId")), str(row.get("region"))): (
            str(row.get("status") or ""),
            str(row.get("failureCode") or ""),
        )
        for row in answer["replicationStatuses"] or []
    }
    return [
        (account, region, *known.get((account, region), (NEVER_ATTEMPTED, "")))
        for account, region in question.destinations
    ]
