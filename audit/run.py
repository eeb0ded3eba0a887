"""One audit from start to end: collect, build tables, judge, mark waivers, plan fixes, keep."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from audit.aws import AwsSettings
from audit.describe import describe_coverage, idle_requirements, limits_sources, program_version, tool_versions
from audit.evidence import Evidence, Scope, all_gaps
from audit.inventory import collect
from audit.model import GivenFile, Run
from audit.progress import Phase, Progress, ProgressEvent, Step
from audit.spans import observed, span
from audit.store import Store
from audit.store.checkpoint import open_collection, request_key
from audit.timeouts import TimeBudget
from checks.baseline.loading import load_baseline, load_waivers, waiver_lines
from checks.baseline.schema import Baseline
from checks.baseline.waivers import Exceptions, PlacedWaiver, apply_waivers, place, waiver_rows
from checks.catalog import CHECKS, EVIDENCE_CHECKS, WAIVER_CHECKS
from checks.custom.evaluation import evaluate_suites
from checks.custom.files import CustomCheckFile, custom_checks, read_custom_checks
from checks.engine.evaluation import evaluate
from checks.engine.great_expectations import load_engine
from checks.engine.rows import plain_rows
from checks.model import CheckResult, RegistryId, RemediationContext, Script, utc_text
from checks.remediation import plan
from checks.texts import CheckText, text_of, text_of_own

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
    waivers: GivenFile | None = None
    """A file of waivers besides the baseline's own."""
    custom_checks: tuple[GivenFile, ...] = ()
    """The organization's own Great Expectations suites."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What a request demands of the organization: its files, read once."""

    baseline: Baseline
    custom_checks_files: tuple[CustomCheckFile, ...]
    """The organization's own."""
    waivers: tuple[PlacedWaiver, ...]
    """Those of the baseline, then those of a file of their own."""


def run_audit(request: Request, store: Store, progress: Progress, clock: Clock, *, job: str = "") -> Run:
    """Audit as *request* says and keep the run in *store*, as the one run of *job* where one asked for it.

    Raises BaselineError for a baseline that cannot be used, AwsSetupError where AWS cannot be asked at all,
    StoreError where nothing can be kept. Everything else that AWS refuses becomes a gap of the run.
    """
    applied_requirements = read_demands(request)  # what is wrong with them is said before anything long begins
    started = clock()
    aws = request.aws
    key = request_key(aws.profile, aws.role_name, aws.endpoint_url, request.scope, request.baseline_text)
    with (
        _importing_meanwhile("pandas", "audit.tables"),
        open_collection(store.collections, key, started.timestamp(), resume=request.resume) as kept,
    ):
        if kept.resumed:
            progress(ProgressEvent(Phase.ORGANIZATION, Step.RESUMED, count=kept.resumed))
        with span("collect") as collecting:
            evidence = collect(
                request.aws,
                request.scope,
                applied_requirements.baseline,
                processes=request.processes,
                checkpoint=kept,
                progress=observed(progress, collecting),
                now=kept.started_at,
            )
        run, tables = evaluate_evidence(
            evidence, applied_requirements, request, started=started, clock=clock, progress=progress
        )
        if kept.resumed:
            run = replace(run, notes=(_of_before(kept.resumed, kept.started_at), *run.notes))
        with span("keep"):
            progress(ProgressEvent(Phase.KEEPING))
            store.save(run, tables, job=job)
    return run


def _of_before(reads: int, moment: float) -> str:
    """What a report must say of evidence that is older than its run."""
    began = dt.datetime.fromtimestamp(moment, dt.UTC)
    return f"{reads} of the reads were kept from an interrupted collection that began at {utc_text(began)}."


def evaluate_evidence(
    evidence: Evidence,
    applied_requirements: Demands,
    request: Request,
    *,
    started: dt.datetime,
    clock: Clock,
    progress: Progress,
) -> tuple[Run, Mapping[str, pd.DataFrame]]:
    """Evidence → the run and its tables. No AWS call, nothing kept yet."""
    from audit.tables import build_tables

    with span("tables"):
        progress(ProgressEvent(Phase.TABLES))
        tables = build_tables(evidence, applied_requirements.baseline)
    with span("judge"):
        progress(ProgressEvent(Phase.JUDGING))
        return _judged(evidence, applied_requirements, request, tables, started=started, clock=clock), tables


