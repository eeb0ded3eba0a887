"""A run can be narrowed to some of the checks: by id, catalogue id, group, pattern and severity."""

from __future__ import annotations

import pytest

from checks.catalog import CHECKS
from checks.model import Severity
from checks.selection import Selectable, Selection, SelectionError, selectable, selected, unknown_names

EVERY = tuple(selectable(check, {}) for check in CHECKS)


def chosen(*checks: str, severity: Severity | None = None) -> frozenset[str]:
    return selected(Selection(checks, severity), EVERY)


def test_without_a_selection_every_check_is_evaluated():
    assert chosen() == {check.id for check in CHECKS}
    assert not Selection()


@pytest.mark.parametrize("name", ["grants.unused", "GRANTS.Unused", "grants.unus*"])
def test_a_check_is_named_by_its_id(name: str):
    assert chosen(name) == {"grants.unused"}


def test_a_check_is_named_by_its_catalogue_id_or_its_group():
    group = {check.id for check in CHECKS if check.group == "topology"}
    (named,) = (check.id for check in CHECKS if "GRT-02" in check.aliases)
    assert chosen("topology", "grt-02") == group | {named}


def test_a_severity_leaves_out_checks_that_cannot_fail_with_it():
    left = chosen(severity=Severity.HIGH)
    assert left == {one.id for one in EVERY if one.severity.rank <= Severity.HIGH.rank}
    assert "limits.images-within-limit" in left  # its rows grade up to high, its own severity is medium


def test_the_severity_of_the_baseline_counts():
    (check,) = (check for check in CHECKS if check.id == "grants.unused")
    raised = selectable(check, {"grants.unused": Severity.CRITICAL})
    assert selected(Selection((), Severity.CRITICAL), [raised]) == {"grants.unused"}
    assert "grants.unused" not in chosen(severity=Severity.CRITICAL)


def test_both_narrow_together():
    assert chosen("grants", severity=Severity.CRITICAL) < chosen("grants")


def test_an_unknown_name_is_an_error_with_the_most_similar_one():
    with pytest.raises(SelectionError, match=r"no check or group 'grant'; did you mean grants\?"):
        chosen("grants.unused", "grant")
    assert len(unknown_names(("zzz", "grants", "yyy"), EVERY)) == 2


def test_a_selection_that_leaves_no_check_is_an_error():
    low = Selectable("settings.low", (), Severity.LOW)
    with pytest.raises(SelectionError, match="checks settings of severity high or worse"):
        selected(Selection(("settings",), Severity.HIGH), [low])


def test_equal_selections_have_one_key():
    assert Selection(("B", "a", "A")).key == Selection(("a", "b")).key
    assert Selection(("a",)).key != Selection(("a",), Severity.HIGH).key
    assert Selection().key == ()
