"""Documents that AWS refuses, by the validator and in a baseline; the simulator runs the same cases."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.baseline.loading import load_baseline
from checks.baseline.yaml_reader import BaselineError, Reading
from checks.policy_documents.validation import DocumentKind, document_problems, refusal, text_problems
from tests.checks.policy_documents.document_cases import DocumentCase, document_cases

REFUSED, ACCEPTED = document_cases("refused"), document_cases("accepted")
FIELDS = {DocumentKind.LIFECYCLE: "lifecycle_policy", DocumentKind.REPOSITORY: "repository_policy"}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused(case: DocumentCase) -> None:
    found = [str(problem) for problem in text_problems(case.kind, case.text)]
    expected = f"{case.at}: " if case.at else ""
    assert [one for one in found if one.startswith(expected) and case.says in one], found
    assert refusal(case.kind, case.text).startswith(f"AWS would reject the {case.kind}: ")


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_accepted(case: DocumentCase) -> None:
    assert text_problems(case.kind, case.text) == ()


@pytest.mark.parametrize("case", [one for one in REFUSED if one.kind in FIELDS], ids=str)
def test_a_baseline_names_line_and_column_of_what_aws_refuses(case: DocumentCase) -> None:
    # One value a line, so that the line tells which value is meant.
    text = json.dumps({"settings": [{FIELDS[case.kind]: case.document}]}, indent=1)
    with pytest.raises(BaselineError) as caught:
        load_baseline(text, "b.yaml")
    if not isinstance(case.document, dict):
        return
    path = ".".join(filter(None, (f"settings[0].{FIELDS[case.kind]}", case.at)))
    said = [one for one in caught.value.problems if one.path == path and case.says in f"{one.message} ({one.hint})"]
    assert said, caught.value.problems
    assert said[0].line == _line(text, path)


def _line(text: str, path: str) -> int:
    """The line of the value at *path*."""
    node = Reading(text, "f").read()
    assert node is not None
    for step in path.replace("[", ".[").split("."):
        key = int(step[1:-1]) if step.startswith("[") else step
        node = node.children[key]
    return node.line


@pytest.mark.parametrize("case", [one for one in ACCEPTED if one.kind in FIELDS], ids=str)
def test_a_baseline_takes_what_aws_accepts(case: DocumentCase) -> None:
    [settings] = load_baseline(json.dumps({"settings": [{FIELDS[case.kind]: case.document}]}), "b.yaml").settings
    assert getattr(settings, FIELDS[case.kind]) == case.document


def test_several_problems_of_one_document_are_reported_together() -> None:
    selection = {"tagStatus": "tagged", "countType": "sinceImagePushed", "countNumber": 0}
    document = {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "delete"}}]}
    with pytest.raises(BaselineError) as caught:
        load_baseline(json.dumps({"settings": [{"lifecycle_policy": document}]}), "b.yaml")
    assert len(caught.value.problems) == 4


def test_twelve_digits_without_quotes_are_a_number_in_a_document_only() -> None:
    text = "settings:\n- repository_policy: {{Statement: {{Effect: Deny, Action: '*', Principal: {{AWS: {}}}}}}}\n"
    with pytest.raises(BaselineError, match="48073078701 is not text"):
        load_baseline(text.format("048073078701"), "b.yaml")
    quoted = load_baseline(text.format("'048073078701'"), "b.yaml")
    assert "048073078701" in str(quoted.settings[0].repository_policy)


@pytest.mark.parametrize("kind", list(DocumentKind))
@pytest.mark.parametrize("text", ["", "{", "[1", "\ud800", "[" * 100_000, "x" * 40_000, "null", "1", '"x"'])
def test_what_is_no_document_is_refused(kind: DocumentKind, text: str) -> None:
    assert text_problems(kind, text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
WORDS = (
    "rules", "selection", "action", "type", "tagStatus", "tagPatternList", "countType", "countNumber", "rulePriority",
    "Statement", "Effect", "Principal", "AWS", "Action", "Resource", "Condition", "StringEquals",
)  # fmt: skip
DOCUMENTS = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=30,
)


@given(st.sampled_from(list(DocumentKind)), DOCUMENTS)
def test_no_document_makes_the_validator_fail(kind: DocumentKind, document: object) -> None:
    for problem in document_problems(kind, document):
        assert str(problem)
