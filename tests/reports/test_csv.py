"""CSV files: one width, RFC 4180, harmless in a spreadsheet, and the same bytes for the same run."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.model import Age, Run, RunSummary
from reports.formats import render
from reports.formats.columns import FILES, FINDINGS, Column
from reports.formats.csv import cell, write_rows
from reports.view import build_view
from tests.reports import runs

GOLDEN = Path(__file__).parent / "golden"


def _files(run: Run, *, bom: bool = False) -> dict[str, bytes]:
    return dict(render("csv", run, build_view(run), bom=bom))


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def _dicts(data: bytes) -> list[dict[str, str]]:
    header, *rows = _rows(data)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.parametrize("name", sorted(FILES))
def test_golden(name: str) -> None:
    assert _files(runs.small_run())[name] == (GOLDEN / name).read_bytes()


@pytest.mark.parametrize("make", [runs.mixed_run, runs.hostile_run, runs.green_run, runs.unread_run])
def test_every_row_has_the_width_of_the_documented_header(make: object) -> None:
    run: Run = make()  # type: ignore[operator]  # the parameters are functions
    files = _files(run)
    assert list(files) == list(FILES)
    for name, columns in FILES.items():
        header, *rows = _rows(files[name])
        assert header == [column.name for column in columns]
        assert {len(row) for row in rows} <= {len(header)}
    assert len(_rows(files["findings.csv"])) == 1 + len(run.findings)
    assert len(_rows(files["gaps.csv"])) == 1 + len(run.gaps)
    assert len(_rows(files["checks.csv"])) == 1 + len(run.results)


def test_rows_end_in_crlf_and_lines_inside_cells_in_lf() -> None:
    data = _files(runs.small_run())["findings.csv"]
    assert data.endswith(b"\r\n")
    assert data.count(b"\r\n") == data.count(b"\r") == 1 + len(runs.small_run().findings)
    assert _dicts(data)[1]["STATUS_EXTENDED"] == "Two\nlines"


def test_accounts_stay_text_and_waivers_are_marked() -> None:
    rows = _dicts(_files(runs.mixed_run())["findings.csv"])
    assert all(len(row["ACCOUNT_UID"]) == 12 for row in rows if row["ACCOUNT_UID"])
    assert any("010000000010" in row["KEY"] for row in rows)
    muted = [row for row in rows if row["MUTED"] == "True"]
    assert len(muted) == 3
    assert all(row["WAIVER_OWNER"] and row["WAIVER_REASON"] and row["WAIVER_UNTIL"] for row in muted)


def test_resources_are_arns_and_uids_are_unique() -> None:
    rows = _dicts(_files(runs.mixed_run())["findings.csv"])
    uids = {row["RESOURCE_UID"] for row in rows}
    assert "arn:aws:ecr:eu-west-1:100000000009:registry/100000000009" in uids
    assert "arn:aws:ecr:eu-west-1:100000000009:repository/prod/payments/vault" in uids
    assert len({row["FINDING_UID"] for row in rows}) == len(rows)


def test_bom_only_where_asked_for() -> None:
    assert all(data.startswith(b"\xef\xbb\xbf") for data in _files(runs.small_run(), bom=True).values())
    assert not any(data.startswith(b"\xef\xbb\xbf") for data in _files(runs.small_run()).values())


def test_the_programs_own_texts_need_no_guard() -> None:
    for row in _dicts(_files(runs.mixed_run())["checks.csv"]):
        assert [name for name, text in row.items() if text.startswith("'")] == [], row["CHECK_ID"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "\ufeff=1"])
def test_formulas_are_made_harmless(text: str) -> None:
    assert cell(text)[0] in "'<"


@given(st.lists(st.lists(st.text(alphabet=st.sampled_from('ab",;\r\n\t \x00é'), max_size=6), min_size=2, max_size=2)))
def test_rows_are_written_as_the_csv_module_writes_them(rows: list[list[str]]) -> None:
    ours, theirs = io.StringIO(newline=""), io.StringIO(newline="")
    write_rows(ours, [Column("A", ""), Column("B", "")], rows)
    csv.writer(theirs, lineterminator="\r\n").writerows([["A", "B"], *rows])
    assert ours.getvalue() == theirs.getvalue()


def test_rows_tell_change_and_age() -> None:
    run = runs.mixed_run()
    failing = [one for one in run.findings if one.status == "fail" and one.waiver is None]
    old, new = failing[0], failing[1]
    past = RunSummary("before", run.started_at - dt.timedelta(days=1), evidence_complete=True, open={
        old.fingerprint: old.severity})  # fmt: skip
    ages = {old.fingerprint: Age(run.started_at - dt.timedelta(days=9, hours=5), 7)}
    rows = {
        row["FINDING_UID"]: row for row in _dicts(render("csv", run, build_view(run, (past,), ages))["findings.csv"])
    }
    found = [rows[old.fingerprint][name] for name in ("CHANGE", "FIRST_SEEN", "DAYS", "RUNS")]
    assert found == ["still", "2026-11-13T21:00:00Z", "9", "7"]
    assert rows[new.fingerprint]["CHANGE"] == "new"
    assert rows[new.fingerprint]["RUNS"] == ""


@given(st.text(max_size=50))
def test_any_text_survives_reading_back_and_starts_no_formula(text: str) -> None:
    stream = io.StringIO(newline="")
    write_rows(stream, [Column("A", ""), Column("B", "")], [(cell(text), "x")])
    read = list(csv.reader(io.StringIO(stream.getvalue(), newline=""), strict=True))
    assert read == [["A", "B"], [cell(text), "x"]]
    assert not cell(text).lstrip().startswith(("=", "+", "-", "@"))
    stream.getvalue().encode()


def test_hostile_cells_hold_no_control_characters() -> None:
    text = _files(runs.hostile_run())["findings.csv"].decode()
    assert not set(text) & set("\x00\x07\x1b\u202e\u200b\ufeff")
    assert all(not value.lstrip().startswith(("=", "+", "-", "@")) for row in _rows(text.encode()) for value in row)


def test_long_cells_are_cut_with_a_note_and_commands_are_not() -> None:
    assert cell("x" * 40_000).endswith("… [8,000 more characters are in findings.json]")
    assert cell("x" * 40_000, longest=None) == "x" * 40_000


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match=f"a row of 1 cells under a header of {len(FINDINGS)}"):
        write_rows(io.StringIO(), FINDINGS, [("one",)])


def test_commands_are_complete_or_their_absence_is_told() -> None:
    rows = _dicts(_files(runs.mixed_run())["commands.csv"])
    assert rows
    assert all(row["COMMANDS"].startswith("#!") and "get-caller-identity" in row["COMMANDS"] for row in rows)
    many = _dicts(_files(runs.large_run(5_100, 10))["commands.csv"])
    assert len(many) == 1
    assert "more than 5,000 findings" in many[0]["COMMANDS"]


def test_every_column_is_documented() -> None:
    for columns in FILES.values():
        assert all(column.meaning for column in columns)
        assert len({column.name for column in columns}) == len(columns)
