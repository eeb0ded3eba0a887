"""Filters as an algebra: an address means a filter and back, and the pages of a filter are its findings, each once."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from checks.model import Severity, Status
from ecr_audit.web.pages import evidence, markup
from ecr_audit.web.pages.filters import LONGEST, PAGE, SORTS, STATES, STATUSES, Filter, read
from ecr_audit.web.pages.findings_index import FindingsIndex
from reports.view import build_view
from tests.reports.runs import large_run

RUN = large_run(600, 6)
VIEW = build_view(RUN)
INDEX = FindingsIndex(RUN, VIEW)

words = st.text(min_size=0, max_size=20).map(str.strip)
some = st.sampled_from


def subsets(values: tuple[object, ...]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.sets(some(values)).map(lambda chosen: tuple(one for one in values if one in chosen))


filters = st.builds(
    Filter,
    severities=subsets(tuple(Severity)),
    statuses=subsets(STATUSES),
    states=subsets(tuple(STATES)),
    check=some(["", "settings.made-up-03", "no.such"]),
    account=some(["", "200000000007"]),
    region=some(["", "eu-west-1"]),
    text=words | some(["service-7", "SERVICE-1 differs", "made-up-00"]),
    sort=some(["", *SORTS, *(f"-{one}" for one in SORTS)]),
    page=st.integers(1, 9),
)


@given(filters)
def test_an_address_means_its_filter(wanted: Filter):
    assert read(wanted.query) == wanted


@given(st.lists(st.tuples(some(["severity", "status", "page", "text", "x"]), st.text(max_size=400)), max_size=8))
def test_any_address_is_read_and_what_it_means_is_stable(pairs: list[tuple[str, str]]):
    found = read(pairs)
    assert read(found.query) == Filter(
        **{name: getattr(found, name) for name in Filter.__slots__} | {"not_understood": ()}
    )
    assert len(found.text) <= LONGEST


@given(filters)
def test_pages_are_the_findings_each_once_in_order(wanted: Filter):
    first = INDEX.chosen(wanted.at(1))
    rows = [one for page in range(1, first.pages + 1) for one in INDEX.chosen(wanted.at(page)).rows]
    expected = {
        one.fingerprint
        for one in VIEW.findings
        if (not wanted.severities or one.severity in wanted.severities)
        and (not wanted.statuses or ("waived" if one.waiver else one.status.value) in wanted.statuses)
        and (not wanted.states)  # a run without one before it has no such findings
        and wanted.check in ("", one.check)
        and wanted.account in ("", one.account)
        and wanted.region in ("", one.region)
        and all(
            word
            in f"{one.resource}\n{one.message}\n{one.check}\n{one.account}\n{one.region}\n{one.fingerprint}\n"
            f"{RUN.account_names.get(one.account, '')}\n{one.remediation.summary if one.remediation else ''}".lower()
            for word in wanted.text.lower().split()
        )
    }
    assert {one.fingerprint for one in rows} == expected
    assert len(rows) == len(expected) == first.count
    assert first.pages == max(1, -(-first.count // PAGE))
    beyond = INDEX.chosen(wanted.at(10_000))
    assert (beyond.page, beyond.rows) == (first.pages, INDEX.chosen(wanted.at(first.pages)).rows)
    if not wanted.sort:
        order = {one.fingerprint: at for at, one in enumerate(VIEW.findings)}
        assert [order[one.fingerprint] for one in rows] == sorted(order[one.fingerprint] for one in rows)


def test_values_are_reported_as_people_read_them():
    for value, text, document in (
        (None, "unknown", False), (True, "yes", False), ("", "none", False), ("[]", "none", False), (7, "7", False),
        ('["prod/", ""]', 'prod/, ""', False), ("[not json", "[not json", False), ("two\nlines", "two\nlines", True),
        ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}', False), ("[" * 100_000, "[" * 40_000, False),
    ):  # fmt: skip
        shown = evidence.display_value("x", value)
        assert shown.text.startswith(text)
        assert shown.document is document
    assert evidence.display_value("x", "[" * 100_000).text.endswith("60,000 more characters in findings.json]")
    policy = evidence.display_value("x", json.dumps({"Statement": [{"Effect": "Allow", "Action": ["ecr:*"] * 30}]}))
    assert policy.document
    assert policy.text.startswith('{\n  "Statement": [\n')


def test_prose_keeps_its_words_and_marks_code_and_links():
    text = "One `code` and **stress**.\n\nBefore:\n- first\n  goes on\n- see https://docs.aws.amazon.com/a_b.html.\n"
    first, before, entries = markup.blocks(text)
    assert [span.kind for span in first.lines[0]] == ["text", "code", "text"]
    assert "".join(span.text for span in first.lines[0]) == "One code and stress."
    assert before.lines[0][0].text == "Before:"
    assert entries.listed
    assert entries.lines[0][0].text == "first goes on"
    assert entries.lines[1][1] == markup.Span("link", "https://docs.aws.amazon.com/a_b.html")
    assert markup.spans("javascript:alert(1) http://x") == (markup.Span("text", "javascript:alert(1) http://x"),)


@given(st.text(max_size=200))
def test_prose_of_anything_ends_and_loses_no_word(text: str):
    shown = "".join(span.text for block in markup.blocks(text) for line in block.lines for span in line)
    assert {one for one in shown if one.isalpha()} <= {one for one in text if one.isalpha()}


def test_statuses_are_those_of_the_report():
    assert set(STATUSES) == {Status.FAIL.value, Status.UNKNOWN.value, Status.ERROR.value, "waived"}
