"""Injected faults, and many callers at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from ecr_audit.simulator import World, serve
from tests.ecr_audit.simulator.worlds import SOURCE, TARGET, client, manifest, world_document


def serving(*faults: dict[str, Any]) -> Any:
    return serve(World.from_document(world_document(faults=list(faults))))


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("deny", "AccessDeniedException", "because no identity-based policy allows the ecr:GetRegistryPolicy action"),
        ("deny-scp", "AccessDeniedException", "with an explicit deny in a service control policy"),
        ("throttle", "ThrottlingException", "Rate exceeded"),
        ("unsupported", "UnknownOperationException", "does not know"),
        ("feature-disabled", "ValidationException", "This feature is disabled"),
        ("expired-token", "ExpiredTokenException", "expired"),
        ("server-error", "ServerException", "simulated"),
    ],
)
def test_kinds(kind: str, code: str, words: str) -> None:
    with serving({"operation": "ecr:GetRegistryPolicy", "kind": kind}) as simulation:
        ecr = client(simulation, "ecr", TARGET)
        with pytest.raises(ClientError, match=words) as error:
            ecr.get_registry_policy()
        assert error.value.response["Error"]["Code"] == code
        ecr.describe_registry()  # other operations are well
        assert simulation.calls()[TARGET, "eu-west-1", "ecr:GetRegistryPolicy", code] == 1


@pytest.mark.parametrize(
    ("service", "method", "kind", "code"),
    [
        ("sts", "get_caller_identity", "throttle", "Throttling"),
        ("ec2", "describe_regions", "throttle", "RequestLimitExceeded"),
        ("ec2", "describe_regions", "deny", "UnauthorizedOperation"),
        ("organizations", "list_accounts", "throttle", "TooManyRequestsException"),
        ("account", "list_regions", "throttle", "TooManyRequestsException"),
        ("sts", "get_caller_identity", "expired-token", "ExpiredToken"),
    ],
)
def test_every_protocol_has_its_own_spelling(service: str, method: str, kind: str, code: str) -> None:
    with serving({"operation": "*", "kind": kind}) as simulation, pytest.raises(ClientError) as error:
        getattr(client(simulation, service), method)()
    assert error.value.response["Error"]["Code"] == code


def test_scope_of_a_fault() -> None:
    fault = {"account": [SOURCE], "region": "eu-west-1", "operation": "ecr:Get*", "repository": "app/*", "kind": "deny"}
    with serving(fault) as simulation:
        ecr = client(simulation, "ecr", SOURCE)
        with pytest.raises(ClientError, match="AccessDenied"):
            ecr.get_repository_policy(repositoryName="app/web")
        with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
            ecr.get_repository_policy(repositoryName="other")
        elsewhere = client(simulation, "ecr", SOURCE, "us-east-1")
        with pytest.raises(elsewhere.exceptions.RepositoryNotFoundException):
            elsewhere.get_repository_policy(repositoryName="app/web")


def test_a_rate_is_spread_evenly() -> None:
    with serving({"operation": "ecr:DescribeRegistry", "kind": "throttle", "rate": 0.25}) as simulation:
        ecr = client(simulation, "ecr", SOURCE)
        hits = []
        for number in range(1, 13):
            try:
                ecr.describe_registry()
            except ClientError:
                hits.append(number)
    assert hits == [4, 8, 12]


def test_a_time_out_drops_the_connection() -> None:
    with serving({"operation": "ecr:DescribeRegistry", "kind": "time-out", "seconds": 0}) as simulation:
        ecr = client(simulation, "ecr", SOURCE)
        with pytest.raises(ConnectionClosedError):
            ecr.describe_registry()
        assert simulation.calls()[SOURCE, "eu-west-1", "ecr:DescribeRegistry", "time-out"] == 1


def test_stopping_does_not_wait_for_what_hangs() -> None:
    with ThreadPoolExecutor(1) as pool:
        with serving({"operation": "ecr:DescribeRegistry", "kind": "time-out", "seconds": 3600}) as simulation:
            ecr = client(simulation, "ecr", SOURCE)
            waiting = pool.submit(ecr.describe_registry)
            while not simulation.world.faults[0].seen:
                time.sleep(0.01)
        with pytest.raises(ConnectionClosedError):
            waiting.result(timeout=20)


def test_many_callers_at_once() -> None:
    with serving() as simulation:
        ecr = client(simulation, "ecr", SOURCE, max_pool_connections=16)

        def push(number: int) -> None:
            ecr.put_image(repositoryName="app/web", imageManifest=manifest(str(number)), imageTag=f"v{number}")
            ecr.describe_images(repositoryName="app/web")

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(push, range(64)))
        for account, expected in ((SOURCE, 65), (TARGET, 64)):
            assert len(simulation.world.registry(account, "eu-west-1").repositories["app/web"].images) == expected
        calls = simulation.calls()
        assert calls[SOURCE, "eu-west-1", "ecr:PutImage", "ok"] == 64
        assert {outcome for *_, outcome in calls} == {"ok"}
