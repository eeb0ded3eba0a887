"""Every table as declared: columns, order, types, keys, order of rows; whatever the evidence."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

import pandas as pd
import pytest

from audit.evidence import Evidence, RegistryEvidence, RegistryRecord
from audit.tables import build_tables
from checks.tables import TABLES, Type
from tests.audit.tables.worlds import (
    BACKUP,
    DIGESTS,
    HUB,
    REGION,
    STRANGER,
    THIRD,
    baseline,
    evidence,
    gap,
    grant,
    image,
    registry,
    replica_of,
    repository,
    requirement,
    rule,
)


def rich() -> Evidence:
    """A world in which no table is empty, given in an order that is not the tables'."""
    template = {"prefix": "prod/", "appliedFor": ["REPLICATION"]}
    names = [f"prod/{name}" for name in ["zebra", "yak", "api", "web"]] + ["dev/tool"]
    hub = registry(
        HUB,
        rules=[
            rule(f"{BACKUP}/{REGION}", f"{STRANGER}/us-east-1", prefixes=["prod/"], delete=True),
            rule(f"{HUB}/eu-central-1"),
        ],
        repositories=[repository(name, *(image(digest, name[-3:]) for digest in DIGESTS[:3])) for name in names],
        gaps=[gap("ecr:ListTagsForResource", HUB)],
    )
    backup = registry(
        BACKUP,
        registry_policy=grant(HUB, resource="arn:aws:ecr:eu-west-1:222222222222:repository/prod/*"),
        repositories=[repository(name, image(DIGESTS[1], "1.0"), image(DIGESTS[4])) for name in names[1:4]],
        templates=json.dumps([template, {"prefix": "ROOT", "appliedFor": ["PULL_THROUGH_CACHE"]}]),
    )
    third = registry(THIRD, registry_policy="{", rules=[rule(f"{BACKUP}/{REGION}")], repositories=[repository("x1")])
    return evidence(third, hub, backup, gaps=(gap("organizations:ListRoots", "", ""),))


WANTED = baseline(requirement(f"{BACKUP}/{REGION}", f"{THIRD}/{REGION}", repositories=["prod/", "dev/"]))

WORLDS: Mapping[str, Evidence] = {
    "rich": rich(),
    "no registries": evidence(),
    "nothing read": evidence(
        *(RegistryEvidence(RegistryRecord(account, REGION, "aws")) for account in (HUB, BACKUP)),
    ),
    "one registry": evidence(registry(HUB, repositories=[repository("api", image(DIGESTS[0]))])),
    "identical": replica_of(image(DIGESTS[0], "1.0"), there=[image(DIGESTS[0], "1.0")]),
}

DTYPES = {Type.BOOLEAN: "boolean", Type.INTEGER: "Int64", Type.TIME: "datetime64[us, UTC]"}


@pytest.mark.parametrize("name", WORLDS)
def test_tables_are_as_declared(name: str) -> None:
    tables = build_tables(WORLDS[name], WANTED)
    assert list(tables) == [table.name for table in TABLES]
    for table in TABLES:
        frame = tables[table.name]
        assert tuple(frame.columns) == table.names
        assert isinstance(frame.index, pd.RangeIndex)
        for column in table.columns:
            dtype = frame[column.name].dtype
            if column.type is Type.TEXT:
                held = dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype
                assert isinstance(held, pd.StringDtype), (table.name, column.name)
            else:
                assert str(dtype) == DTYPES[column.type], (table.name, column.name)


@pytest.mark.parametrize("name", WORLDS)
def test_keys_are_known_unique_and_sorted(name: str) -> None:
    tables = build_tables(WORLDS[name], WANTED)
    for table in TABLES:
        keys = list(tables[table.name][list(table.key)].itertuples(index=False, name=None))
        assert not any(pd.isna(part) for key in keys for part in key), table.name
        assert len(set(keys)) == len(keys), table.name
        assert keys == sorted(keys), table.name


def test_the_rich_world_fills_every_table() -> None:
    # These are filled from the results of the checks.
    assert [name for name, frame in build_tables(rich(), WANTED).items() if frame.empty] == ["waivers", "unknown_rows"]


def test_the_order_of_the_evidence_does_not_matter() -> None:
    world = rich()
    parts = list(world.registries)
    random.Random(7).shuffle(parts)
    expected, found = build_tables(world, WANTED), build_tables(evidence(*parts, gaps=world.gaps), WANTED)
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(frame.astype(object), found[name].astype(object), check_categorical=False)
