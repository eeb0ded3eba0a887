"""Runs: list, get, checks, gaps, registries, links, evidence, scripts and comparison."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from audit.run_changes import is_open
from checks.tables import REGISTRIES
from ecr_audit.web.api import models
from ecr_audit.web.api.dependencies import (
    MOST,
    RUN_PATTERN,
    Bounds,
    PageOf,
    Reader,
    TheRun,
    TheServices,
    page_of,
    plain,
)
from ecr_audit.web.pages.evidence import frame_of, rows
from reports.comparison import compare
from reports.formats.json import head
from reports.records import check_record, gap_order, gap_record, script_record

router = APIRouter(tags=["runs"])

_ID = "^([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})?$"


class Newest(BaseModel):
    """Page of a list that is sorted newest first."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=MOST, description="Maximum number of entries.")
    cursor: str = Field(default="", pattern=_ID, description="`next` of the previous page.")


@router.get("/runs")
def list_runs(_: Reader, services: TheServices, bounds: Annotated[Newest, Query()]) -> models.Runs:
    """Stored runs, newest first."""
    lines = services.store.list(bounds.limit + 1, bounds.cursor)
    shown = lines[: bounds.limit]
    after = shown[-1].id if len(lines) > bounds.limit else None
    return models.Runs(runs=[models.RunOut.of(plain_line) for plain_line in shown], next=after)


@router.get("/runs/{run}")
def get_run(_: Reader, opened: TheRun) -> models.RunDetail:
    """One run: the head of its findings.json."""
    document = plain(head(opened.run, opened.view))
    return models.RunDetail.model_validate({**document, "evidence_sum": opened.view.evidence_sum})


@router.get("/runs/{run}/checks")
def list_checks(_: Reader, opened: TheRun) -> models.Checks:
    """Every check of a run, in the order of the catalog."""
    checks = [plain(check_record(check)) for check in opened.view.checks]
    return models.Checks.model_validate({"run": opened.run.id, "checks": checks})


@router.get("/runs/{run}/gaps")
def list_gaps(_: Reader, opened: TheRun, bounds: PageOf) -> models.Gaps:
    """Evidence gaps: what could not be read, by account, Region and operation."""
    gaps = sorted(opened.run.gaps, key=gap_order)
    shown, after = page_of(gaps, bounds)
    records = [plain(gap_record(gap)) for gap in shown]
    return models.Gaps.model_validate({"run": opened.run.id, "count": len(gaps), "gaps": records, "next": after})


@router.get("/runs/{run}/registries")
def list_registries(_: Reader, opened: TheRun, services: TheServices, bounds: PageOf) -> models.Registries:
    """Registries in the scope of the run, by account and Region. 404 if the run stored no evidence tables."""
    run = opened.run.id
    if not services.store.has_tables(run, REGISTRIES.name):
        raise HTTPException(404, f"run {run} stored no evidence tables, so its registries are unknown")
    frame = frame_of(services.store, run, REGISTRIES.name)
    columns = [name for name in models.RegistryOut.model_fields if name != "open"]
    found = rows(frame[[name for name in columns if name in frame.columns]].sort_values(["account", "region"]))
    open_ = Counter((one.account, one.region) for one in opened.view.findings if is_open(one))
    shown, after = page_of(found, bounds)
    entries = [plain({**dict.fromkeys(columns), **row, "open": open_[row["account"], row["region"]]}) for row in shown]
    return models.Registries.model_validate({"run": run, "count": len(found), "registries": entries, "next": after})


@router.get("/runs/{run}/links")
def list_links(_: Reader, opened: TheRun, bounds: PageOf) -> models.Links:
    """Replication links between registries and their states. 404 if the run stored no evidence tables."""
    topology = opened.view.topology
    if topology is None:
        raise HTTPException(404, f"run {opened.run.id} stored no evidence tables, so its links are unknown")
    shown, after = page_of(topology.links, bounds)
    links = [
        models.LinkOut(
            source=models.PlaceOut(account=one.source[0], region=one.source[1]),
            destination=models.PlaceOut(account=one.destination[0], region=one.destination[1]),
            state=one.state,
        )
        for one in shown
    ]
    return models.Links(run=opened.run.id, count=len(topology.links), links=links, next=after)


@router.get("/runs/{run}/evidence")
def get_evidence_sums(_: Reader, opened: TheRun, services: TheServices) -> models.EvidenceSums:
    """The SHA-256 of every stored file of a run, recorded when the run was stored."""
    files = [
        models.EvidenceFile(name=name, sha256=digest)
        for name, digest in sorted(services.store.sums(opened.run.id).items())
    ]
    return models.EvidenceSums(run=opened.run.id, sum=opened.view.evidence_sum, files=files)


@router.get("/runs/{run}/scripts")
def list_scripts(_: Reader, opened: TheRun) -> models.Scripts:
    """The remediation scripts of a run, in the order in which to run them."""
    scripts = [plain(script_record(script)) for script in opened.run.scripts]
    return models.Scripts.model_validate({"run": opened.run.id, "scripts": scripts})


class ComparedWith(Bounds):
    """The run to compare with."""

    before: str = Field(
        pattern=f"^previous$|{RUN_PATTERN}",
        description="The earlier run: an id; `previous` (the one before) or `latest` of the same organization, scope "
        "and checks.",
    )


@router.get("/runs/{run}/comparison")
def compare_runs(
    _: Reader, opened: TheRun, services: TheServices, wanted: Annotated[ComparedWith, Query()]
) -> models.ComparisonOut:
    """Findings that are new, worse, fixed … since an earlier run, most important first."""
    before = services.opened(services.store.resolve_pair(wanted.before, opened.run.id)[0]).run
    found = compare(before, opened.run, services.store.dropped(before, opened.run))
    shown, after = page_of(found.entries, wanted)
    entries = [
        plain({
            "state": one.state, "fingerprint": one.finding.fingerprint, "check": one.finding.check,
            "account": one.finding.account, "region": one.finding.region, "resource": one.finding.resource,
            "message": one.finding.message, "reason": one.reason, "before": one.before, "after": one.after,
        })
        for one in shown
    ]  # fmt: skip
    counts = {state.value: count for state, count in found.counts.items()}
    return models.ComparisonOut.model_validate({
        "before": found.before.id, "after": found.after.id, "differences": list(found.differences),
        "remarks": list(found.remarks), "counts": counts,
        "entries": entries, "next": after,
    })  # fmt: skip
