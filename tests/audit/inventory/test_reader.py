"""Answers, absences and gaps of one registry's questions."""

from collections.abc import Callable

import pytest

from audit.aws.calls import Calls
from audit.aws.sessions import ClientSession
from audit.aws.settings import AwsSettings
from audit.inventory.reader import Reader
from checks.model import GapKind
from tests.audit.endpoint import Answer, Endpoint, Request, endpoint, error

OWN = "111111111111"


def reader_of(served: Endpoint) -> Reader:
    session = ClientSession(AwsSettings(endpoint_url=served.url, max_attempts=1, read_timeout=0.3))
    calls = Calls(session, caller_account=OWN, pause=lambda seconds: False)
    return Reader(calls, OWN, "eu-west-1")


def policy_of(reader: Reader, name: str = "a") -> dict | None:
    return reader.ask("ecr:GetRepositoryPolicy", "policyText", {"repositoryName": name}, resource=name)


def kinds(reader: Reader) -> list[tuple[str, GapKind]]:
    return [(gap.operation, gap.kind) for gap in reader.gaps()]


def test_there_is_none_is_an_answer() -> None:
    with endpoint(lambda request: error("RepositoryPolicyNotFoundException")) as served:
        reader = reader_of(served)
        assert policy_of(reader) == {}
        assert reader.gaps() == ()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, {}), GapKind.UNEXPECTED),
        ((200, b"not json"), GapKind.UNEXPECTED),
        ((200, [1]), GapKind.UNEXPECTED),
        ((500, b"<!doctype html><title>Oops</title>"), GapKind.UNEXPECTED),
        ((400, b"[]"), GapKind.UNEXPECTED),
        ((404, b""), GapKind.UNKNOWN_OPERATION),
        (error("RepositoryNotFoundException"), GapKind.UNEXPECTED),
        (error("AccessDeniedException"), GapKind.DENIED),
    ],
)
def test_everything_else_that_is_no_answer_leaves_a_gap(answer: Answer, kind: GapKind) -> None:
    with endpoint(lambda request: answer) as served:
        reader = reader_of(served)
        assert policy_of(reader) is None
        assert kinds(reader) == [("ecr:GetRepositoryPolicy", kind)]
        assert reader.gaps()[0].resource == "a"
        assert "replicas" in reader.gaps()[0].tables


def test_the_same_refusal_of_many_repositories_is_one_gap_that_counts_them() -> None:
    with endpoint(lambda request: error("AccessDeniedException")) as served:
        reader = reader_of(served)
        for number in range(10):
            policy_of(reader, f"team/{number}")
        (gap,) = reader.gaps()
    assert gap.resource == "team/0, team/1, team/2 and 7 more"
    assert gap.permission == "ecr:GetRepositoryPolicy"


@pytest.mark.parametrize(("code", "requests"), [("UnknownOperationException", 1), ("ThrottlingException", 3)])
def test_what_is_not_answered_is_not_asked_without_end(code: str, requests: int) -> None:
    with endpoint(lambda request: error(code)) as served:
        reader = reader_of(served)
        for number in range(20):
            policy_of(reader, f"team/{number}")
        assert served.asked("GetRepositoryPolicy") == requests
        assert reader.gaps()[0].resource.endswith("and 17 more")


def test_an_answer_in_between_begins_the_count_anew() -> None:
    turns = iter(range(1000))

    def answer(request: Request) -> Answer:
        return (200, {"policyText": "{}"}) if next(turns) % 3 == 2 else error("ThrottlingException")

    with endpoint(answer) as served:
        reader = reader_of(served)
        for number in range(12):
            policy_of(reader, f"team/{number}")
        assert served.asked("GetRepositoryPolicy") == 12


def test_credentials_that_do_not_hold_end_the_registry_and_every_question_has_its_gap() -> None:
    with endpoint(lambda request: error("UnrecognizedClientException")) as served:
        reader = reader_of(served)
        assert reader.ask("ecr:DescribeRegistry", "replicationConfiguration", {}) is None
        assert policy_of(reader) is None
        assert len(served.requests) == 1
    assert kinds(reader) == [
        ("ecr:DescribeRegistry", GapKind.CREDENTIALS),
        ("ecr:GetRepositoryPolicy", GapKind.CREDENTIALS),
    ]


def test_a_disabled_feature_means_none_where_it_cannot_mean_unknown() -> None:
    with endpoint(lambda request: error("ValidationException", "This feature is disabled")) as served:
        reader = reader_of(served)
        assert reader.ask("ecr:GetRegistryScanningConfiguration", "scanningConfiguration", {}) == {}
        assert reader.ask("ecr:GetRegistryPolicy", "policyText", {}) is None
        scanning, policy = reader.gaps()
    assert (scanning.kind, scanning.tables) == (GapKind.FEATURE_DISABLED, ())
    assert (policy.kind, bool(policy.tables)) == (GapKind.FEATURE_DISABLED, True)


def pages(*answers: Answer) -> Callable[[Request], Answer]:
    left = list(answers)
    return lambda request: left.pop(0)


def repositories(reader: Reader) -> list[dict] | None:
    return reader.all_rows("ecr:DescribeRepositories", "repositories", {"maxResults": 2})


def test_pages_are_followed_through_empty_ones() -> None:
    answers = pages(
        (200, {"repositories": [{"repositoryName": "one"}], "nextToken": "a"}),
        (200, {"repositories": [], "nextToken": "b"}),
        (200, {"repositories": [{"repositoryName": "two"}]}),
    )
    with endpoint(answers) as served:
        assert repositories(reader_of(served)) == [{"repositoryName": "one"}, {"repositoryName": "two"}]
        assert [request.body.get("nextToken") for request in served.requests] == [None, "a", "b"]


@pytest.mark.parametrize(
    "second",
    [
        error("AccessDeniedException"),
        (200, {"repositories": [{"repositoryName": "two"}], "nextToken": "a"}),
        (200, {"repositories": {"n": 2}}),
    ],
    ids=["refused", "the same page again", "no list"],
)
def test_a_list_that_cannot_be_read_to_its_end_is_not_taken_for_whole(second: Answer) -> None:
    with endpoint(pages((200, {"repositories": [{"repositoryName": "one"}], "nextToken": "a"}), second)) as served:
        reader = reader_of(served)
        assert repositories(reader) is None
        assert len(reader.gaps()) == 1
