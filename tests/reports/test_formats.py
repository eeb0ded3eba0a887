"""Formats are found by name and loaded only when asked for; what a report imports stays light."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from dataclasses import replace

import pypdf
import pytest
from pyarrow import parquet

from audit.store.codec import decode_run, encode_run
from checks.catalog import find
from checks.texts import doc_sections, text_of
from reports.check_texts import paragraphs
from reports.formats import FORMATS, render
from reports.view import build_view
from tests.reports import mixed, runs
from tests.reports.making import result, run_of


def test_names() -> None:
    assert FORMATS[:2] == ("pdf", "csv")
    assert len(set(FORMATS)) == len(FORMATS) == 12
    run = runs.green_run()
    with pytest.raises(ValueError, match="unknown report format 'docx'; known are pdf, csv, xlsx, "):
        render("docx", run, build_view(run))


def test_csv_and_json_need_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "from tests.reports import runs\n"
        "from reports.view import build_view\n"
        "from reports.formats import render\n"
        "run = runs.green_run()\n"
        "render('csv', run, build_view(run)); render('json', run, build_view(run))\n"
        "heavy = {'pandas', 'great_expectations', 'boto3', 'weasyprint', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_docs_of_a_check_are_its_docstring() -> None:
    (check,) = find("rules.required-link-present")
    text = text_of(check)
    assert text.aliases == ("RPL-01",)
    assert text.table == "links"
    assert text.why
    assert text.fix
    assert text.limits
    assert text.references


def test_a_check_of_which_a_run_kept_no_words_keeps_its_id() -> None:
    (check,) = build_view(run_of([result("future.check", passed=1)])).checks
    assert (check.text.title, check.text.group, check.text.severity) == ("future.check", "future", None)


def words_in(data: bytes) -> str:
    """The text of a report's file."""
    if data.startswith(b"%PDF"):
        return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    if data.startswith(b"PAR1"):
        return str(parquet.read_table(io.BytesIO(data)).to_pylist())
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            return "".join(parts.read(part).decode() for part in parts.namelist() if part.endswith(".xml"))
    return data.decode("utf-8", "replace")


@pytest.mark.parametrize("name", FORMATS)
def test_an_old_run_is_printed_with_the_words_it_was_made_with(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed program has other words for the check by now; no format looks there."""
    run = mixed.mixed_run()
    rows = {key: {"account": key[0], "region": key[1], **row} for key, row in run.documents.items()}
    words = {"title": "Titleofthen", "what": "Whatofthen", "why": "Whyofthen", "fix": "Fixofthen"}
    then = replace(run, documents=rows, checks=tuple(replace(one, **words) for one in run.checks))
    monkeypatch.setattr("checks.texts.text_of", None)
    monkeypatch.setattr("checks.catalog.CHECKS", ())
    kept = decode_run(encode_run(then), "run")
    assert kept.checks == then.checks
    files = render(name, kept, build_view(kept))
    said = "".join(map(words_in, files.values()))
    now = {one.title for one in run.checks} | {one.fix.splitlines()[0] for one in run.checks if one.fix}
    assert ("ofthen" in said) == (name != "markdown"), "markdown prints the ids of checks alone"
    assert [text for text in now if text in said] == []


@pytest.mark.parametrize(
    "page",
    [
        "Title.\n\n## Why it matters\n\nBecause.\n\n## How to fix\n\nSo.\n",
        "Title.\n\nWhy it matters\n--------------\n\nBecause.\n\nHow to fix\n----------\nSo.\n",
        "Title.\n\nWhy it matters:\nBecause.\n\nHow to fix:\nSo.\n",
    ],
)
def test_headings(page: str) -> None:
    assert doc_sections(page) == {"why": "Because.", "fix": "So."}


def test_mark_up_goes_and_words_stay() -> None:
    text = "The `ecr:*` of **every** *unknown* account: 2 * 3 * 4, `repository/*` and prod/*, shared/*."
    assert paragraphs(text) == ("The ecr:* of every unknown account: 2 * 3 * 4, repository/* and prod/*, shared/*.",)


def test_paragraphs_join_lines_and_keep_entries() -> None:
    text = "One `line`\ngoes on.\n\n- first\n  entry\n- second"
    assert paragraphs(text) == ("One line goes on.", "• first entry", "• second")
