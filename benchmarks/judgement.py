"""A million replicas through `build_tables` and every check: seconds and peak memory, on one core.

Forty thousand repositories in 40 source registries, each replicated to 25 destinations, so a million destination
repositories, of which one in a hundred is misconfigured:

    python -m benchmarks.judgement [--sources 40] [--repositories 40000] [--destinations 25] [--images 0] [--wrong 0.01]

Great Expectations is imported before the clock starts: in a run its import overlaps the collection.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from typing import Any

from audit.evidence import (
    IMAGE_COLUMNS,
    AccountRecord,
    CallCounts,
    Columns,
    Evidence,
    OrganizationRecord,
    RegionRecord,
    RegistryEvidence,
    RegistryRecord,
    empty_columns,
)
from audit.tables import build_tables
from checks.baseline.schema import Baseline
from checks.catalog import CHECKS
from checks.engine.evaluation import evaluate
from checks.engine.great_expectations import load_engine
from checks.model import RemediationContext

NOW = 1_795_000_000.0
REGION = "eu-west-1"
_NEWEST = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50}
LIFECYCLE = json.dumps({"rules": [{"rulePriority": 1, "selection": _NEWEST, "action": {"type": "expire"}}]})
TEAMS = ("prod", "stage", "dev", "tools", "shared")


def main() -> None:
    options = _options()
    evidence, baseline = _evidence(options), _baseline(options)
    load_engine()
    before = _peak_megabytes()
    clock = Clock()
    tables = build_tables(evidence, baseline)
    clock.lap("build_tables")
    registries = {(row["account"], row["region"]): row for row in tables["registries"].to_dict("records")}
    evaluation = evaluate(CHECKS, tables, RemediationContext(baseline, "o-a", registries))
    clock.lap(f"{len(CHECKS)} checks")
    rows, findings = len(tables["replicas"]), sum(len(result.findings) for result in evaluation.results)
    print(f"{rows:,} replicas, {len(tables['links']):,} links, {findings:,} findings")
    clock.total(f"before {before:,.0f} MiB, peak {_peak_megabytes():,.0f} MiB (aim: 20 s, 2,048 MiB)")


class Clock:
    """Wall and CPU seconds per step."""

    def __init__(self) -> None:
        """Start the clock."""
        self.begun = self.last = (time.perf_counter(), time.process_time())

    def lap(self, what: str) -> None:
        """Print the time since the last step."""
        now = (time.perf_counter(), time.process_time())
        print(f"  {what:<14} wall {now[0] - self.last[0]:6.2f} s, CPU {now[1] - self.last[1]:6.2f} s")
        self.last = now

    def total(self, rest: str) -> None:
        """Print the total time."""
        wall, cpu = time.perf_counter() - self.begun[0], time.process_time() - self.begun[1]
        print(f"  {'total':<14} wall {wall:6.2f} s, CPU {cpu:6.2f} s, {rest}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=40, help="source registries")
    parser.add_argument("--repositories", type=int, default=40_000, help="total number of source repositories")
    parser.add_argument("--destinations", type=int, default=25, help="destination registries")
    parser.add_argument("--images", type=int, default=0, help="images per repository")
    parser.add_argument("--differing", type=float, default=0.01, help="share of replicas that lack an image")
    parser.add_argument("--wrong", type=float, default=0.01, help="share of misconfigured repositories")
    parser.add_argument("--narrow", action="store_true", help="grants that cover part of the names only")
    return parser.parse_args()


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _account(number: int) -> str:
    return f"{number:012d}"


def _names(options: argparse.Namespace, source: int) -> list[str]:
    share = options.repositories // options.sources
    return [f"{TEAMS[at % len(TEAMS)]}/source-{source:03d}/service-{at:06d}" for at in range(share)]


def _evidence(options: argparse.Namespace) -> Evidence:
    sources = [_account(100 + at) for at in range(options.sources)]
    destinations = [_account(900_000 + at) for at in range(options.destinations)]
    accounts = [*sources, *destinations]
    return Evidence(
        organization=OrganizationRecord("o-a", sources[0], "Scale"),
        caller_account=sources[0],
        partition="aws",
        accounts=tuple(AccountRecord(one, one, "ACTIVE", "Root/Work", "o-a/r-b/ou-c/") for one in accounts),
        regions=tuple(RegionRecord(one, REGION, "ENABLED_BY_DEFAULT") for one in accounts),
        registries=tuple(_registries(options, sources, destinations)),
        gaps=(),
        calls=CallCounts(),
        started_at=NOW,
    )


def _registries(options: argparse.Namespace, sources: list[str], destinations: list[str]) -> Iterator[RegistryEvidence]:
    places = [{"region": REGION, "registryId": account} for account in destinations]
    filters = [{"filter": f"{team}/", "filterType": "PREFIX_MATCH"} for team in TEAMS]
    rules = json.dumps({"rules": [{"destinations": places, "repositoryFilters": filters}]})
    names = [_names(options, at) for at in range(len(sources))]
    for account, mine in zip(sources, names, strict=True):
        yield _registry(account, mine, options, replication_configuration=rules, registry_policy="", lacking=0.0)
    everything = [name for mine in names for name in mine]
    policy = _policy(options)
    nothing = json.dumps({"rules": []})
    for account in destinations:
        yield _registry(
            account,
            everything,
            options,
            replication_configuration=nothing,
            registry_policy=policy,
            lacking=options.differing,
        )


def _policy(options: argparse.Namespace) -> str:
    resource_pattern = "arn:aws:ecr:*:*:repository/*1" if options.narrow else "*"
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a"}},
        "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
        "Resource": resource_pattern,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _registry(
    account: str, names: list[str], options: argparse.Namespace, *, lacking: float, **record: Any
) -> RegistryEvidence:
    count = len(names)
    every = int(1 / options.wrong) if options.wrong else 0
    wrong = [bool(every and at % every == 0) for at in range(count)]
    return RegistryEvidence(
        registry=RegistryRecord(
            account, REGION, "aws", detail="full", templates="[]", policy_scope="V2", repositories_read=True,
            scanning_configuration='{"scanType":"BASIC"}', **record,
        ),
        repositories={
            "account": [account] * count,
            "region": [REGION] * count,
            "repository": names,
            "created_at": [NOW - 1e6] * count,
            "tag_mutability": ["MUTABLE" if one else "IMMUTABLE" for one in wrong],
            "mutability_exclusions": ["[]"] * count,
            "encryption_type": ["AES256"] * count,
            "kms_key": [""] * count,
            "detailed": [True] * count,
            "repository_policy": [""] * count,
            "lifecycle_policy": ["" if one else LIFECYCLE for one in wrong],
            "tags": ["{}"] * count,
            "scan_frequency": ["SCAN_ON_PUSH"] * count,
            "image_count": _image_counts(count, options, lacking),
        },
        images=_images(account, names, options, lacking),
    )  # fmt: skip


def _image_counts(count: int, options: argparse.Namespace, lacking: float) -> list[int]:
    every = int(1 / lacking) if lacking and options.images else 0
    return [options.images - bool(every and at % every == 0) for at in range(count)]


def _images(account: str, names: list[str], options: argparse.Namespace, lacking: float) -> Columns:
    columns = empty_columns(IMAGE_COLUMNS)
    counts = _image_counts(len(names), options, lacking)
    for name, count in zip(names, counts, strict=True):
        columns["repository"].extend([name] * count)
        columns["digest"].extend(f"sha256:{name}{at:04d}" for at in range(count))
        columns["tags"].extend(f'["1.{at}"]' for at in range(count))
    total = len(columns["repository"])
    columns["account"] = [account] * total
    columns["region"] = [REGION] * total
    columns["pushed_at"] = [NOW - 1e6] * total
    columns["status"] = ["ACTIVE"] * total
    columns["subject_digest"] = [""] * total
    columns["size_bytes"] = [1] * total
    return columns


def _baseline(options: argparse.Namespace) -> Baseline:
    places = [{"account": _account(900_000 + at), "region": REGION} for at in range(options.destinations)]
    hubs = [_account(100 + at) for at in range(options.sources)]
    return Baseline.model_validate(
        {
            "replication": [
                {"name": "prod", "sources": {"accounts": hubs, "repositories": ["prod/"]}, "destinations": places},
                {
                    "name": "stage",
                    "sources": {"accounts": hubs, "repositories": ["stage/"]},
                    "destinations": places[:5],
                },
            ],
            "settings": [
                {"tag_mutability": "IMMUTABLE", "lifecycle_policy": "required", "scanning": {"required": True}},
                {"repositories": ["dev/"], "tag_mutability": "same-as-source", "lifecycle_policy": "same-as-source"},
                {"repositories": ["prod/"], "encryption": {"type": "AES256"}},
            ],
        }
    )


if __name__ == "__main__":
    main()
