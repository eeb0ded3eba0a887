"""Findings of a run into AWS Security Hub, in batches, told apart by what Security Hub took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audit.model import Run
from reports.formats.asff import batches, findings
from reports.view import ReportView

TOLD_FAILURES = 20
"""Refusals that are told one by one."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What Security Hub said."""

    account: str
    region: str
    taken: int
    refused: int
    refusals: tuple[str, ...]
    """The first refusals: id, code and message."""


def send(run: Run, view: ReportView, client: Any, *, account: str, region: str) -> Receipt:
    """Import every finding of *run* into the Security Hub of *account* in *region*; *client* is boto3's.

    Sending twice is harmless: a finding keeps its id over runs and is updated (Security Hub API reference,
    BatchImportFindings). Raises botocore's ClientError where the call itself is refused; batches sent before stay.
    """
    taken, refused = 0, 0
    refusals: list[str] = []
    for batch in _batches(run, view, account, region):
        answer = client.batch_import_findings(Findings=batch)
        taken += answer["SuccessCount"]
        refused += answer["FailedCount"]
        refusals += [
            f"{one['Id']}: {one['ErrorCode']} {one['ErrorMessage']}" for one in answer.get("FailedFindings", ())
        ]
    return Receipt(account, region, taken, refused, tuple(refusals[:TOLD_FAILURES]))


def _batches(run: Run, view: ReportView, account: str, region: str) -> Iterator[list[dict[str, Any]]]:
    return batches(findings(run, view, account=account, region=region))
