"""One audit from start to end: collect evidence, build tables, evaluate checks, apply waivers, plan fixes, store the
run."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from audit.aws import AwsSettings
from audit.describe import (
    describe_coverage,
    idle_requirements,
    limits_sources,
    organization_names,
    program_version,
    tool_versions,
)
from audit.earlier_requirements import no_longer_required
from audit.evidence import Evidence, Scope, all_gaps
from audit.inventory import collect
from audit.model import GivenFile, Question, Run
from audit.progress import Phase, Progress, ProgressEvent, Step
from audit.questions import requirements_key
from audit.spans import observed, span
from audit.store import Store, StoreError
from audit.store.checkpoint import open_collection, request_key
from audit.timeouts import TimeBudget
from audit.unknown_rows import folded, row_records, with_causes
from checks.baseline.loading import load_baseline, load_waivers, waiver_lines
from checks.baseline.organization_names import unknown_names
from checks.baseline.schema import Baseline
from checks.baseline.waivers import Exceptions, PlacedWaiver, apply_waivers, place, waiver_rows
from checks.baseline.yaml_reader import BaselineError
from checks.catalog import CHECKS, EVIDENCE_CHECKS, WAIVER_CHECKS
from checks.custom.evaluation import evaluate_suites
from checks.custom.files import CustomCheckFile, custom_checks, read_custom_checks
from checks.engine.evaluation import evaluate
from checks.engine.great_expectations import load_engine
from checks.engine.rows import plain_rows
from checks.model import Check, CheckResult, RegistryId, RemediationContext, Script, utc_text
from checks.remediation import plan
from checks.selection import Selectable, Selection, selectable, selected
from checks.texts import CheckText, text_of, text_of_own

if TYPE_CHECKING:
    import pandas as pd

Clock = Callable[[], dt.datetime]

UNKNOWN_NAMES = 20
"""Notes of a run on names in the baseline that the organization does not have."""


@dataclass(frozen=True, slots=True)
class Request:
    """The request for a run."""

    aws: AwsSettings
    scope: Scope
    baseline_name: str
    """Name of the baseline in reports: a file name, or `defaults`."""
    baseline_text: str
    processes: int = 1
    resume: bool = False
    waivers: GivenFile | None = None
    """A waivers file in addition to the waivers of the baseline."""
    custom_checks: tuple[GivenFile, ...] = ()
    """The organization's custom checks (Great Expectations suites)."""
    selection: Selection = field(default_factory=Selection)
    """The checks to evaluate; the evidence is read whole in any case."""


@dataclass(frozen=True, slots=True)
class RunInputs:
    """Baseline, custom checks and waivers of a request, parsed once."""

    baseline: Baseline
    custom_check_files: tuple[CustomCheckFile, ...]
    """The organization's custom checks."""
    waivers: tuple[PlacedWaiver, ...]
    """Those of the baseline, then those of the waivers file."""
    selection: Selection = field(default_factory=Selection)
    """What narrows the run; false where it leaves nothing out."""
    not_selected: tuple[str, ...] = ()
    """Ids of the checks that it leaves out, in catalogue order."""

    def of(self, checks: Iterable[Check]) -> tuple[Check, ...]:
        """Those of *checks* that are evaluated."""
        return tuple(check for check in checks if check.id not in self.not_selected)


def run_audit(request: Request, store: Store, progress: Progress, clock: Clock, *, job: str = "") -> Run:
    """Run the audit of *request* and store the run in *store*; *job*: the job that requested it, which gets one run
    only.

    Raises BaselineError for an invalid baseline, SelectionError for a selection without checks, AwsSetupError where
    AWS cannot be called at all, and StoreError where the run cannot be stored. Every other failed AWS call becomes an
    evidence gap of the run.
    """
    inputs = read_inputs(request)  # errors in them are reported before the collection starts
    started = clock()
    aws = request.aws
    key = request_key(aws.profile, aws.role_name, aws.endpoint_url, request.scope, request.baseline_text)
    with (
        _background_imports("pandas", "audit.tables"),
        open_collection(store.collections, key, started.timestamp(), resume=request.resume) as collection,
    ):
        if collection.resumed:
            progress(ProgressEvent(Phase.ORGANIZATION, Step.RESUMED, count=collection.resumed))
        with span("collect") as collecting:
            evidence = collect(
                request.aws,
                request.scope,
                inputs.baseline,
                processes=request.processes,
                checkpoint=collection,
                progress=observed(progress, collecting),
                now=collection.started_at,
            )
        run, tables = evaluate_evidence(evidence, inputs, request, started=started, clock=clock, progress=progress)
        run = _compared_with_requirements_before(run, evidence, store)
        if collection.resumed:
            run = replace(run, notes=(_resumed_note(collection.resumed, collection.started_at), *run.notes))
        with span("keep"):
            progress(ProgressEvent(Phase.KEEPING))
            store.save(run, tables, job=job)
    return run


