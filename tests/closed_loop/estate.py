"""A small simulated organization, and what a test does with it: read registries, run scripts, compare worlds."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from checks.baseline.schema import Baseline
from checks.model import RemediationContext
from ecr_audit.simulator import Simulation

SOURCE, OTHER, REGION = "111111111111", "222222222222", "eu-west-1"
STRANGER = "999999999999"

HEALTHY: Mapping[str, Any] = {
    "version": 1,
    "now": "2026-11-23T02:00:00Z",
    "organization": {"id": "o-exampleorg1", "management_account": SOURCE, "root": "r-abcd", "units": []},
    "accounts": [
        {"id": SOURCE, "name": "build", "regions": [REGION, "eu-central-1"]},
        {
            "id": OTHER,
            "name": "production",
            "regions": [REGION, "eu-central-1"],
            "roles": [{"name": "ecr-audit", "trusts": [SOURCE]}],
        },
        {"id": STRANGER, "name": "of somebody else", "regions": [REGION], "member": False},
    ],
    "registries": [
        {
            "account": SOURCE,
            "region": REGION,
            "rules": [
                {
                    "destinations": [{"region": REGION, "registryId": OTHER}],
                    "repositoryFilters": [{"filter": "prod/", "filterType": "PREFIX_MATCH"}],
                }
            ],
            "repositories": [{"name": "prod/api", "images": [{"tags": ["1.0"]}]}],
        },
        {
            "account": OTHER,
            "region": REGION,
            "policy": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "Build",
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
                        "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
                        "Resource": f"arn:aws:ecr:{REGION}:{OTHER}:repository/prod/*",
                    }
                ],
            },
            "templates": [{"prefix": "prod", "appliedFor": ["REPLICATION"]}],
            "repositories": [{"name": "prod/api", "images": [{"tags": ["1.0"]}]}],
        },
    ],
}
"""An estate in which nothing is wrong under an empty baseline."""


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


def seen(simulation: Simulation, *registries: tuple[str, str]) -> RemediationContext:
    """What an audit reads of these registries just now."""
    return RemediationContext(Baseline(), "o-exampleorg1", {one: _row(simulation, *one) for one in registries})


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


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """The world *base* with *over* merged in: accounts and registries entry by entry, the organization by key."""
    document = {**base, **{part: value for part, value in over.items() if part not in _MERGED}}
    document["organization"] = _patched(base["organization"], over.get("organization", {}))
    for part in ("accounts", "registries"):
        entries = {_name(entry): entry for entry in base[part]}
        for entry in over.get(part, ()):
            entries[_name(entry)] = _patched(entries.get(_name(entry), {}), entry)
        document[part] = list(entries.values())
    return _patched(document, {})


_MERGED = ("organization", "accounts", "registries")


def _name(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return (entry["id"],) if "id" in entry else (entry["account"], entry["region"])


def _patched(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**old, **new}.items() if value is not None}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    """Where two snapshots differ, and what stands there afterwards (None: nothing).

    Places are `(account, Region, part)`, with the name of a template or repository behind `templates` and
    `repositories`, and with the part of a repository that was there before and after; `(accounts, id)`; else
    `(part of the world,)`.
    """
    found: dict[tuple[str, ...], Any] = {}
    for key, old, new in _pairs(before, after, "registries", _name):
        for place, was, now in _parts(old, new):
            found |= {(*key, *place): now} if was != now else {}
    for key, old, new in _pairs(before, after, "accounts", _name):
        found |= {("accounts", *key): new} if old != new else {}
    others = {*before, *after} - {"registries", "accounts"}
    return found | {(part,): after.get(part) for part in others if before.get(part) != after.get(part)}


def _pairs(
    before: Mapping[str, Any], after: Mapping[str, Any], part: str, name: Callable[[Any], tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any], dict[str, Any]]]:
    first, second = ({name(one): one for one in side.get(part, ())} for side in (before, after))
    for key in sorted({*first, *second}):
        yield key, first.get(key, {}), second.get(key, {})


def _parts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Place within a registry, and what stood and stands there."""
    for part in sorted({*old, *new} - {"account", "region", "repositories", "templates"}):
        yield (part,), old.get(part), new.get(part)
    for (prefix,), was, now in _pairs(old, new, "templates", lambda one: (one["prefix"],)):
        yield ("templates", prefix), was or None, now or None
    for (name,), was, now in _pairs(old, new, "repositories", lambda one: (one["name"],)):
        if not was or not now:
            yield ("repositories", name), was or None, now or None
            continue
        for part in sorted({*was, *now}):
            yield ("repositories", name, part), was.get(part), now.get(part)
