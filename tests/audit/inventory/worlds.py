"""One organization for the collector's tests: a source, a hub, an account without the role, and one that is closed."""

from __future__ import annotations

from typing import Any

MANAGEMENT, SOURCE, HUB, ROLELESS, CLOSED = (f"{digit * 12}" for digit in "12345")
EU, US = "eu-west-1", "us-east-1"


def images(*tags: str) -> list[dict[str, Any]]:
    return [{"tags": [tag], "pushed_at": "2026-11-20T00:00:00Z"} for tag in tags]


def destination(account: str, region: str) -> dict[str, str]:
    return {"registryId": account, "region": region}


def document(**changes: Any) -> dict[str, Any]:
    role = {"name": "ecr-audit", "trusts": [MANAGEMENT]}
    rule = {
        "destinations": [destination(HUB, US), destination(CLOSED, EU)],
        "repositoryFilters": [{"filter": "prod/", "filterType": "PREFIX_MATCH"}],
    }
    grant = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
                "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
                "Resource": f"arn:aws:ecr:{US}:{HUB}:repository/*",
            }
        ],
    }
    work, prod = "ou-abcd-11111111", "ou-abcd-22222222"
    world = {
        "version": 1,
        "now": "2026-11-23T02:00:00Z",
        "organization": {
            "id": "o-exampleorg1",
            "management_account": MANAGEMENT,
            "root": "r-abcd",
            "units": [{"id": work, "name": "Work", "units": [{"id": prod, "name": "Prod"}]}],
        },
        "accounts": [
            {"id": MANAGEMENT, "name": "management", "regions": [EU, US]},
            {
                "id": SOURCE,
                "name": "source",
                "unit": prod,
                "regions": [EU, US],
                "roles": [role],
                "service_linked_role": True,
            },
            {"id": HUB, "name": "hub", "unit": work, "regions": [EU, US], "roles": [role]},
            {"id": ROLELESS, "name": "roleless", "unit": work, "regions": [EU]},
            {"id": CLOSED, "name": "closed", "unit": work, "regions": [EU], "state": "SUSPENDED"},
        ],
        "registries": [
            {
                "account": SOURCE,
                "region": EU,
                "rules": [rule],
                "repositories": [
                    {"name": "prod/app", "images": images("v1", "v2"), "tags": {"team": "a"}},
                    {"name": "prod/web", "images": images("v1")},
                    {"name": "dev/tool", "images": images("v1")},
                ],
            },
            {
                "account": HUB,
                "region": US,
                "policy": grant,
                "repositories": [{"name": "prod/app"}, {"name": "own/thing"}],
            },
        ],
    }
    return world | changes