def _compared_with_requirements_before(run: Run, evidence: Evidence, store: Store) -> Run:
    """*run*, evaluated also under the requirements of the run before it, where those differ."""
    before = store.before(run)
    if before is None or before.requirements == run.question.requirements:
        return run
    with span("requirements"):
        try:
            dropped = no_longer_required(evidence, store.load(before.run), run, before.fingerprints)
        except (StoreError, BaselineError) as error:
            note = f"The requirements changed since run {before.run}, and those of that run cannot be applied: {error}"
            return replace(run, notes=(*run.notes, note))
    return replace(run, question=replace(run.question, before=before.requirements, dropped=dropped))


def _resumed_note(reads: int, moment: float) -> str:
    """The note on evidence that is older than its run."""
    began = dt.datetime.fromtimestamp(moment, dt.UTC)
    return f"{reads} registry reads were reused from an interrupted collection that started at {utc_text(began)}."


def evaluate_evidence(
    evidence: Evidence,
    inputs: RunInputs,
    request: Request,
    *,
    started: dt.datetime,
    clock: Clock,
    progress: Progress,
) -> tuple[Run, Mapping[str, pd.DataFrame]]:
    """Evidence → the run and its tables. No AWS call, nothing is stored yet."""
    from audit.tables import build_tables

    with span("tables"):
        progress(ProgressEvent(Phase.TABLES))
        tables = build_tables(evidence, inputs.baseline)
    with span("judge"):
        progress(ProgressEvent(Phase.JUDGING))
        return _evaluated(evidence, inputs, request, tables, started=started, clock=clock), tables


def _evaluated(
    evidence: Evidence,
    inputs: RunInputs,
    request: Request,
    tables: dict[str, pd.DataFrame],
    *,
    started: dt.datetime,
    clock: Clock,
) -> Run:
    """Evaluate the checks on *tables*, of which `waivers` and `unknown_rows` are filled."""
    from audit.tables.organization import repository_tags, unknown_rows_frame, waiver_scope_of, waivers_frame

    baseline = inputs.baseline
    registries = {RegistryId(row["account"], row["region"]): row for row in plain_rows(tables["registries"])}
    organization = evidence.organization.id if evidence.organization else ""
    context = RemediationContext(baseline=baseline, organization=organization, registries=registries)
    evaluation = evaluate(inputs.of(EVIDENCE_CHECKS), tables, context)
    own = frozenset(one.id for one in custom_checks(inputs.custom_check_files)) - {*inputs.not_selected}
    custom = evaluate_suites(inputs.custom_check_files, tables, context, guard=TimeBudget(), only=own)
    units = {one.account: (one.ou_path, one.organization_path) for one in evidence.accounts}
    waivers, texts, gaps = inputs.waivers, check_texts(inputs.custom_check_files), all_gaps(evidence)
    exceptions = Exceptions(
        started.date(),
        baseline.longest_waiver_days,
        units,
        {one.account: one.name for one in evidence.accounts},
        repository_tags(tables["repositories"]) if any(one.waiver.tags for one in waivers) else {},
        known_checks(inputs.custom_check_files),
    )
    results = with_causes((*evaluation.results, *custom.results), gaps, texts, registries.keys())
    results = apply_waivers(results, [one.waiver for one in waivers], exceptions)
    # Waivers are evaluated last, by the findings that they cover; findings about waivers cannot be waived.
    scope_read = waiver_scope_of(evidence, request.scope, inputs.not_selected)
    tables["waivers"] = waivers_frame(waiver_rows(results, waivers, exceptions, scope_read))
    about_waivers = evaluate(inputs.of(WAIVER_CHECKS), tables, context)
    by_row = (*results, *with_causes(about_waivers.results, gaps, texts))
    by_cause = folded(by_row, gaps, texts, registries.keys())
    tables["unknown_rows"] = unknown_rows_frame(row_records(by_row, by_cause))
    run = _assemble(
        evidence,
        request,
        by_cause,
        (*evaluation.validations, *custom.validations, *about_waivers.validations),
        plan([finding for result in results for finding in result.findings], context),
        registries,
        started=started,
        finished=clock(),
    )
    unknown = unknown_names(request.baseline_text, request.baseline_name, organization_names(tables))
    notes = (*idle_requirements(baseline, tables), *map(str, unknown[:UNKNOWN_NAMES]), *custom.notes)
    return replace(
        run,
        notes=notes,
        checks=texts,
        selection=inputs.selection,
        not_selected=inputs.not_selected,
        question=Question(
            accounts=tuple(sorted(one.account for one in evidence.accounts if one.in_scope)),
            requirements=requirements_key(baseline, request.custom_checks),
        ),
    )


