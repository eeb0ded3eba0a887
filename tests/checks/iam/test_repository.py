from __future__ import annotations

import json

import pytest

from checks.iam import GrantVerdict, ReplicationRequest, explain
from tests.checks.iam.policies import ORGANIZATION, OWNER, PATH, REGION, SOURCE, cases, policy, policy_of, statement

REQUEST = {
    "source_account": SOURCE, "destination_account": OWNER, "region": REGION, "repository": "prod/api",
    "organization_id": ORGANIZATION, "organization_path": PATH, "time": 1_795_435_200.0,
}  # fmt: skip
TAGS = {"team": "core", "size": "7", "until": "2030-01-01T00:00:00Z", "open": "true", "host": "10.1.2.3",
        "blob": "AAEC"}  # fmt: skip


@pytest.mark.parametrize("case", cases("repository"), ids=lambda case: case["name"])
def test_verdict_about_a_repository(case):
    found = explain(policy_of(case), ReplicationRequest(**{**REQUEST, **case.get("request", {})}))
    assert found.verdict is GrantVerdict(case["verdict"]), found.reason
    told = " ".join([found.reason, *found.problems, *(part["why"] for part in _parts(found))])
    for text in case.get("why", ()):
        assert text in told
    first = found.as_document()["statements"][0] if found.statements else {}
    for part, matched in case.get("parts", {}).items():
        assert first[part]["matched"] == matched, first[part]


def _parts(found):
    for one in found.as_document()["statements"]:
        for part in ("principal", "action", "resource", "condition"):
            yield one[part]


@pytest.mark.parametrize("case", cases("conditions"), ids=lambda case: json.dumps(case["condition"])[:80])
def test_condition(case):
    request = {"repository_exists": True, "resource_tags": TAGS, **case.get("request", {})}
    found = explain(policy(statement(Condition=case["condition"])), ReplicationRequest(**{**REQUEST, **request}))
    expected = {"yes": GrantVerdict.ALLOWED, "no": GrantVerdict.DENIED_IMPLICIT, "unknown": GrantVerdict.INDETERMINATE}
    assert found.verdict is expected[case["holds"]], found.reason
    assert found.as_document()["statements"][0]["condition"]["matched"] == case["holds"]


def test_tags_of_a_repository_do_not_exist_before_it_is_created():
    text = policy(statement(Condition={"StringEquals": {"aws:ResourceTag/team": "core"}}))
    found = explain(text, ReplicationRequest(**REQUEST, resource_tags=TAGS, repository_exists=False))
    assert (found.replicate, found.create) == (GrantVerdict.ALLOWED, GrantVerdict.DENIED_IMPLICIT)
    assert found.verdict is GrantVerdict.ALLOWED_IF_REPOSITORY_EXISTS


def test_document_is_json_with_the_agreed_keys():
    document = json.loads(
        json.dumps(explain(policy(statement(Sid="Hub")), ReplicationRequest(**REQUEST)).as_document())
    )
    assert document["version"] == 1
    assert document["verdict"] == "ALLOWED"
    assert document["problems"] == []
    (one,) = document["statements"]
    assert (one["number"], one["sid"], one["effect"], one["matched"]) == (1, "Hub", "Allow", "yes")
    assert all(set(one[part]) == {"matched", "why"} for part in ("principal", "action", "resource", "condition"))
    assert one["actions"] == {"ecr:ReplicateImage": "yes", "ecr:CreateRepository": "yes"}


def test_problems_name_their_statement():
    text = policy(statement(), statement(Sid="Odd", Resource=["*", "arn:aws:us-east-2:1:repository/*"], Extra=1))
    problems = explain(text, ReplicationRequest(**REQUEST)).problems
    assert len(problems) == 2
    assert all(problem.startswith("statement 2 (Odd): ") for problem in problems)
