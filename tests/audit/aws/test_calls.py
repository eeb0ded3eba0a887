"""Whole calls against a hand-written endpoint: whose keys, how often, and when to stop."""

import datetime as dt
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.aws.calls import Calls
from audit.aws.failures import CallError
from audit.aws.operations import operation
from audit.aws.sessions import CallCounter, ClientSession
from audit.aws.settings import AwsSettings
from audit.evidence import CallCounts
from checks.model import GapKind
from tests.audit.endpoint import Answer, Endpoint, Request, endpoint, error

REGISTRY = operation("ecr:DescribeRegistry")
OWN, OTHER = "111111111111", "222222222222"


class Waits:
    """Counts pauses instead of making them, and moves the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return False


def calls_to(served: Endpoint, waits: Waits, **settings: object) -> Calls:
    session = ClientSession(AwsSettings(endpoint_url=served.url, home_region="eu-west-1", **settings))
    return Calls(session, caller_account=OWN, clock=lambda: waits.now, pause=waits.pause)


def ask(calls: Calls, account: str = OWN, counter: CallCounter | None = None) -> dict:
    return calls.call(REGISTRY, account, "eu-west-1", {}, counter)


def scripted(*answers: Answer) -> Callable[[Request], Answer]:
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def assumed(request: Request, life: float = 3600.0) -> Answer:
    """STS's answer: the role's account is in its access key."""
    account = re.search(r"iam%3A%3A(\d{12})", request.body["raw"])
    assert account is not None
    end = dt.datetime.fromtimestamp(time.time() + life, dt.UTC).isoformat()
    return 200, (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        f"<AccessKeyId>AKID{account[1]}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>t</SessionToken><Expiration>{end}</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ).encode()


def signer(request: Request) -> str:
    found = re.search(r"Credential=(\w+)/", request.headers["Authorization"])
    assert found is not None
    return found[1]


def test_throttling_is_waited_out_and_every_request_counted() -> None:
    waits, counter = Waits(), CallCounter()
    answers = scripted(error("ThrottlingException"), error("ThrottlingException"), (200, {"registryId": OWN}))
    with endpoint(answers) as served:
        assert ask(calls_to(served, waits), counter=counter)["registryId"] == OWN
    assert counter.counts() == CallCounts({"ecr:DescribeRegistry": 3}, {}, {"ecr:DescribeRegistry": 2})
    assert waits.pauses


def test_denials_are_counted_wherever_they_come_from() -> None:
    counter = CallCounter()
    refusal = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    with endpoint(lambda request: (403, refusal)) as served:
        calls = calls_to(served, Waits())
        for account in (OTHER, OWN):
            with pytest.raises(CallError):
                ask(calls, account, counter)
    # Nothing was sent for the other account beyond asking for its role.
    assert counter.counts() == CallCounts({"ecr:DescribeRegistry": 1}, {"ecr:DescribeRegistry": 1}, {})
    assert calls.take_role_counts() == CallCounts({"sts:AssumeRole": 1}, {"sts:AssumeRole": 1}, {})
    assert calls.take_role_counts() == CallCounts({}, {}, {})


def test_requests_for_the_caller_s_own_credentials_have_their_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(f"[profile p]\nrole_arn = arn:aws:iam::{OTHER}:role/x\ncredential_source = Environment\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    counter = CallCounter()
    with endpoint(lambda request: assumed(request) if request.operation == "/" else (200, {})) as served:
        monkeypatch.setenv("AWS_ENDPOINT_URL", served.url)
        calls = calls_to(served, Waits(), profile="p")
        for _ in range(2):
            ask(calls, counter=counter)
        assert served.asked("/") == 1
    assert counter.counts() == CallCounts({"ecr:DescribeRegistry": 2, "sts:AssumeRole": 1}, {}, {})


def test_throttling_without_end_is_given_up() -> None:
    waits = Waits()
    with endpoint(lambda request: error("ThrottlingException", "Rate exceeded")) as served:
        with pytest.raises(CallError) as caught:
            ask(calls_to(served, waits, max_attempts=4))
        assert served.asked("DescribeRegistry") == 4
    assert caught.value.failure.kind is GapKind.THROTTLED


def test_no_retry_begins_after_its_time() -> None:
    waits = Waits()
    with endpoint(lambda request: error("ThrottlingException")) as served:
        with pytest.raises(CallError):
            ask(calls_to(served, waits, max_attempts=1000, retry_seconds=20.0))
        assert 2 < served.asked("DescribeRegistry") < 30
    assert waits.now < 30.0


def test_a_registry_that_throttles_everything_costs_its_time_once() -> None:
    waits = Waits()
    with endpoint(lambda request: (429, b"")) as served:
        calls = calls_to(served, waits, retry_seconds=20.0)
        for _ in range(20):
            with pytest.raises(CallError) as caught:
                ask(calls)
    assert caught.value.failure.kind is GapKind.THROTTLED
    # Twenty operations, each with its last request: two seconds apart at the slowest rate.
    assert waits.now < 20.0 + 20 * 2.5


def test_one_answer_gives_a_registry_its_patience_back() -> None:
    waits, down = Waits(), [True]
    with endpoint(lambda request: (429, b"") if down[0] else (200, {"registryId": OWN})) as served:
        calls = calls_to(served, waits, retry_seconds=10.0)
        for _ in range(5):
            with pytest.raises(CallError):
                ask(calls)
        down[0] = False
        ask(calls)
        down[0] = True
        before = served.asked("DescribeRegistry")
        with pytest.raises(CallError):
            ask(calls)
        assert served.asked("DescribeRegistry") - before > 1


@pytest.mark.parametrize("body", [b"", b'{"message": "slow down"}'])
def test_sts_is_asked_again_whatever_stands_in_front_of_it_says(body: bytes) -> None:
    answers = [(429, body), (503, body)]
    with endpoint(lambda request: answers.pop(0) if answers else assumed(request)) as served:
        calls = calls_to(served, Waits())
        assert calls.role_keys(OTHER) is not None
        assert served.asked("/") == 3


@pytest.mark.parametrize(
    ("code", "status", "requests"), [("ServerException", 500, 3), ("AccessDeniedException", 400, 1)]
)
def test_other_errors_are_asked_again_only_where_that_may_help(code: str, status: int, requests: int) -> None:
    with endpoint(lambda request: error(code, status=status)) as served:
        with pytest.raises(CallError):
            ask(calls_to(served, Waits()))
        assert served.asked("DescribeRegistry") == requests


def test_accounts_share_clients_and_not_credentials() -> None:
    def answer(request: Request) -> Answer:
        return assumed(request) if request.operation == "/" else (200, {})

    with endpoint(answer) as served:
        calls = calls_to(served, Waits())
        for account in (OWN, OTHER, OWN, OTHER, "333333333333"):
            ask(calls, account)
        signers = [signer(request) for request in served.requests if request.operation == "DescribeRegistry"]
    assert signers == ["AKIDCALLER", f"AKID{OTHER}", "AKIDCALLER", f"AKID{OTHER}", "AKID333333333333"]
    assert calls.take_role_counts().sent == {"sts:AssumeRole": 2}


def test_the_role_is_asked_for_by_name_session_and_external_id() -> None:
    with endpoint(lambda request: assumed(request) if request.operation == "/" else (200, {})) as served:
        ask(calls_to(served, Waits(), role_name="team/reader", external_id="x:1", session_name="nightly"), OTHER)
        sent = served.requests[0].body["raw"]
    assert f"RoleArn=arn%3Aaws%3Aiam%3A%3A{OTHER}%3Arole%2Fteam%2Freader" in sent
    assert "ExternalId=x%3A1" in sent
    assert "RoleSessionName=nightly" in sent


def test_credentials_that_end_are_renewed_in_the_middle_of_a_run() -> None:
    lives = [0.5, 3600.0]
    with endpoint(lambda request: assumed(request, lives.pop(0)) if request.operation == "/" else (200, {})) as served:
        calls = calls_to(served, Waits())
        ask(calls, OTHER)
        time.sleep(0.6)
        ask(calls, OTHER)
        ask(calls, OTHER)
    assert calls.take_role_counts().sent == {"sts:AssumeRole": 2}


def test_expired_credentials_are_renewed_once() -> None:
    refusals = scripted(error("ExpiredTokenException"), (200, {"registryId": OTHER}))
    with endpoint(lambda request: assumed(request) if request.operation == "/" else refusals(request)) as served:
        calls = calls_to(served, Waits())
        assert ask(calls, OTHER)["registryId"] == OTHER
    assert calls.take_role_counts().sent == {"sts:AssumeRole": 2}


def test_a_token_that_is_always_expired_ends() -> None:
    def answer(request: Request) -> Answer:
        return assumed(request) if request.operation == "/" else error("ExpiredTokenException")

    with endpoint(answer) as served:
        with pytest.raises(CallError) as caught:
            ask(calls_to(served, Waits()), OTHER)
        assert served.asked("DescribeRegistry") == 2
    assert caught.value.failure.kind is GapKind.CREDENTIALS


def test_a_missing_role_differs_from_a_denied_read() -> None:
    refusal = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    with endpoint(lambda request: (403, refusal)) as served, pytest.raises(CallError) as caught:
        ask(calls_to(served, Waits()), OTHER)
    assert caught.value.failure.kind is GapKind.ROLE_MISSING
    assert caught.value.operation is operation("sts:AssumeRole")


def test_nothing_is_sent_after_a_stop() -> None:
    with endpoint(lambda request: (200, {})) as served:
        calls = calls_to(served, Waits())
        calls.stop()
        with pytest.raises(CallError) as caught:
            ask(calls)
        assert served.requests == []
    assert caught.value.failure.kind is GapKind.LIMITED
