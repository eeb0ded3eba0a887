"""The program's judgement of a world, and where it differs from the restated catalogue."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.inventory import collect
from audit.run import Request, read_inputs
from audit.tables import build_tables
from checks.catalog import EVIDENCE_CHECKS
from checks.engine.assertions import Answer, judge
from checks.engine.evaluation import assertion_of
from checks.engine.great_expectations import ValidationContext
from checks.model import Check
from ecr_audit.simulator import World, serve
from tests.closed_loop.audits import credentials
from tests.oracle.catalogue import judgement
from tests.oracle.links import NOT_APPLICABLE, Rows
from tests.oracle.worlds import random_world

COMPARED = tuple(check for check in EVIDENCE_CHECKS if check.id in judgement(*random_world(0, 1)))
"""The checks that are restated."""
Difference = tuple[str, tuple[Any, ...], str, str]
"""Check, row key, status that the catalogue asks for, status that the program gives; empty: no such row."""


def differences(document: Mapping[str, Any], baseline: Mapping[str, Any]) -> list[Difference]:
    """Rows of which the two judge differently."""
    expected, found = judgement(document, baseline), audited(document, baseline)
    assert set(found) == set(expected), set(found) ^ set(expected)
    listed = []
    for check in COMPARED:
        ours, theirs = expected[check.id], found[check.id]
        if check.table.name == "images":
            theirs = {key: status for key, status in theirs.items() if status != NOT_APPLICABLE}
        keys = sorted(ours.keys() | theirs.keys())
        listed += [
            (check.id, key, ours.get(key, ""), theirs.get(key, "")) for key in keys if ours.get(key) != theirs.get(key)
        ]
    return listed


def audited(document: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, Rows]:
    """The status of every row of every compared check, as an audit of the simulated world gives it."""
    with serve(World.from_document(document)) as simulation, credentials(simulation):
        now = dt.datetime.fromtimestamp(simulation.world.now(), dt.UTC)
        request = Request(AwsSettings(endpoint_url=simulation.endpoint), Scope(), "baseline.yaml", json.dumps(baseline))
        required = read_inputs(request).baseline
        evidence = collect(request.aws, request.scope, required, processes=1, now=now.timestamp())
    tables = build_tables(evidence, required)
    answers = judge([assertion_of(check) for check in COMPARED], tables, ValidationContext()).by_id
    return {check.id: _rows(check, answers[check.id], tables[check.table.name]) for check in COMPARED}


def _rows(check: Check, answer: Answer, table: Any) -> Rows:
    assert not answer.error, (check.id, answer.error)
    assert answer.failed is not None
    columns = [
        [getattr(value, "item", lambda value=value: value)() for value in table[name]] for name in check.table.key
    ]
    keys = list(zip(*columns, strict=True))
    rows = dict.fromkeys(keys, NOT_APPLICABLE)
    for positions, status in ((answer.rows, "pass"), (answer.failed, "fail"), (answer.unknown, "unknown")):
        rows.update({keys[at]: status for at in positions.tolist()})
    return rows
