"""An audit of a simulated organization as it is just now, with real clients, every check, and nothing kept."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest import mock

import pandas as pd

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.inventory import collect
from audit.model import Run
from audit.progress import no_progress
from audit.run import Request, evaluate_evidence, read_inputs
from checks.catalog import CHECKS
from checks.model import Check, Finding, RemediationContext, Status
from ecr_audit.simulator import Simulation

CHECK_BY_ID: Mapping[str, Check] = {check.id: check for check in CHECKS}


@dataclass(frozen=True)
class Audit:
    """What an audit found, row by row, and what remedies may look at."""

    findings: tuple[Finding, ...]
    context: RemediationContext

    def of(self, *statuses: Status) -> list[Finding]:
        return [finding for finding in self.findings if finding.status in statuses]

    @property
    def failures(self) -> list[Finding]:
        return self.of(Status.FAIL)


def audited(simulation: Simulation, baseline_text: str) -> Audit:
    """Collect and judge as `audit.run` does, at the time of the simulated world."""
    now = dt.datetime.fromtimestamp(simulation.world.now(), dt.UTC)
    request = Request(AwsSettings(endpoint_url=simulation.endpoint), Scope(), "baseline.yaml", baseline_text)
    applied_requirements = read_inputs(request)
    baseline = applied_requirements.baseline
    with credentials(simulation):
        evidence = collect(request.aws, request.scope, baseline, processes=1, now=now.timestamp())
    run, tables = evaluate_evidence(
        evidence, applied_requirements, request, started=now, clock=lambda: now, progress=no_progress
    )
    rows = tables["registries"].astype(object).where(tables["registries"].notna(), None).to_dict("records")
    registries = {(row["account"], row["region"]): row for row in rows}
    context = RemediationContext(baseline, run.organization_id, registries)
    return Audit(tuple(by_row(run, tables["unknown_rows"])), context)


def by_row(run: Run, unknown_rows: pd.DataFrame) -> Iterator[Finding]:
    """The findings of *run*, with every UNKNOWN row as one of its own."""
    groups = {finding.fingerprint: finding for finding in run.findings if finding.group}
    yield from (finding for finding in run.findings if not finding.group)
    for row in unknown_rows.to_dict("records"):
        yield replace(
            groups[row["finding"]],
            group=None,
            key=json.loads(row["row_key"]),
            **{name: row[name] for name in ("account", "region", "resource", "message", "fingerprint")},
        )


@contextmanager
def credentials(simulation: Simulation) -> Iterator[None]:
    """Credentials as a person has them: in the environment."""
    with mock.patch.dict(os.environ, simulation.environment()):
        yield
