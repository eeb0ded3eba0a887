"""An audit of a simulated organization as it is just now, with real clients, every check, and nothing kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.inventory import collect
from audit.simulator import Simulation
from audit.tables import build_tables
from checks.baseline import load_baseline
from checks.catalog import CHECKS
from checks.evaluate import evaluate
from checks.model import Check, Finding, RemedyContext, Status

CHECK_BY_ID: Mapping[str, Check] = {check.id: check for check in CHECKS}


class Silence:
    """Progress that nobody looks at."""

    def started(self, total_registries: int) -> None: ...

    def finished(self, account: str, region: str) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Audit:
    """What an audit found, and what remedies may look at."""

    findings: tuple[Finding, ...]
    context: RemedyContext

    def of(self, *statuses: Status) -> list[Finding]:
        return [finding for finding in self.findings if finding.status in statuses]

    @property
    def failures(self) -> list[Finding]:
        return self.of(Status.FAIL)


def audited(simulation: Simulation, baseline_text: str) -> Audit:
    """Collect, build tables, and judge with every check, as `audit.run` does."""
    baseline = load_baseline(baseline_text, "baseline.yaml", known_checks={one.id: one.aliases for one in CHECKS})
    settings = AwsSettings(endpoint_url=simulation.endpoint)
    with _keys_of(simulation):
        evidence = collect(settings, Scope(), baseline, processes=1, progress=Silence(), now=simulation.world.now())
    tables = build_tables(evidence, baseline)
    rows = tables["registries"].astype(object).where(tables["registries"].notna(), None).to_dict("records")
    organization = evidence.organization.id if evidence.organization else ""
    context = RemedyContext(baseline, organization, {(row["account"], row["region"]): row for row in rows})
    results = evaluate(CHECKS, tables, context).results
    return Audit(tuple(finding for result in results for finding in result.findings), context)


@contextmanager
def _keys_of(simulation: Simulation) -> Iterator[None]:
    """Credentials as a person has them: in the environment."""
    with mock.patch.dict(os.environ, simulation.environment()):
        yield
