"""The request of a run selects checks, the organization's own included."""

from __future__ import annotations

import json

import pytest

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.model import GivenFile
from audit.run import Request, RunInputs, known_checks, read_inputs
from checks.baseline.schema import Baseline
from checks.catalog import CHECKS
from checks.custom.evaluation import evaluate_suites
from checks.model import RemediationContext, Severity
from checks.selection import Selection, SelectionError

SUITE = {
    "name": "ours",
    "expectations": [
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "account"},
            "meta": {"id": "named", "severity": "low"},
        }
    ],
    "meta": {"table": "registries"},
}


def inputs(selection: Selection, baseline: str = "") -> RunInputs:
    own = (GivenFile("ours.json", json.dumps(SUITE)),)
    return read_inputs(
        Request(AwsSettings(), Scope(), "baseline.yaml", baseline, custom_checks=own, selection=selection)
    )


def test_what_is_left_out_is_listed_and_the_rest_is_evaluated():
    found = inputs(Selection(("topology", "user")))
    (own,) = (name for name in _all(found) if name.startswith("user."))
    evaluated = {check.id for check in found.of(CHECKS)}
    assert {name.partition(".")[0] for name in evaluated} == {"topology"}
    assert own not in found.not_selected
    assert evaluated | {own, *found.not_selected} == {*(check.id for check in CHECKS), own}


def _all(found: RunInputs) -> set[str]:
    return set(known_checks(found.custom_check_files))


def test_a_selection_of_everything_narrows_nothing():
    for selection in (Selection(), Selection(("*",)), Selection((), Severity.INFORMATIONAL)):
        found = inputs(selection)
        assert (found.selection, found.not_selected) == (Selection(), ())


def test_severities_of_the_baseline_count():
    found = inputs(Selection((), Severity.CRITICAL), "severity: {topology.no-cycle: critical}")
    assert "topology.no-cycle" not in found.not_selected
    assert "topology.one-source" in found.not_selected


def test_an_unknown_name_ends_the_run_before_it_reads_anything():
    with pytest.raises(SelectionError, match="'topolgy'; did you mean topology"):
        inputs(Selection(("topolgy",)))


def test_custom_checks_that_are_left_out_have_no_result():
    files = inputs(Selection()).custom_check_files
    assert evaluate_suites(files, {}, RemediationContext(Baseline()), only=frozenset()).results == ()