def _judged(
    evidence: Evidence,
    applied_requirements: Demands,
    request: Request,
    tables: dict[str, pd.DataFrame],
    *,
    started: dt.datetime,
    clock: Clock,
) -> Run:
    """What the checks say of *tables*, to which the table of waivers is added."""
    from audit.tables.organization import waiver_scope_of, waivers_frame

    baseline = applied_requirements.baseline
    registries = {RegistryId(row["account"], row["region"]): row for row in plain_rows(tables["registries"])}
    organization = evidence.organization.id if evidence.organization else ""
    context = RemediationContext(baseline=baseline, organization=organization, registries=registries)
    evaluation = evaluate(EVIDENCE_CHECKS, tables, context)
    own = evaluate_suites(applied_requirements.custom_checks_files, tables, context, guard=TimeBudget())
    units = {one.account: (one.ou_path, one.organization_path) for one in evidence.accounts}
    setting = Exceptions(
        started.date(), baseline.longest_waiver_days, units, known_checks(applied_requirements.custom_checks_files)
    )
    waivers = applied_requirements.waivers
    results = apply_waivers((*evaluation.results, *own.results), [one.waiver for one in waivers], setting)
    # Waivers are judged by what they cover, hence last; nothing excuses an exception from the rules of exceptions.
    tables["waivers"] = waivers_frame(waiver_rows(results, waivers, setting, waiver_scope_of(evidence, request.scope)))
    about_waivers = evaluate(WAIVER_CHECKS, tables, context)
    run = _assemble(
        evidence,
        request,
        (*results, *about_waivers.results),
        (*evaluation.validations, *own.validations, *about_waivers.validations),
        plan([finding for result in results for finding in result.findings], context),
        registries,
        started=started,
        finished=clock(),
    )
    notes = (*idle_requirements(baseline, tables["links"]["required_by"]), *own.notes)
    return replace(run, notes=notes, checks=check_texts(applied_requirements.custom_checks_files))


def read_demands(request: Request) -> Demands:
    """What *request* demands. Raises BaselineError for a baseline or a file of waivers that cannot be used."""
    custom_checks_files = read_custom_checks((one.name, one.text) for one in request.custom_checks)
    known = known_checks(custom_checks_files)
    baseline = load_baseline(request.baseline_text, request.baseline_name, known_checks=known)
    return Demands(baseline, custom_checks_files, _placed_waivers(request, baseline, known))


def _placed_waivers(
    request: Request, baseline: Baseline, known: Mapping[str, Sequence[str]]
) -> tuple[PlacedWaiver, ...]:
    """The waivers of the baseline, then those of the file that came with it. Raises BaselineError for the latter."""
    own = place(baseline.waivers, waiver_lines(request.baseline_text, request.baseline_name), request.baseline_name)
    if request.waivers is None:
        return own
    name, text = request.waivers.name, request.waivers.text
    return (*own, *place(load_waivers(text, name, known_checks=known), waiver_lines(text, name), name))


def _assemble(
    evidence: Evidence,
    request: Request,
    results: tuple[CheckResult, ...],
    validations: tuple[Mapping[str, Any], ...],
    scripts: tuple[Script, ...],
    registries: Mapping[RegistryId, Mapping[str, Any]],
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
        validations=validations,
        documents=_referred_to(registries, results),
        account_names={one.account: one.name for one in evidence.accounts if one.name},
        given=(*((request.waivers,) if request.waivers else ()), *request.custom_checks),
    )


def _referred_to(
    registries: Mapping[RegistryId, Mapping[str, Any]], results: Iterable[CheckResult]
) -> dict[RegistryId, Mapping[str, Any]]:
    """The registries whose documents some command is built from."""
    wanted = {
        (change.account, change.region)
        for result in results
        for finding in result.findings
        if finding.remediation is not None
        for change in finding.remediation.changes
    }
    return {key: row for key, row in registries.items() if key in wanted}


def known_checks(custom_checks_files: Iterable[CustomCheckFile] = ()) -> dict[str, tuple[str, ...]]:
    """Check id → catalogue ids: what a baseline may name, the expectations of *suites* included."""
    return {check.id: check.aliases for check in CHECKS} | {one.id: () for one in custom_checks(custom_checks_files)}


def check_texts(custom_checks_files: Iterable[CustomCheckFile] = ()) -> tuple[CheckText, ...]:
    """The words about every check of a run: ours, then the expectations of *suites*."""
    return (*(text_of(check) for check in CHECKS), *(text_of_own(one) for one in custom_checks(custom_checks_files)))


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
