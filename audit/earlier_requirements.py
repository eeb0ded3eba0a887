"""The evidence of a run under the requirements of the run before: which of its findings are no longer required.

A failure that disappears because its requirement did is not fixed. Only an evaluation of the new evidence under the old
requirements separates the two, so a run whose requirements differ from those of the run before is evaluated twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import TYPE_CHECKING

from audit.evidence import Evidence
from audit.model import Run
from audit.timeouts import TimeBudget
from checks.baseline.loading import load_baseline
from checks.baseline.schema import Baseline
from checks.catalog import CHECKS, EVIDENCE_CHECKS
from checks.custom.evaluation import evaluate_suites
from checks.custom.files import CustomCheckFile, custom_checks, read_custom_checks
from checks.engine.evaluation import evaluate
from checks.engine.rows import plain_rows
from checks.model import RegistryId, RemediationContext, Status

if TYPE_CHECKING:
    from checks.model import CheckResult


def no_longer_required(evidence: Evidence, before: Run, run: Run, known: Set[str]) -> tuple[str, ...]:
    """Those of *known*, fingerprints of *before*, that fail or are unknown under the requirements of *before*, and
    neither fail nor are unknown in *run*, which was made of *evidence*.

    Raises BaselineError where this version does not accept the requirements of *before*.
    """
    files = read_custom_checks((one.name, one.text) for one in before.given if one.custom_checks)
    ids = {check.id: check.aliases for check in CHECKS} | {one.id: () for one in custom_checks(files)}
    baseline = load_baseline(before.baseline_text, before.baseline_name, known_checks=ids)
    now = _not_passed(run.results)
    return tuple(sorted((known & _not_passed(_evaluated(evidence, baseline, files, run))) - now))


def _not_passed(results: Iterable[CheckResult]) -> set[str]:
    """Fingerprints of the rows that fail or are unknown."""
    return {
        fingerprint
        for result in results
        for finding in result.findings
        if finding.status in (Status.FAIL, Status.UNKNOWN)
        for fingerprint in finding.row_fingerprints
    }


def _evaluated(
    evidence: Evidence, baseline: Baseline, files: tuple[CustomCheckFile, ...], run: Run
) -> tuple[CheckResult, ...]:
    """The results of the checks that *run* selected, under *baseline* and the custom checks of *files*."""
    from audit.tables import build_tables

    tables = build_tables(evidence, baseline)
    registries = {RegistryId(row["account"], row["region"]): row for row in plain_rows(tables["registries"])}
    context = RemediationContext(baseline=baseline, organization=run.organization_id, registries=registries)
    left_out = frozenset(run.not_selected)
    checks = [check for check in EVIDENCE_CHECKS if check.id not in left_out]
    own = frozenset(one.id for one in custom_checks(files)) - left_out
    custom = evaluate_suites(files, tables, context, guard=TimeBudget(), only=own)
    return (*evaluate(checks, tables, context).results, *custom.results)
