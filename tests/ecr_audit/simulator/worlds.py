"""A small world for the tests, and clients for it."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from ecr_audit.simulator import Simulation

MANAGEMENT, SOURCE, TARGET, CLOSED, PLAIN, OUTSIDER = (f"10000000000{number}" for number in range(1, 7))
ORGANIZATION = "o-exampleorg1"
GRANT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "FromSource",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
            "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
            "Resource": f"arn:aws:ecr:eu-west-1:{TARGET}:repository/*",
        }
    ],
}


def rule(*destinations: tuple[str, str], prefix: str = "", delete: bool | None = None) -> dict[str, Any]:
    """A replication rule."""
    document: dict[str, Any] = {
        "destinations": [{"registryId": account, "region": region} for account, region in destinations]
    }
    if prefix:
        document["repositoryFilters"] = [{"filter": prefix, "filterType": "PREFIX_MATCH"}]
    if delete is not None:
        document["deleteReplication"] = {"enabled": delete}
    return document


def world_document(**changes: Any) -> dict[str, Any]:
    """An organization of five accounts and one stranger; SOURCE holds `app/web`, TARGET lets SOURCE replicate."""
    regions = ["eu-west-1", "us-east-1"]
    role = {"name": "ecr-audit", "trusts": [MANAGEMENT], "external_id": "secret-7"}
    document = {
        "version": 1,
        "now": "2026-11-23T02:00:00Z",
        "organization": {
            "id": ORGANIZATION,
            "root": "r-abcd",
            "management_account": MANAGEMENT,
            "delegated_administrators": [TARGET],
            "units": [
                {"id": "ou-abcd-11111111", "name": "Work", "units": [{"id": "ou-abcd-22222222", "name": "Prod"}]}
            ],
        },
        "accounts": [
            {"id": MANAGEMENT, "name": "management", "regions": regions},
            {"id": SOURCE, "name": "source", "unit": "ou-abcd-22222222", "regions": regions, "roles": [role]},
            {"id": TARGET, "name": "target", "unit": "ou-abcd-11111111", "regions": regions},
            {"id": CLOSED, "name": "closed", "state": "SUSPENDED", "regions": regions, "roles": [role]},
            {"id": PLAIN, "name": "plain", "regions": ["eu-west-1"]},
            {"id": OUTSIDER, "name": "outsider", "member": False, "regions": regions},
        ],
        "registries": [
            {
                "account": SOURCE,
                "region": "eu-west-1",
                "rules": [rule((TARGET, "eu-west-1"))],
                "repositories": [{"name": "app/web", "images": [{"tags": ["1.0"]}]}],
            },
            {"account": TARGET, "region": "eu-west-1", "policy": GRANT},
        ],
    }
    return {**copy.deepcopy(document), **changes}


@cache
def _session() -> boto3.Session:
    return boto3.Session(botocore_session=botocore.session.Session())


def client(
    simulation: Simulation, service: str, account: str = MANAGEMENT, region: str = "eu-west-1", **more: Any
) -> Any:
    """A boto3 client with the keys of *account*, without retries."""
    variables = simulation.environment(account, region)
    return _session().client(
        service,
        region_name=region,
        endpoint_url=simulation.endpoint,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, read_timeout=5, **more),
    )


def manifest(text: str, **more: Any) -> str:
    """A manifest whose digest depends on *text*."""
    return json.dumps({"schemaVersion": 2, "config": {"digest": text, "size": 7}, "layers": [{"size": 5}], **more})
