"""Findings reach Security Hub whole, in batches, once, and a refusal is told."""

from __future__ import annotations

import boto3
import pytest

from ecr_audit.simulator import World, serve
from reports.view import build_view
from schedules.deliveries.securityhub import send
from tests.reports import runs

pytest.importorskip("moto", reason="moto answers for Security Hub; it comes with the extra `demo`")
ACCOUNT, REGION = "111111111111", "eu-west-1"
WORLD = {
    "version": 1,
    "accounts": [{"id": ACCOUNT, "name": "audit", "state": "ACTIVE", "regions": [REGION]}],
    "registries": [],
}


@pytest.fixture
def client():
    with serve(World.from_document(WORLD)) as simulation:
        environment = simulation.environment(ACCOUNT, REGION)
        yield boto3.client(
            "securityhub",
            region_name=REGION,
            endpoint_url=simulation.endpoint,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        )


def stored(client) -> list[dict]:
    pages = client.get_paginator("get_findings").paginate()
    return [finding for page in pages for finding in page["Findings"]]


def test_every_finding_arrives_once_however_often_it_is_sent(client):
    run = runs.large_run(230, 4)
    view = build_view(run)
    for _ in range(2):
        receipt = send(run, view, client, account=ACCOUNT, region=REGION)
        assert (receipt.taken, receipt.refused) == (len(run.findings), 0)
    found = stored(client)
    assert len(found) == len(run.findings)
    assert {one["ProductFields"]["ecr-audit/fingerprint"] for one in found} == {one.fingerprint for one in run.findings}
    assert {one["AwsAccountId"] for one in found} == {ACCOUNT}


def test_refusals_are_counted_and_told():
    class Refusing:
        def batch_import_findings(self, Findings):  # noqa: N803 the name is AWS's
            failed = [{"Id": Findings[0]["Id"], "ErrorCode": "InvalidInput", "ErrorMessage": "no"}]
            return {"SuccessCount": len(Findings) - 1, "FailedCount": 1, "FailedFindings": failed}

    run = runs.small_run()
    receipt = send(run, build_view(run), Refusing(), account=ACCOUNT, region=REGION)
    assert (receipt.taken, receipt.refused) == (len(run.findings) - 1, 1)
    assert receipt.refusals[0].endswith("InvalidInput no")
