"""Formats are found by name and loaded only when asked for; what a report imports stays light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reports import formats
from reports.check_texts import check_text, doc_sections, paragraphs
from reports.formats import FORMATS, render
from reports.view import build_view
from tests.reports import runs


def test_names() -> None:
    assert list(FORMATS)[:2] == ["pdf", "csv"]
    modules = (path for path in Path(formats.__file__).parent.glob("*.py") if "\ndef render(run" in path.read_text())
    assert {path.stem for path in modules} == FORMATS.keys(), "a module that is not registered, or the reverse"
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
    text = check_text("rules.required-link-present")
    assert text.aliases == ("RPL-01",)
    assert text.table == "links"
    assert text.why
    assert text.fix
    assert text.limits
    assert text.references


def test_a_check_that_this_program_does_not_have_keeps_its_id() -> None:
    text = check_text("future.check")
    assert (text.title, text.group, text.severity) == ("future.check", "future", None)


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
