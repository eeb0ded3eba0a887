"""A small simulated organization, and what a test does with it: read registries, run scripts, compare worlds."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from audit.simulator import Simulation
from checks.baseline import Baseline
from checks.model import RemedyContext

SOURCE, OTHER, REGION = "111111111111", "222222222222", "eu-west-1"


@dataclass(frozen=True)
class Done:
    """How a script ended."""

    code: int
    output: str
    errors: str


def world(registries: list[dict[str, Any]], **others: Any) -> dict[str, Any]:
    regions = [REGION, "eu-central-1"]
    accounts = [
        {"id": account, "name": f"account-{account[0]}", "state": "ACTIVE", "regions": regions}
        for account in (SOURCE, OTHER)
    ]
    organization = {"id": "o-exampleorg1", "management_account": SOURCE, "root": "r-abcd", "units": []}
    return {"version": 1, "organization": organization, "accounts": accounts, "registries": registries, **others}


def client(simulation: Simulation, account: str, region: str = REGION, service: str = "ecr") -> Any:
    variables = simulation.environment(account, region)
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=simulation.endpoint,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


def seen(simulation: Simulation, *registries: tuple[str, str]) -> RemedyContext:
    """What an audit reads of these registries just now."""
    return RemedyContext(Baseline(), "o-exampleorg1", {one: _row(simulation, *one) for one in registries})


def _row(simulation: Simulation, account: str, region: str) -> dict[str, Any]:
    ecr = client(simulation, account, region)
    try:
        policy = ecr.get_registry_policy()["policyText"]
    except ecr.exceptions.RegistryPolicyNotFoundException:
        policy = ""
    return {
        "account": account,
        "region": region,
        "partition": "aws",
        "replication_configuration": json.dumps(ecr.describe_registry()["replicationConfiguration"]),
        "registry_policy": policy,
        "scanning_configuration": json.dumps(ecr.get_registry_scanning_configuration()["scanningConfiguration"]),
        "templates": json.dumps(
            ecr.describe_repository_creation_templates()["repositoryCreationTemplates"], default=str
        ),
        "backfills": json.dumps(ecr.list_replication_backfills()["backfills"], default=str),
    }


def run(text: str, simulation: Simulation, account: str, aws: str, folder: Path, **variables: str) -> Done:
    """Run a script in bash with *account*'s keys and with the `aws` of the folder *aws*."""
    script = folder / "script.sh"
    script.write_text(text)
    environment: Mapping[str, str] = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **simulation.environment(account, "us-east-1"),
        "PATH": f"{aws}:{os.environ['PATH']}",
        "TMPDIR": str(folder),
        **variables,
    }
    done = subprocess.run(["bash", str(script)], env=environment, capture_output=True, check=False, cwd=folder)
    assert [path.name for path in folder.iterdir()] == ["script.sh"], "a script leaves nothing behind"
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Where two snapshots differ: (account, Region, part of the registry[, repository]), or the part of the world."""
    places = {(part,) for part in {*before, *after} if part != "registries" and before.get(part) != after.get(part)}
    first, second = (
        {(one["account"], one["region"]): one for one in snapshot["registries"]} for snapshot in (before, after)
    )
    found: set[tuple[str, ...]] = set(places)
    for key in {*first, *second}:
        old, new = first.get(key, {}), second.get(key, {})
        for part in {*old, *new} - {"account", "region", "repositories"}:
            if old.get(part) != new.get(part):
                found.add((*key, part))
        repositories = [{one["name"]: one for one in side.get("repositories", ())} for side in (old, new)]
        for name in {*repositories[0], *repositories[1]}:
            if repositories[0].get(name) != repositories[1].get(name):
                found.add((*key, "repositories", name))
    return found
