"""Who may call, and from where."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ecr_audit.simulator import Simulation
from ecr_audit.simulator.identity import Sessions
from ecr_audit.simulator.wire.errors import AwsError
from tests.ecr_audit.simulator.worlds import CLOSED, MANAGEMENT, PLAIN, SOURCE, TARGET, _session, client


def assume(
    simulation: Simulation, account: str = SOURCE, caller: str = MANAGEMENT, role: str = "ecr-audit", **more: Any
) -> Any:
    sts = client(simulation, "sts", caller)
    arn = f"arn:aws:iam::{account}:role/{role}"
    return sts.assume_role(RoleArn=arn, RoleSessionName="audit", **more)


def ecr_with(simulation: Simulation, credentials: Any, token: str | None = None) -> Any:
    return _session().client(
        "ecr",
        region_name="eu-west-1",
        endpoint_url=simulation.endpoint,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=token or credentials["SessionToken"],
    )


def test_an_assumed_role_acts_in_its_account(simulation: Simulation) -> None:
    answer = assume(simulation, ExternalId="secret-7")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{SOURCE}:assumed-role/ecr-audit/audit"
    assert ecr_with(simulation, answer["Credentials"]).describe_registry()["registryId"] == SOURCE


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"ExternalId": "guess"},
        {"role": "absent", "ExternalId": "secret-7"},
        {"account": CLOSED, "ExternalId": "secret-7"},
        {"account": "999999999999", "ExternalId": "secret-7"},
        {"caller": TARGET, "ExternalId": "secret-7"},
    ],
    ids=["no external id", "wrong external id", "no role", "closed account", "no account", "not trusted"],
)
def test_assumption_is_denied(simulation: Simulation, wrong: dict[str, str]) -> None:
    with pytest.raises(
        ClientError, match="not authorized to perform: sts:AssumeRole on resource: arn:aws:iam"
    ) as error:
        assume(simulation, **wrong)
    assert error.value.response["Error"]["Code"] == "AccessDenied"


def test_a_session_needs_its_token(simulation: Simulation) -> None:
    credentials = assume(simulation, ExternalId="secret-7")["Credentials"]
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        ecr_with(simulation, credentials, token="another").describe_registry()


def test_sessions_expire() -> None:
    sessions = Sessions()
    key, session = sessions.issue(SOURCE, "ecr-audit", "audit", "aws", expires_at=1000.0)
    assert sessions.caller(key, session.token, 999.0).account == SOURCE
    with pytest.raises(AwsError) as error:
        sessions.caller(key, session.token, 1000.0)
    assert error.value.code == "ExpiredTokenException"


@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("ecr", "describe_registry", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("ec2", "describe_regions", "AuthFailure"),
    ],
)
def test_a_region_that_is_not_enabled_knows_no_keys(
    simulation: Simulation, service: str, method: str, code: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(client(simulation, service, PLAIN, "af-south-1"), method)()
    assert error.value.response["Error"]["Code"] == code


def test_tokens_are_had_in_regions_that_everybody_has(simulation: Simulation) -> None:
    assert client(simulation, "sts", PLAIN, "us-west-2").get_caller_identity()["Account"] == PLAIN


def test_a_closed_account_has_no_keys(simulation: Simulation) -> None:
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client(simulation, "ecr", CLOSED).describe_registry()


def test_another_registry_is_not_readable(simulation: Simulation) -> None:
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client(simulation, "ecr", SOURCE).describe_repositories(registryId=TARGET)


def test_the_service_linked_role_is_made_once(simulation: Simulation) -> None:
    iam = client(simulation, "iam", PLAIN)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="AWSServiceRoleForECRReplication")
    iam.create_service_linked_role(AWSServiceName="replication.ecr.amazonaws.com")
    assert iam.get_role(RoleName="AWSServiceRoleForECRReplication")["Role"]["Path"].startswith("/aws-service-role/")
    with pytest.raises(iam.exceptions.InvalidInputException):
        iam.create_service_linked_role(AWSServiceName="replication.ecr.amazonaws.com")