def read_inputs(request: Request) -> RunInputs:
    """Parse the files of *request*. Raises BaselineError for an invalid baseline, waivers or custom checks file, and
    SelectionError for a selection that names an unknown check or leaves none."""
    custom_check_files = read_custom_checks((one.name, one.text) for one in request.custom_checks)
    known = known_checks(custom_check_files)
    baseline = load_baseline(request.baseline_text, request.baseline_name, known_checks=known)
    waivers = _placed_waivers(request, baseline, known)
    own = [
        Selectable(one.id, (), baseline.severity.get(one.id, one.severity)) for one in custom_checks(custom_check_files)
    ]
    every = (*(selectable(check, baseline.severity) for check in CHECKS), *own)
    evaluated = selected(request.selection, every)
    not_selected = tuple(one.id for one in every if one.id not in evaluated)
    selection = request.selection if not_selected else Selection()
    return RunInputs(baseline, custom_check_files, waivers, selection, not_selected)


def _placed_waivers(
    request: Request, baseline: Baseline, known: Mapping[str, Sequence[str]]
) -> tuple[PlacedWaiver, ...]:
    """The waivers of the baseline, then those of the waivers file. Raises BaselineError for an invalid waivers file."""
    custom = place(baseline.waivers, waiver_lines(request.baseline_text, request.baseline_name), request.baseline_name)
    if request.waivers is None:
        return custom
    name, text = request.waivers.name, request.waivers.text
    return (*custom, *place(load_waivers(text, name, known_checks=known), waiver_lines(text, name), name))


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
        documents=_remediated_registries(registries, results),
        account_names={one.account: one.name for one in evidence.accounts if one.name},
        given=(
            *((request.waivers,) if request.waivers else ()),
            *(replace(one, custom_checks=True) for one in request.custom_checks),
        ),
    )


def _remediated_registries(
    registries: Mapping[RegistryId, Mapping[str, Any]], results: Iterable[CheckResult]
) -> dict[RegistryId, Mapping[str, Any]]:
    """The registries that a remediation changes: commands are built from their documents."""
    wanted = {
        (change.account, change.region)
        for result in results
        for finding in result.findings
        if finding.remediation is not None
        for change in finding.remediation.changes
    }
    return {key: row for key, row in registries.items() if key in wanted}


def known_checks(custom_check_files: Iterable[CustomCheckFile] = ()) -> dict[str, tuple[str, ...]]:
    """Check id → its aliases: what a baseline may name, the expectations of *custom_check_files* included."""
    return {check.id: check.aliases for check in CHECKS} | {one.id: () for one in custom_checks(custom_check_files)}


def check_texts(custom_check_files: Iterable[CustomCheckFile] = ()) -> tuple[CheckText, ...]:
    """Title and description of every check of a run: built-in checks, then those of *custom_check_files*."""
    return (*(text_of(check) for check in CHECKS), *(text_of_own(one) for one in custom_checks(custom_check_files)))


class _background_imports:  # noqa: N801 a context manager is named like a function
    """Import slow packages in a thread during the collection: Great Expectations alone takes seconds."""

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
        """Does not wait for the thread: code that needs a module waits for its import lock anyway."""
