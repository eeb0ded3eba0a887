"""Random organizations and baselines, made from a seed: the same seed makes the same world.

A world has several cells, each with accounts and repository names of its own, so that one audit judges many small
configurations at once. The faults are those of the field: policies for the wrong account, Region or role, conditions
that replication cannot meet, missing actions, denied reads, closed accounts, repositories that differ.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from random import Random
from typing import Any

NOW = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
ORGANIZATION, FOREIGN_ORGANIZATION = "o-exampleorg1", "o-foreignorg1"
MANAGEMENT = "100000000000"
REGIONS = ("eu-west-1", "eu-central-1")
DENIABLE = (
    "ecr:GetRegistryPolicy",
    "ecr:DescribeRegistry",
    "ecr:DescribeRepositories",
    "ecr:DescribeImages",
    "ecr:GetRepositoryPolicy",
    "ecr:GetAccountSetting",
    "ecr:DescribeRepositoryCreationTemplates",
    "ecr:BatchGetRepositoryScanningConfiguration",
    "ecr:DescribeImageReplicationStatus",
    "iam:GetRole",
    "kms:DescribeKey",
)
"""Reads of which one is refused now and then."""


def random_world(seed: int, cells: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """(world, baseline) of a seed."""
    dice = Random(seed)
    parts = [Cell(dice, number) for number in range(1, cells + 1)]
    units = [
        {"id": "ou-abcd-11111111", "name": "Workloads", "units": [{"id": "ou-abcd-22222222", "name": "Prod"}]},
        {"id": "ou-abcd-33333333", "name": "Sandbox"},
    ]
    world = {
        "version": 1,
        "now": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "organization": {"id": ORGANIZATION, "root": "r-abcd", "management_account": MANAGEMENT, "units": units},
        "accounts": [{"id": MANAGEMENT, "name": "management", "regions": [REGIONS[0]]}],
        "registries": [],
        "keys": [],
        "faults": [],
        "quotas": {"readable": dice.random() < 0.3, "values": {"L-24725E9A": dice.choice((2, 25))}},
    }
    for cell in parts:
        for key in ("accounts", "registries", "keys", "faults"):
            world[key] += getattr(cell, key)
    return world, _baseline(dice, parts)


def _baseline(dice: Random, cells: list[Cell]) -> dict[str, Any]:
    baseline: dict[str, Any] = {"version": 1}
    baseline["replication"] = [one for cell in cells for one in cell.requirements]
    baseline["settings"] = [one for cell in cells for one in cell.settings]
    baseline["source_settings"] = [one for cell in cells for one in cell.source_settings]
    if dice.random() < 0.5:
        baseline["undeclared_replication"] = "forbidden"
        baseline["allowed_destinations"] = dice.choice(
            ({"ous": ["Workloads"]}, {"ous": ["Root"], "regions": ["eu-west-1"]}, {"accounts": [cells[0].destination]})
        )
    if dice.random() < 0.5:
        baseline["undeclared_registries"] = "forbidden"
    if dice.random() < 0.6:
        baseline["allowed_regions"] = dice.choice((["eu-west-1"], ["eu-west-1", "eu-central-1"]))
    if dice.random() < 0.6:
        levels = [{"name": "sandbox", "ous": ["Sandbox"]}, {"name": "work", "ous": ["Workloads"]}]
        levels.append({"name": "production", "ous": ["Workloads/Prod"], "accounts": [cells[-1].destination]})
        baseline["environments"] = dice.sample(levels, k=3)
    if dice.random() < 0.7:
        sources = dice.choice(
            ({}, {"ous": ["Workloads"]}, {"regions": ["eu-west-1"]}, {"repositories": [cells[0].word]})
        )
        baseline["resilience"] = [{"name": "survives", "sources": sources, "another_account": dice.random() < 0.6}]
    if dice.random() < 0.7:
        baseline["grants"] = {"external_accounts": {cell.partner: "a partner" for cell in cells[::2]}}
    if dice.random() < 0.4:
        actions = ["ecr:ReplicateImage", "ecr:CreateRepository"]
        baseline.setdefault("grants", {})["allowed_actions"] = dice.choice((actions, [*actions, "ecr:BatchGet*"]))
    if dice.random() < 0.85:
        maximum = {"unique_destinations": 2, "rules": 3, "filters_per_rule": 2, "registry_policy_characters": 700}
        baseline["limits"] = {
            name: {"maximum": most, "warn_at_percent": dice.choice((50, 80, 100))} for name, most in maximum.items()
        }
    if dice.random() < 0.5:
        baseline["replication_delay_minutes"] = dice.choice((0, 30, 600))
    return baseline


class Cell:
    """The accounts of one small configuration, their registries, and what is required of them."""

    def __init__(self, dice: Random, number: int) -> None:
        self.dice, self.word = dice, f"c{number:02d}"
        ids = [f"{number:02d}{position}000000000" for position in range(1, 6)]
        self.source, self.second, self.destination, self.other, self.partner = (
            f"{2 + number // 50}{one[1:]}" for one in ids
        )
        self.members = (self.source, self.second, self.destination, self.other)
        self.everyone = (*self.members, self.partner)
        self.target = (self.destination, dice.choice(REGIONS))
        """The registry that most rules, grants and requirements of the cell are about."""
        self.names = [f"{self.word}/{end}" for end in ("api", "web", "base")] + [
            f"{self.word}-x",
            f"{self.word}dev/tool",
        ]
        self.keys = self._keys()
        self.accounts = [self._account(one) for one in self.everyone]
        self.registries = [self._registry(one, region) for one in self.everyone for region in REGIONS
                           if one in self.members or region == REGIONS[0]]  # fmt: skip
        self.faults = self._faults()
        self.requirements, self.settings = self._requirements(), self._settings()
        self.source_settings = self._source_settings()

    def maybe(self, share: float) -> bool:
        return self.dice.random() < share

    def _account(self, account: str) -> dict[str, Any]:
        found: dict[str, Any] = {"id": account, "name": f"account {account}", "regions": list(REGIONS)}
        if account == self.partner:
            return {**found, "member": False}
        if self.maybe(0.08):
            found["regions"] = [REGIONS[0]]
        if self.maybe(0.06):
            found["state"] = self.dice.choice(("SUSPENDED", "CLOSED", "PENDING_CLOSURE"))
        if self.maybe(0.6):
            found["unit"] = self.dice.choice(("ou-abcd-11111111", "ou-abcd-22222222", "ou-abcd-33333333"))
        roles = [] if self.maybe(0.04) else [{"name": "ecr-audit", "trusts": [MANAGEMENT]}]
        roles += [{"name": "template", "trusts": [self.dice.choice(("ecr.amazonaws.com", account))]}] * self.maybe(0.7)
        return {**found, "roles": roles, "service_linked_role": self.maybe(0.9)}

    def _keys(self) -> list[dict[str, Any]]:
        return [
            {"arn": f"arn:aws:kms:{region}:{account}:key/{self.word}",
             "state": self.dice.choice(("Enabled", "Enabled", "Disabled", "PendingDeletion")),
             "shared": self.maybe(0.3)}
            for account in self.members for region in REGIONS if self.maybe(0.85)
        ]  # fmt: skip

    def _faults(self) -> list[dict[str, Any]]:
        faults = [
            {"account": account, "region": region, "operation": self.dice.choice(DENIABLE), "kind": "deny"}
            for account in self.members for region in REGIONS if self.maybe(0.1)
        ]  # fmt: skip
        # IAM is asked once for all Regions.
        return [
            {key: value for key, value in one.items() if key != "region" or one["operation"] != "iam:GetRole"}
            for one in faults
        ]

    # Registries

    def _registry(self, account: str, region: str) -> dict[str, Any]:
        found: dict[str, Any] = {"account": account, "region": region}
        sends = {self.source: 0.9, self.second: 0.5}.get(account, 0.15)
        if self.maybe(sends) and account != self.partner:
            found["rules"] = [self._rule(account, region) for _ in range(self.dice.choice((1, 1, 1, 2, 4)))]
        if self.maybe(0.75 if account in (self.destination, self.other) else 0.3):
            found["policy"] = self.policy_text(account, region)
        if self.maybe(0.15):
            found["settings"] = {"REGISTRY_POLICY_SCOPE": "V1"}
        if self.maybe(0.5):
            found["scanning"] = self._scanning()
        if self.maybe(0.6):
            found["templates"] = self._templates(account, region)
        holding = {self.source: 0.9, self.destination: 0.6, self.second: 0.5}.get(account, 0.3)
        found["repositories"] = [self._repository(account, region, one) for one in self.names if self.maybe(holding)]
        return found

    def _rule(self, account: str, region: str) -> dict[str, Any]:
        accounts = (self.destination, self.destination, self.other, self.second, account, self.partner, self.source)
        regions = (
            *REGIONS,
            REGIONS[0],
            "us-east-1" if self.maybe(0.2) else REGIONS[1],
            "eu-west-9" if self.maybe(0.3) else region,
        )
        chosen = [
            {"registryId": self.dice.choice(accounts), "region": self.dice.choice(regions)}
            for _ in range(self.dice.choice((1, 1, 2, 3)))
        ]
        if account == self.source and self.maybe(0.6):
            chosen.append({"registryId": self.target[0], "region": self.target[1]})
        if not self.maybe(0.1):
            chosen = [one for one in chosen if (one["registryId"], one["region"]) != (account, region)]
        rule: dict[str, Any] = {"destinations": chosen}
        if self.maybe(0.85):
            texts = self.dice.sample(self.prefixes(), k=self.dice.choice((1, 1, 2, 3)))
            rule["repositoryFilters"] = [{"filter": one, "filterType": "PREFIX_MATCH"} for one in texts]
        if self.maybe(0.4):
            rule["deleteReplication"] = {"enabled": self.maybe(0.5)}
        return rule

    def prefixes(self) -> list[str]:
        return [
            f"{self.word}/",
            self.word,
            f"{self.word}/api",
            f"{self.word}dev/",
            f"{self.word}-x",
            f"{self.word}/none",
        ]

    # Policies

    def policy_text(self, account: str, region: str) -> str:
        """A registry policy of up to three statements."""
        chosen = [self._statement(account, region) for _ in range(self.dice.choice((1, 1, 2, 3)))]
        if (account, region) == self.target and self.maybe(0.75):
            chosen[0] = self._grant(account, region)
        for number, one in enumerate(chosen, start=1):
            one["Sid"] = f"S{number}"
        element: Any = chosen[0] if len(chosen) == 1 and self.maybe(0.2) else chosen
        return json.dumps({"Version": "2012-10-17", "Statement": element}, indent=self.dice.choice((None, 2)))

    def _grant(self, account: str, region: str) -> dict[str, Any]:
        """A statement as ECR's own examples write it, for all names or for some."""
        arn = f"arn:aws:ecr:{region}:{account}:repository"
        return {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{self.source}:root"},
            "Action": self.dice.choice((["ecr:ReplicateImage", "ecr:CreateRepository"], ["ecr:ReplicateImage"])),
            "Resource": self.dice.choice(
                (f"{arn}/*", f"{arn}/{self.word}*", f"{arn}/{self.word}/*", f"{arn}/{self.word}/api")
            ),
        }

    def _statement(self, account: str, region: str) -> dict[str, Any]:
        if self.maybe(0.2):
            return self._denial(account, region)
        statement: dict[str, Any] = {"Effect": "Allow", "Principal": self._principal()}
        replication: list[Any] = [["ecr:ReplicateImage", "ecr:CreateRepository"]] * 6
        wide = ["ecr:*", ["ecr:ReplicateImage", "ecr:BatchGetImage"], ["ecr:ReplicateImage", "ecr:PutImage"],
                "ecr:ReplicateImage", "ecr:createrepository", ["ecr:BatchDeleteImage"],
                ["ecr:BatchGet*", "ecr:Replicate*"]]  # fmt: skip
        statement["Action"] = self.dice.choice(replication + wide)
        statement["Resource"] = self._resource(account, region)
        if self.maybe(0.08):
            statement["NotAction"] = statement.pop("Action")
        if self.maybe(0.05):
            statement["NotResource"] = statement.pop("Resource")
        if self.maybe(0.35):
            statement["Condition"] = self._condition()
        return statement

    def _denial(self, account: str, region: str) -> dict[str, Any]:
        statement: dict[str, Any] = {"Effect": "Deny", "Principal": "*" if self.maybe(0.6) else self._principal()}
        statement["Action"] = self.dice.choice(
            ("ecr:*", "ecr:ReplicateImage", ["ecr:PutImage", "ecr:BatchDeleteImage"])
        )
        statement["Resource"] = self._resource(account, region)
        if self.maybe(0.6):
            statement["Condition"] = self.dice.choice((
                {"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
                {"StringNotEquals": {"aws:SourceAccount": self.source}},
                {"StringNotEquals": {"aws:PrincipalAccount": [self.source, self.second]}},
                {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            ))  # fmt: skip
        return statement

    def _principal(self) -> Any:
        one = self.dice.choice((self.source, self.source, self.source, self.second, self.partner, self.other))
        root = f"arn:aws:iam::{one}:root"
        role = f"arn:aws:iam::{one}:role/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
        return self.dice.choice((
            {"AWS": root}, {"AWS": root}, {"AWS": root}, {"AWS": one}, {"AWS": [root, self.second]},
            {"AWS": f"arn:aws:iam::{one}:role/ci"}, {"AWS": [f"arn:aws:iam::{one}:role/ci", root]},
            {"AWS": role}, "*", {"AWS": "*"}, {"Service": "replication.ecr.amazonaws.com"},
            {"AWS": root}, {"AWS": root},
            {"AWS": "AIDAEXAMPLEEXAMPLE12"}, {"AWS": one[1:]}, {"AWS": ["${data.aws_caller_identity.id}", root]},
        ))  # fmt: skip

    def _resource(self, account: str, region: str) -> Any:
        arn = f"arn:aws:ecr:{region}:{account}:repository"
        return self.dice.choice((
            "*", f"{arn}/*", f"{arn}/*", f"{arn}/{self.word}/*", f"{arn}/{self.word}*",
            [f"{arn}/{self.word}/api", f"{arn}/{self.word}dev/*"],
            f"arn:aws:ecr:{region}:{self.source}:repository/*", f"arn:aws:ecr:us-east-1:{account}:repository/*",
            f"arn:aws:{region}:{account}:repository/*", f"{arn}/{self.word}/api", f"{arn}*",
            f"arn:aws:ecr:*:{account}:repository/*",
        ))  # fmt: skip

    def _condition(self) -> dict[str, Any]:
        return self.dice.choice(
            (  # type: ignore[no-any-return]  # a choice of mappings
                {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
                {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
                {"StringEquals": {"aws:PrincipalOrgID": FOREIGN_ORGANIZATION}},
                {"StringEquals": {"aws:PrincipalAccount": self.source}},
                {"StringEquals": {"aws:SourceAccount": self.source}},
                {"StringEqualsIfExists": {"aws:SourceAccount": self.source}},
                {"ArnLike": {"aws:SourceArn": f"arn:aws:ecr:*:{self.source}:*"}},
                {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/r-abcd/ou-abcd-11111111/*"}},
                {"Bool": {"aws:SecureTransport": "true"}},
                {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
                {"StringEqualsIgnoreCase": {"aws:PrincipalOrgID": ORGANIZATION.upper()}},
                {"StringNotEquals": {"aws:SourceAccount": self.source}},
                {"Bool": {"aws:PrincipalIsAWSService": self.dice.choice(("true", "false"))}},
                {"StringEquals": {"aws:PrincipalTag/team": "platform"}},
                {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
                {self.dice.choice(("DateGreaterThan", "DateLessThan")): {"aws:CurrentTime": "2025-01-01T00:00:00Z"}},
                {"StringLike": {"aws:username": "*"}},
                {"Null": {"aws:username": "true"}},
                {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{self.source}:role/aws-service-role/*"}},
                {"StringEquals": {"aws:PrincipalAccount": self.source, "aws:PrincipalOrgID": ORGANIZATION}},
            )
        )

    # Repositories

    def _repository(self, account: str, region: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {"name": name, "images": self._images(account, region, name)}
        mode = self.dice.choice(
            ("MUTABLE", "MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
        )
        found["tag_mutability"] = mode
        if mode.endswith("EXCLUSION"):
            found["exclusions"] = self.dice.choice((["latest"], ["dev-*"], ["*"], ["v*"], ["latest", "dev-*"]))
        found["encryption"] = self._encryption(account, region)
        if self.maybe(0.6):
            found["policy"] = self.repository_policy()
        return found

    def _encryption(self, account: str, region: str) -> dict[str, Any]:
        region, account = self.dice.choice((region,) * 5 + REGIONS), self.dice.choice((account,) * 6 + (self.other,))
        arn = f"arn:aws:kms:{region}:{account}:key/{self.word}"
        return self.dice.choice(
            ({"type": "AES256"}, {"type": "KMS"}, {"type": "KMS", "key": arn}, {"type": "KMS", "key": arn})
        )

    def repository_policy(self) -> str:
        """A repository policy of up to two statements, from a small stock, so that two are often equal."""
        pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        stock: tuple[dict[str, Any], ...] = (
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.other}:root"}, "Action": pull},
            {"Effect": "Allow", "Principal": {"AWS": self.other}, "Action": pull[::-1]},
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{self.partner}:root"},
                "Action": "ecr:BatchGetImage",
            },
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": pull,
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
            },
            {"Effect": "Allow", "Principal": "*", "Action": pull},
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": pull,
                "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            },
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.other}:role/ci"}, "Action": ["ecr:PutImage"]},
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.second}:root"}, "Action": "ecr:*"},
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{self.second}:root"},
                "Action": "ecr:BatchDeleteImage",
            },
            {"Effect": "Deny", "Principal": "*", "Action": ["ecr:BatchDeleteImage", "ecr:DeleteRepository"]},
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "ecr:*",
                "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
            },
        )
        chosen = self.dice.sample(stock, k=self.dice.choice((1, 1, 2)))
        return json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Sid": f"S{number}", **one} for number, one in enumerate(chosen)]}
        )

    def _images(self, account: str, region: str, name: str) -> list[dict[str, Any]]:
        return [image for number in range(3) if self.maybe(0.6) and (image := self._image(name, number))]

    def _image(self, name: str, number: int) -> dict[str, Any]:
        minutes = self.dice.choice((5, 45, 90, 5000, 5000, 50_000))
        image: dict[str, Any] = {
            "digest": f"sha256:{hashlib.sha256(f'{name} {number}'.encode()).hexdigest()}",
            "pushed_at": (NOW - dt.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tags": [f"{number}.{minor}" for minor in range(self.dice.choice((0, 1, 1, 2)))],
        }
        if self.maybe(0.1):
            image["status"] = "ARCHIVED"
        image["replication"] = [
            {"account": account, "region": region, "status": status, "failure_code": "X"}
            if (status := self.dice.choice(("COMPLETE", "FAILED", "IN_PROGRESS"))) == "FAILED"
            else {"account": account, "region": region, "status": status}
            for account in self.everyone for region in REGIONS if self.maybe(0.5)
        ]  # fmt: skip
        return image

    # Templates and scanning

    def _templates(self, account: str, region: str) -> list[dict[str, Any]]:
        prefixes = self.dice.sample(("ROOT", self.word, f"{self.word}/api"), k=self.dice.choice((1, 1, 2)))
        return [self._template(account, region, one) for one in prefixes]

    def _template(self, account: str, region: str, prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {"prefix": prefix}
        found["appliedFor"] = self.dice.choice((["REPLICATION"], ["REPLICATION"], ["PULL_THROUGH_CACHE"]))
        encryption = self._encryption(account, region)
        found["encryptionConfiguration"] = {"encryptionType": encryption["type"]}
        if "key" in encryption:
            found["encryptionConfiguration"]["kmsKey"] = encryption["key"]
        if self.maybe(0.3):
            found["resourceTags"] = [{"Key": "owner", "Value": "platform"}]
        if self.maybe(0.7):
            owner = self.dice.choice((account, account, account, self.other))
            found["customRoleArn"] = f"arn:aws:iam::{owner}:role/{self.dice.choice(('template', 'template', 'absent'))}"
        if self.maybe(0.5):
            found["repositoryPolicy"] = self.repository_policy()
        return found

    def _scanning(self) -> dict[str, Any]:
        kind = self.dice.choice(("BASIC", "ENHANCED"))
        frequencies = {"BASIC": ("SCAN_ON_PUSH",), "ENHANCED": ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")}[kind]
        filters = self.dice.choice(("*", f"{self.word}/*", "api", self.word, f"{self.word}*tool"))
        rule = {
            "scanFrequency": self.dice.choice(frequencies),
            "repositoryFilters": [{"filter": filters, "filterType": "WILDCARD"}],
        }
        return {"scanType": kind, "rules": [rule]}

    # What is required

    def _requirements(self) -> list[dict[str, Any]]:
        return [self._requirement(number) for number in range(self.dice.choice((0, 1, 2, 2)))]

    def _requirement(self, number: int) -> dict[str, Any]:
        sources: dict[str, Any] = {
            "accounts": self.dice.choice(([self.source], [self.source, self.second], [self.destination]))
        }
        if self.maybe(0.4):
            sources["ous"] = [self.dice.choice(("Workloads", "Workloads/Prod", "ou-abcd-33333333"))]
            if self.maybe(0.5):
                sources.pop("accounts")
        if self.maybe(0.7):
            sources["regions"] = [self.dice.choice(REGIONS)]
        if self.maybe(0.7):
            sources["repositories"] = self.dice.sample(self.prefixes()[:4], k=self.dice.choice((1, 2)))
        receivers = ("same", self.destination, self.destination, self.other)
        pairs = list(dict.fromkeys((account, region) for account in receivers for region in REGIONS))
        chosen = self.dice.sample(pairs, k=self.dice.choice((1, 1, 2)))
        if self.maybe(0.6):
            chosen = list(dict.fromkeys((self.target, *chosen[1:])))
        # ECR refuses a registry as its own destination, and a baseline that can ask for nothing else.
        own = {
            (account, region)
            for account in ("same", *sources.get("accounts", ()))
            for region in sources.get("regions", ())
        }
        chosen = [one for one in chosen if one not in own] or [(self.partner, REGIONS[0])]
        found: dict[str, Any] = {
            "name": f"{self.word} {number}",
            "sources": sources,
            "destinations": [{"account": account, "region": region} for account, region in chosen],
        }
        if self.maybe(0.5):
            found["delete_replication"] = self.maybe(0.5)
        return found

    def _settings(self) -> list[dict[str, Any]]:
        prefixes = self.dice.sample((self.word, f"{self.word}/", f"{self.word}/api"), k=self.dice.choice((0, 1, 2)))
        found = [{"repositories": [prefix], **self._setting()} for prefix in prefixes]
        if found and self.maybe(0.5):
            where = self.dice.choice(
                ({"accounts": [self.destination]}, {"regions": ["eu-west-1"]}, {"ous": ["Workloads"]})
            )
            found.append({**where, "repositories": found[0]["repositories"], **self._setting()})
        return found

    def _source_settings(self) -> list[dict[str, Any]]:
        found = {key: value for key, value in self._setting().items() if value != "same-as-source"}
        where: dict[str, Any] = self.dice.choice(({}, {"accounts": [self.source]}, {"regions": ["eu-west-1"]}))
        return [{**where, "repositories": [self.word], **found}] if found and self.maybe(0.8) else []

    def _setting(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.maybe(0.6):
            found["scanning"] = {"required": self.maybe(0.85), "type": self.dice.choice((None, "BASIC", "ENHANCED"))}
        if self.maybe(0.6):
            key = f"arn:aws:kms:{{region}}:{{account}}:key/{self.word}"
            kinds = (
                {"type": "AES256"},
                {"type": "KMS"},
                {"type": "KMS", "key": "customer"},
                {"type": "KMS", "key": key},
                None,
            )
            found["encryption"] = self.dice.choice(kinds)
        if self.maybe(0.7):
            document = json.loads(self.repository_policy())
            found["repository_policy"] = self.dice.choice(("required", "none", "same-as-source", document))
        if self.maybe(0.6):
            found["tag_mutability"] = self.dice.choice(("IMMUTABLE", "same-as-source", "IMMUTABLE_WITH_EXCLUSION"))
            if found["tag_mutability"].endswith("EXCLUSION"):
                found["mutability_exclusions"] = self.dice.choice((["latest"], ["v*"]))
        return found or {"scanning": {}}
