"""Worlds: what is refused and how, what a snapshot is, and what the demo world promises."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from checks.baseline.loading import load_baseline
from ecr_audit.simulator import DEMO_BASELINE, DEMO_WORLD, Simulation, World, WorldError, load_world, world_schema
from tests.ecr_audit.simulator.worlds import SOURCE, TARGET, client, world_document

REGISTRY = {"account": SOURCE, "region": "eu-west-1"}


@pytest.fixture(scope="module")
def demo() -> World:
    return load_world(DEMO_WORLD)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(world_schema())


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"accounts": []}, "accounts: "),
        ({"colour": 1}, "the document: unknown key 'colour'; known are accounts, "),
        ({"accounts": [{"id": 100000000001, "name": "x"}]}, r"accounts\[0\]\.id: .*put account ids in quotes"),
        (
            {"registries": [{"account": "999999999999", "region": "eu-west-1"}]},
            r"registries\[0\]\.account: .*not among",
        ),
        ({"registries": [{"account": SOURCE, "region": "eu-west-1"}] * 2}, r"registries\[0\]: .*given 2 times"),
        (
            {
                "registries": [
                    {**REGISTRY, "rules": [{"destinations": [], "repositoryFilters": [{"filterType": "NEW"}]}]}
                ]
            },
            r"rules\[0\]\.repositoryFilters\[0\]\.filterType: 'NEW' is not one of PREFIX_MATCH",
        ),
        (
            {"registries": [{**REGISTRY, "scanning": {"rules": [{"frequency": "x"}]}}]},
            r"scanning\.rules\[0\]\.frequency: unknown key",
        ),
        ({"faults": [{"operation": "ecr:Nonsense", "kind": "deny"}]}, r"faults\[0\]\.operation: ecr has no operation"),
        ({"faults": [{"operation": "ecr:*", "kind": "explode"}]}, r"faults\[0\]\.kind: "),
        ({"now": "yesterday"}, "now: "),
    ],
)
def test_a_bad_world_is_explained(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(WorldError, match=problem):
        World.from_document({**world_document(), **change})


def test_all_problems_are_reported_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text('version: 1\naccounts:\n  - id: "1"\n    name: x\n  - id: "100000000001"\n    nam: y\n')
    with pytest.raises(WorldError) as error:
        load_world(path)
    assert len(error.value.problems) == 3
    assert f"{path}:3: accounts[0].id: " in error.value.problems[0]
    assert all(f"{path}:5: accounts[1]: " in problem for problem in error.value.problems[1:])


@pytest.mark.parametrize(
    ("text", "words"), [("a: [", ":1:"), ("- 1", "not of type 'object'"), ("", "not of type 'object'")]
)
def test_no_world_at_all(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(text)
    with pytest.raises(WorldError, match=words):
        load_world(path)
    with pytest.raises(WorldError, match="cannot be read"):
        load_world(tmp_path / "absent.yaml")


def test_two_images_of_one_digest_are_refused() -> None:
    document = world_document()
    document["registries"][0]["repositories"][0]["images"] = [{"content": "a"}, {"content": "a"}]
    with pytest.raises(WorldError, match="two images have the digest"):
        World.from_document(document)


def test_a_snapshot_changes_with_writes_and_not_with_reads(simulation: Simulation) -> None:
    before = simulation.snapshot()
    ecr = client(simulation, "ecr", SOURCE)
    ecr.describe_registry()
    ecr.describe_images(repositoryName="app/web")
    client(simulation, "ecr", TARGET, "us-east-1").describe_repositories()
    client(simulation, "organizations").list_accounts()
    assert simulation.snapshot() == before
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    changed = simulation.snapshot()
    assert changed != before
    ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    assert simulation.snapshot() == before
    assert changed["registries"][0]["settings"] == {"BLOB_MOUNTING": "ENABLED"}  # what was handed out stays as it was


def test_a_snapshot_is_a_world(demo: World) -> None:
    document = demo.to_document()
    assert World.from_document(document).to_document() == document


def test_the_demo_world_holds_what_is_promised(demo: World) -> None:
    members = [account for account in demo.accounts.values() if account.member]
    assert len(members) >= 12
    assert len({region for account in members for region in account.regions}) == 5
    own = [registry for registry in demo.registries() if demo.accounts[registry.account].member]
    assert sum(len(registry.repositories) for registry in own) >= 150
    depths = {demo.organization_path(account.id) for account in members}
    assert max(str(path).count("/") for path in depths) == 5  # o-…/r-…/Workloads/Production/Europe/
    states = Counter(account.state for account in members)
    assert states == {"ACTIVE": 15, "SUSPENDED": 1}
    assert {fault.kind for fault in demo.faults} == {"deny", "deny-scp", "throttle"}


def test_the_demo_baseline_needs_one_destination_too_many(demo: World) -> None:
    baseline = load_baseline(DEMO_BASELINE.read_text(encoding="utf-8"), DEMO_BASELINE.name)
    (base,) = [rule for rule in baseline.replication if rule.sources.repositories == ("base/",)]
    assert len(base.destinations) == 26
    (shared,) = base.sources.accounts
    (rule,) = demo.registry(shared, "eu-west-1").rules
    assert len(rule["destinations"]) == 25


def test_most_of_the_demo_is_well(demo: World) -> None:
    outcomes = Counter(
        outcome.status
        for registry in demo.registries()
        for repository in registry.repositories.values()
        for image in repository.images.values()
        for outcome in image.replication.values()
    )
    assert outcomes["COMPLETE"] > 3 * outcomes["FAILED"] > 0
