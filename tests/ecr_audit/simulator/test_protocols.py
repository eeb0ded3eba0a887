"""Each wire protocol, through the clients that speak it."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from botocore.model import ListShape, Shape, StructureShape

from ecr_audit.simulator import Simulation, World, serve
from ecr_audit.simulator.services import OPERATIONS
from tests.ecr_audit.simulator.worlds import MANAGEMENT, PLAIN, SOURCE, TARGET, client, world_document


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_json_reply_and_error(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE)
    assert ecr.describe_registry()["replicationConfiguration"]["rules"][0]["destinations"] == [
        {"registryId": TARGET, "region": "eu-west-1"}
    ]
    with pytest.raises(ecr.exceptions.RegistryPolicyNotFoundException, match=SOURCE):
        ecr.get_registry_policy()


def test_query_reply_and_error(simulation: Simulation) -> None:
    assert client(simulation, "sts", SOURCE).get_caller_identity()["Account"] == SOURCE
    iam = client(simulation, "iam", SOURCE)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="absent")
    role = iam.get_role(RoleName="ecr-audit")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0] == {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{MANAGEMENT}:root"]},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "secret-7"}},
    }


def test_ec2_reply_with_lists_and_flags(simulation: Simulation) -> None:
    ec2 = client(simulation, "ec2", PLAIN)
    assert [row["RegionName"] for row in ec2.describe_regions()["Regions"]] == ["eu-west-1"]
    everywhere = {row["RegionName"]: row["OptInStatus"] for row in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert len(everywhere) == 34
    assert everywhere["af-south-1"] == "not-opted-in"
    chosen = ec2.describe_regions(RegionNames=["us-east-1", "af-south-1"], AllRegions=True)["Regions"]
    assert [row["RegionName"] for row in chosen] == ["af-south-1", "us-east-1"]


def test_rest_json_reply_and_error(simulation: Simulation) -> None:
    account = client(simulation, "account")
    rows = account.list_regions(AccountId=PLAIN, RegionOptStatusContains=["ENABLED_BY_DEFAULT"])["Regions"]
    assert rows == [{"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}]
    with pytest.raises(account.exceptions.AccessDeniedException):
        account.list_regions(AccountId=MANAGEMENT)  # the management account must not name itself
    account.enable_region(AccountId=PLAIN, RegionName="af-south-1")
    assert account.get_region_opt_status(AccountId=PLAIN, RegionName="af-south-1")["RegionOptStatus"] == "ENABLED"


def test_regions_are_paged(simulation: Simulation) -> None:
    pages = list(client(simulation, "account", SOURCE).get_paginator("list_regions").paginate())
    assert len(pages) == 2
    assert sum(len(page["Regions"]) for page in pages) == 34


def test_quotas(simulation: Simulation) -> None:
    quotas = client(simulation, "service-quotas", SOURCE)
    assert {row["QuotaCode"]: row["Value"] for row in quotas.list_service_quotas(ServiceCode="ecr")["Quotas"]} == {
        "L-24725E9A": 25.0,
        "L-9B60BFFB": 25.0,
        "L-241DEEBA": 100.0,
    }
    with pytest.raises(quotas.exceptions.NoSuchResourceException):
        quotas.get_service_quota(ServiceCode="ecr", QuotaCode="L-00000000")


def test_unreadable_quotas() -> None:
    document = world_document(quotas={"readable": False})
    with serve(World.from_document(document)) as simulation:
        quotas = client(simulation, "service-quotas", SOURCE)
        with pytest.raises(quotas.exceptions.AccessDeniedException):
            quotas.get_service_quota(ServiceCode="ecr", QuotaCode="L-24725E9A")


def test_keys_are_described_in_their_region_and_account() -> None:
    arn = f"arn:aws:kms:eu-west-1:{SOURCE}:key/1234"
    document = world_document(keys=[{"arn": arn, "state": "PendingDeletion"}])
    with serve(World.from_document(document)) as simulation:
        kms = client(simulation, "kms", SOURCE)
        assert kms.describe_key(KeyId="1234")["KeyMetadata"]["KeyState"] == "PendingDeletion"
        with pytest.raises(kms.exceptions.NotFoundException):
            kms.describe_key(KeyId=arn.replace("1234", "9999"))
        with pytest.raises(kms.exceptions.NotFoundException):
            client(simulation, "kms", SOURCE, "us-east-1").describe_key(KeyId=arn)
        with pytest.raises(ClientError) as error:
            client(simulation, "kms", TARGET).describe_key(KeyId=arn)
        assert code_of(error) == "AccessDeniedException"


@pytest.mark.parametrize(
    ("service", "method", "arguments", "code"),
    [
        (
            "ecr",
            "start_image_scan",
            {"repositoryName": "app/web", "imageId": {"imageTag": "1.0"}},
            "UnknownOperationException",
        ),
        ("sts", "get_session_token", {}, "InvalidAction"),
        ("ec2", "describe_vpcs", {}, "InvalidAction"),
        ("account", "get_contact_information", {}, "UnknownOperationException"),
        ("organizations", "list_policies", {"Filter": "TAG_POLICY"}, "UnknownOperationException"),
    ],
)
def test_what_is_not_modelled_says_so(
    simulation: Simulation, service: str, method: str, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError, match="does not model") as error:
        getattr(client(simulation, service, SOURCE), method)(**arguments)
    assert code_of(error) == code


def example(shape: Shape) -> Any:
    """The least value that the model takes for *shape*."""
    if isinstance(shape, StructureShape):
        return {name: example(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [example(shape.member)] if shape.metadata.get("min", 0) else []
    if shape.type_name in ("integer", "long"):
        return 1
    if shape.type_name in ("boolean", "blob"):
        return {"boolean": True, "blob": b"x"}[shape.type_name]
    if shape.enum:
        return shape.enum[0]
    known = {
        "RepositoryName": "app/web",
        "RegistryId": SOURCE,
        "Region": "us-east-1",
        "Arn": f"arn:aws:ecr:eu-west-1:{SOURCE}:repository/app/web",
        "ReplicationBackfillId": "00000000-0000-0000-0000-000000000000",
        "PullTimeUpdateExclusionArn": f"arn:aws:iam::{SOURCE}:role/x",
        "PrincipalArn": f"arn:aws:iam::{SOURCE}:role/x",
        "LayerDigest": "sha256:" + "0" * 64,
        "LifecyclePolicyText": "{}" + " " * 98,
    }
    return known.get(shape.name, "example")


def ecr_operations() -> list[str]:
    model = (
        boto3.Session(region_name="eu-west-1")
        .client("ecr", aws_access_key_id="x", aws_secret_access_key="x")
        .meta.service_model
    )
    return list(model.operation_names)


def test_every_ecr_operation_answers_with_a_result_or_an_aws_error(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE, parameter_validation=False)
    names = ecr_operations()
    assert len(names) == 62
    for name in names:
        operation = ecr.meta.service_model.operation_model(name)
        with contextlib.suppress(ClientError):  # the outcome is checked below
            ecr._make_api_call(name, example(operation.input_shape))
    outcomes = {operation: outcome for _, _, operation, outcome in simulation.calls()}
    assert set(outcomes) == {f"ecr:{name}" for name in names}
    assert "InternalFailure" not in outcomes.values()
    unmodelled = set(names) - set(OPERATIONS["ecr"])
    assert len(unmodelled) == 12, unmodelled  # layers, scan findings, writes of pull-through caches, docker login
    refusals = {outcomes[f"ecr:{name}"] for name in unmodelled}
    assert refusals <= {"UnknownOperationException", "InvalidParameterException"}


def test_input_is_checked_as_the_model_says(simulation: Simulation) -> None:
    ecr = client(simulation, "ecr", SOURCE, parameter_validation=False)
    for arguments in (
        {},
        {"repositoryName": "UPPER"},
        {"repositoryName": 7},
        {"repositoryName": "app/web", "maxResults": 1001},
    ):
        with pytest.raises(ecr.exceptions.InvalidParameterException):
            ecr.list_images(**arguments)


def test_a_hostile_scan_filter_is_refused_quickly(simulation: Simulation) -> None:
    rules = [
        {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "a" * 60 + "!", "filterType": "WILDCARD"}]}
    ]
    ecr = client(simulation, "ecr", SOURCE)
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.put_registry_scanning_configuration(scanType="BASIC", rules=rules)


def test_unsigned_requests_are_refused(simulation: Simulation) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(simulation.endpoint)
    assert error.value.code == 403
    error.value.close()


def test_other_services_are_moto_s(simulation: Simulation) -> None:
    pytest.importorskip("moto", reason="the extra `demo` is not installed")
    arn = client(simulation, "sns", SOURCE).create_topic(Name="alarms")["TopicArn"]
    assert arn == f"arn:aws:sns:eu-west-1:{SOURCE}:alarms"
    s3 = client(simulation, "s3", SOURCE, "us-east-1", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="reports")
    s3.put_object(Bucket="reports", Key="2026/a b.csv", Body=b"x" * 5000)
    assert s3.head_object(Bucket="reports", Key="2026/a b.csv")["ContentLength"] == 5000
    assert client(simulation, "s3", TARGET, "us-east-1").list_buckets()["Buckets"] == []


def test_a_defect_of_a_handler_is_an_aws_error(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATIONS["ecr"], "DescribeRegistry", lambda call: {"registryId": 7})
    ecr = client(simulation, "ecr", SOURCE)
    with pytest.raises(ClientError, match="Defect of the simulator") as error:
        ecr.describe_registry()
    assert code_of(error) == "InternalFailure"


def test_a_stopped_simulation_hangs_up() -> None:
    with serve(World.from_document(world_document())) as running:
        ecr = client(running, "ecr", SOURCE)
        ecr.describe_registry()
    with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
        ecr.describe_registry()
