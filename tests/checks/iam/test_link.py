from __future__ import annotations

import pytest

from checks.iam import GrantVerdict, LinkRequest, link_verdict
from tests.checks.iam.policies import (
    HEAD,
    ORGANIZATION,
    OWNER,
    PATH,
    REGION,
    SOURCE,
    cases,
    policy,
    policy_of,
    statement,
)

LINK = {"source_account": SOURCE, "destination_account": OWNER, "region": REGION, "organization_id": ORGANIZATION,
        "organization_path": PATH}  # fmt: skip


@pytest.mark.parametrize("case", cases("links"), ids=lambda case: case["name"])
def test_verdict_about_a_link(case):
    if "resources" in case:
        text = policy(statement(Resource=[HEAD + name for name in case["resources"]]))
    else:
        text = policy_of(case)
    link = LinkRequest(**{**LINK, **case.get("link", {})})
    found = link_verdict(text, link, case["prefixes"], case.get("repositories", []), case.get("absent", []))
    for name, value in case["expect"].items():
        wanted = tuple(value) if isinstance(value, list) else value
        assert getattr(found, name) == wanted, (name, found)
    for name, text in case.get("says", {}).items():
        assert text in getattr(found, name)
    for part in case.get("why", ()):
        assert part in found.reason
    for part in case.get("unsaid", ()):
        assert part not in found.reason


def test_existing_names_decide_nothing_where_all_names_fare_alike():
    text = policy(statement())
    alone = link_verdict(text, LinkRequest(**LINK), ["prod/"], [], [])
    many = link_verdict(text, LinkRequest(**LINK), ["prod/"], [f"prod/{n}" for n in range(500)], [])
    assert many == alone


def test_patterns_beyond_the_bound_are_undecided_and_not_guessed():
    # Every subset of these letters that a name holds is a state of its own.
    letters = "abcdefghijklmnop"
    text = policy(*(statement(Resource=f"{HEAD}*{letter}x*") for letter in letters))
    found = link_verdict(text, LinkRequest(**LINK), [""], [], [])
    assert found.covers_rule is not True
    assert "too many" in found.reason


def test_uncovered_existing_repositories_are_counted():
    text = policy(statement(Resource=f"{HEAD}prod/a*"))
    names = [f"prod/{letter}{n}" for letter in "ab" for n in range(30)]
    found = link_verdict(text, LinkRequest(**LINK), ["prod/"], names, names)
    assert found.verdict is GrantVerdict.ALLOWED
    assert "30 existing repositories are not allowed" in found.reason
    assert found.create_covered is False
    assert found.uncreatable == tuple(sorted(name for name in names if "/b" in name))
