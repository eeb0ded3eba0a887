"""Policies as the tests write them: short in the case files, complete when judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

SOURCE, OWNER, OTHER = "111111111111", "222222222222", "333333333333"
REGION = "eu-west-1"
HEAD = f"arn:aws:ecr:{REGION}:{OWNER}:repository/"
ORGANIZATION = "o-exampleorg1"
PATH = f"{ORGANIZATION}/r-abcd/ou-abcd-11111111/"
GRANT: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
    "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
    "Resource": f"{HEAD}*",
}
"""The grant that AWS documents."""


def statement(**changes: Any) -> dict[str, Any]:
    """The documented grant with *changes*; None removes an element."""
    return {name: value for name, value in {**GRANT, **changes}.items() if value is not None}


def policy(*statements: Any, version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def cases(name: str) -> list[dict[str, Any]]:
    return YAML(typ="safe").load(Path(__file__).parent / "cases" / f"{name}.yaml")


def policy_of(case: dict[str, Any]) -> str:
    """`policy` as text, or `grants`: changes to the documented grant, one a statement."""
    if "policy" in case:
        return case["policy"]
    return policy(*(statement(**changes) for changes in case["grants"]), version=case.get("version", "2012-10-17"))
