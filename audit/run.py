"""One audit from start to end: collect, build tables, judge, mark waivers, plan fixes, keep."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from audit.aws import AwsSettings
from audit.describe import describe_coverage, idle_requirements, limits_sources, program_version, tool_versions
from audit.evidence import Evidence, Scope, all_gaps
from audit.inventory import Progress, collect
from audit.model import Run
from audit.store import Store
from audit.store.checkpoint import open_collection, request_key
from checks.baseline import Baseline, load_baseline
from checks.catalog import CHECKS
from checks.evaluate import evaluate, load_engine
from checks.model import CheckResult, Evaluation, RemedyContext, Script, utc_text
from checks.remedies import plan
from checks.waivers import apply_waivers, waiver_problems

if TYPE_CHECKING:
    import pandas as pd

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do."""

    aws: AwsSettings
    scope: Scope
    baseline_name: str
    """How reports call the baseline: a file name, or `defaults`."""
    baseline_text: str
    processes: int = 1
    resume: bool = False


def run_audit(request: Request, store: Store, progress: Progress, clock: Clock) -> Run:
    """Audit as *request* says and keep the run in *store*.

    Raises BaselineError for a baseline that cannot be used, AwsSetupError where AWS cannot be asked at all,
    StoreError where nothing can be kept. Everything else that AWS refuses becomes a gap of the run.
    """
    baseline = load_baseline(request.baseline_text, request.baseline_name, known_checks=known_checks())
    started = clock()
    aws = request.aws
    key = request_key(aws.profile, aws.role_name, aws.endpoint_url, request.scope, request.baseline_text)
    with (
        _importing_meanwhile("pandas", "audit.tables"),
        open_collection(store.collections, key, started.timestamp(), resume=request.resume) as kept,
    ):
        if kept.resumed:
            progress.note(f"resuming: {kept.resumed} finished reads are kept from before")
        evidence = collect(
            request.aws,
            request.scope,
            baseline,
            processes=request.processes,
            checkpoint=kept,
            progress=progress,
            now=kept.started_at,
        )
        run, tables = judge(evidence, baseline, request, started=started, clock=clock, progress=progress)
        if kept.resumed:
            run = replace(run, notes=(_of_before(kept.resumed, kept.started_at), *run.notes))
        store.save(run, tables)
    return run


def _of_before(reads: int, moment: float) -> str:
    """What a report must say of evidence that is older than its run."""
    began = dt.datetime.fromtimestamp(moment, dt.UTC)
    return f"{reads} of the reads were kept from an interrupted collection that began at {utc_text(began)}."


def judge(
    evidence: Evidence, baseline: Baseline, request: Request, *, started: dt.datetime, clock: Clock, progress: Progress
) -> tuple[Run, Mapping[str, pd.DataFrame]]:
    """Evidence → the run and its tables. No AWS call, nothing kept yet."""
    from audit.tables import build_tables

    progress.note("building tables")
    tables = build_tables(evidence, baseline)
    registries = {(row["account"], row["region"]): row for row in _rows(tables["registries"])}
    organization = evidence.organization.id if evidence.organization else ""
    context = RemedyContext(baseline=baseline, organization=organization, registries=registries)
    progress.note("judging")
    evaluation = evaluate(CHECKS, tables, context)
    day, units = started.date(), {one.account: (one.ou_path, one.organization_path) for one in evidence.accounts}
    results = apply_waivers(evaluation.results, baseline.waivers, day, account_ous=units, aliases=known_checks())
    notes = (
        *waiver_problems(results, baseline.waivers, day, account_ous=units, aliases=known_checks()),
        *idle_requirements(baseline, tables["links"]["required_by"]),
    )
    scripts = plan([finding for result in results for finding in result.findings], context)
    run = _assemble(evidence, request, evaluation, results, scripts, registries, started=started, finished=clock())
    return replace(run, notes=notes), tables


def _assemble(
    evidence: Evidence,
    request: Request,
    evaluation: Evaluation,
    results: tuple[CheckResult, ...],
    scripts: tuple[Script, ...],
    registries: Mapping[tuple[str, str], Mapping[str, Any]],
    *,
    started: dt.datetime,
    finished: dt.datetime,
) -> Run:
    import hashlib

    organization = evidence.organization
    return Run(
        id=f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started_at=started,
        finished_at=finished,
        program_version=program_version(),
        versions=tool_versions(),
        organization_id=organization.id if organization else "",
        organization_name=organization.name if organization else "",
        caller_account=evidence.caller_account,
        partition=evidence.partition,
        scope=request.scope,
        baseline_name=request.baseline_name,
        baseline_text=request.baseline_text,
        baseline_hash=hashlib.sha256(request.baseline_text.encode()).hexdigest(),
        limits_sources=limits_sources(registries.values()),
        coverage=describe_coverage(evidence),
        results=results,
        gaps=all_gaps(evidence),
        scripts=scripts,
        calls=evidence.calls,
        validations=evaluation.validations,
        documents=_referred_to(registries, results),
        account_names={one.account: one.name for one in evidence.accounts if one.name},
    )


def _referred_to(
    registries: Mapping[tuple[str, str], Mapping[str, Any]], results: Iterable[CheckResult]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The registries whose documents some command is built from."""
    wanted = {
        (edit.account, edit.region)
        for result in results
        for finding in result.findings
        if finding.remedy is not None
        for edit in finding.remedy.edits
    }
    return {key: row for key, row in registries.items() if key in wanted}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values, missing ones as None."""
    plain = frame.astype(object)
    records = plain.where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in records]


def known_checks() -> dict[str, tuple[str, ...]]:
    """Check id → catalogue ids: what a baseline may name."""
    return {check.id: check.aliases for check in CHECKS}


class _importing_meanwhile:  # noqa: N801 reads as the context manager that it is
    """Import slow packages in a thread while AWS answers: Great Expectations alone takes seconds."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._thread = Thread(target=self._import, name="imports", daemon=True)

    def _import(self) -> None:
        for module in self._modules:
            import_module(module)
        load_engine()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        """The thread is not waited for: whoever needs a module waits for its import lock anyway."""
