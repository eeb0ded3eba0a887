"""The questions that scripts put to the AWS CLI, answered here by the same JMESPath library."""

from __future__ import annotations

import copy
import random
from typing import Any

import jmespath
from hypothesis import given
from hypothesis import strategies as st

from checks.remediation import queries
from tests.checks.remediation.words import rule

PLACES = ("111111111111/eu-central-1", "222222222222/eu-west-1", "333333333333/us-east-1")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
RULES = st.lists(
    st.builds(
        lambda places, prefixes, delete: rule(*places, prefixes=prefixes, delete=delete),
        st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from(["prod/", "base/", "a" * 200]), max_size=3, unique=True),
        st.sampled_from([None, True, False]),
    ),
    max_size=4,
    unique_by=str,
)


def answers(expressions: tuple[str, ...], answer: Any) -> bool:
    results = [jmespath.search(expression, answer) for expression in expressions]
    assert all(result in (True, False) for result in results)
    return all(results)


def described(rules: Any) -> Any:
    return {"registryId": "111111111111", "replicationConfiguration": {"rules": rules}}


@given(RULES)
def test_exactly_is_true_of_the_same_and_false_of_any_other(rules: Any) -> None:
    expressions = queries.replication_exactly(rules)
    assert answers(expressions, described(copy.deepcopy(rules)))
    assert not answers(expressions, described([*rules, rule(PLACES[0], prefixes=["zz"])]))
    for position in range(len(rules)):
        assert not answers(expressions, described(rules[:position] + rules[position + 1 :]))
        for changed in ({"deleteReplication": {"enabled": 1}}, {"futureElement": 1}):
            other = copy.deepcopy(rules)
            other[position] |= changed
            assert not answers(expressions, described(other)) or other == rules


@given(RULES, st.randoms(use_true_random=False))
def test_alike_ignores_order_and_an_unsaid_no(rules: Any, chance: random.Random) -> None:
    distinct = list({str(queries.replication_alike([one])): one for one in rules}.values())
    other = copy.deepcopy(distinct)
    chance.shuffle(other)
    for one in other:
        chance.shuffle(one["destinations"])
        chance.shuffle(one.get("repositoryFilters", []))
        if one.get("deleteReplication") == {"enabled": False}:
            del one["deleteReplication"]
    assert answers(queries.replication_alike(distinct), described(other))
    if other:
        flipped = {**other[0], "deleteReplication": {"enabled": not bool(other[0].get("deleteReplication"))}}
        assert not answers(queries.replication_alike(distinct), described([flipped, *other[1:]]))


@given(TEXT, TEXT)
def test_a_literal_equals_its_value_and_is_plain_ascii(text: str, other: str) -> None:
    expression = f"a == {queries.literal(text)}"
    assert expression.isascii()
    assert "`" not in queries.literal(text)[1:-1]
    assert jmespath.search(expression, {"a": text}) is True
    assert jmespath.search(expression, {"a": other}) is (text == other)


def test_long_documents_become_several_short_questions() -> None:
    rules = [
        rule(PLACES[0], prefixes=[f"{'x' * 240}{number:03}{mark:02}" for number in range(100)]) for mark in range(25)
    ]
    for expressions in (queries.replication_exactly(rules), queries.replication_alike(rules)):
        assert len(expressions) > 5
        assert max(map(len, expressions)) < 100_000
        assert answers(expressions, described(rules))
        rules[-1]["deleteReplication"] = {"enabled": True}
        assert not answers(expressions, described(rules))
        del rules[-1]["deleteReplication"]


def test_templates_are_compared_field_by_field() -> None:
    template: dict[str, Any] = {
        "prefix": "it's/`x`",
        "appliedFor": ["REPLICATION", "CREATE_ON_PUSH"],
        "imageTagMutability": "IMMUTABLE",
        "resourceTags": [{"Key": "b", "Value": '"'}, {"Key": "a", "Value": "$x"}],
        "repositoryPolicy": "{}",
    }
    answer = {"repositoryCreationTemplates": [{"prefix": "other"}, {**template, "createdAt": 1}]}
    assert answers(queries.template_is(template), answer)
    assert answers(queries.template_is({**template, "repositoryPolicy": "{ }"}), answer)
    for name, value in {
        "appliedFor": ["REPLICATION"],
        "imageTagMutability": "MUTABLE",
        "customRoleArn": "arn:aws:iam::111111111111:role/x",
        "description": "d",
        "encryptionConfiguration": {"encryptionType": "KMS"},
    }.items():
        assert not answers(queries.template_is({**template, name: value}), answer)
    assert not answers(queries.template_absent("it's/`x`"), answer)
    assert answers(queries.template_absent("it"), answer)
    slashed = {"repositoryCreationTemplates": [{**template, "prefix": "it's/`x`/"}]}
    assert answers(queries.template_is(template), slashed)


def test_scanning_and_mutability() -> None:
    scanned = {
        "scanType": "BASIC",
        "rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}],
    }
    answer = {"scanningConfiguration": scanned}
    for ask in (queries.scanning_exactly, queries.scanning_alike):
        assert answers(ask(scanned), answer)
        assert not answers(ask({**scanned, "scanType": "ENHANCED"}), answer)
        assert not answers(ask({**scanned, "rules": []}), answer)
    one = {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filter": "latest"}],
    }
    repository = {"repositories": [one]}
    mode = "IMMUTABLE_WITH_EXCLUSION"
    assert answers(queries.mutability_is(mode, ["latest"]), repository)
    assert not answers(queries.mutability_is(mode, []), repository)
    assert answers(queries.mutability_was(mode, mode, ["dev-*"]), repository)
    assert not answers(queries.mutability_was(mode, mode, ["latest"]), repository)
