"""Whatever can be declared under `settings` is judged against what was declared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from checks.baseline.judged_settings import JUDGED_SETTINGS, JUDGED_SOURCE_SETTINGS, SELECTING_KEYS
from checks.baseline.sections import Settings
from checks.baseline.source_settings import SourceSettings
from checks.catalog import find
from tests.audit.tables.worlds import BACKUP, REGION, baseline, build, replica_of, rule
from tests.checks.plain_expectations import status


def keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every key of *model*, with those of the models in it (`scanning.type`)."""
    for name, field in model.model_fields.items():
        inner = [one for one in getattr(field.annotation, "__args__", ()) if _is_model(one)]
        if inner:
            yield from keys(inner[0], f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


@pytest.mark.parametrize(("judged", "model"), [(JUDGED_SETTINGS, Settings), (JUDGED_SOURCE_SETTINGS, SourceSettings)])
def test_every_key_is_listed(judged: Mapping[str, Any], model: type[BaseModel]) -> None:
    assert {*judged, *SELECTING_KEYS} == set(keys(model))


@pytest.mark.parametrize(
    "name",
    sorted(
        {name for judged in (JUDGED_SETTINGS, JUDGED_SOURCE_SETTINGS) for names in judged.values() for name in names}
    ),
)
def test_every_check_exists_and_compares_with_a_column_or_a_value(name: str) -> None:
    (check,) = find(name)
    assert check.expect.expected
    assert set(check.expect.facts) <= set(check.table.names)


def lifecycle(number: int) -> dict[str, Any]:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": number}
    return {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}


def policy(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": action}]}


PULL, PUT = policy("ecr:BatchGetImage"), policy("ecr:PutImage")
KEY = f"arn:aws:kms:{REGION}:{BACKUP}:key"
KMS = {"type": "KMS", "key": "arn:aws:kms:{region}:{account}:key/a"}
LATEST = {"tag_mutability": "IMMUTABLE_WITH_EXCLUSION", "mutability_exclusions": ["latest"]}
DELETING = {"hub": {"rules": [rule(f"{BACKUP}/{REGION}", delete=True)]}}
World = Mapping[str, Any]


def here(**columns: Any) -> World:
    """A replica with these columns, documents as text."""
    texts = {name: one if isinstance(one, str) else json.dumps(one) for name, one in columns.items()}
    return {"here": texts}


def of(**columns: Any) -> World:
    """A source with these columns."""
    return {"source": here(**columns)["here"]}


def scanned(kind: str, frequency: str) -> World:
    """A replica with this effective frequency, in registries of this scan type."""
    held = {"scanning_configuration": json.dumps({"scanType": kind, "rules": []})}
    return {**here(scan_frequency=frequency), "hub": held, "backup": held}


def encrypted(kind: str, key: str = "") -> World:
    return here(encryption_type=kind, kms_key=f"{KEY}/{key}" if key else "")


CASES: tuple[tuple[str, dict[str, Any], World, World], ...] = (
    (
        "tag_mutability", {"tag_mutability": "IMMUTABLE"},
        here(tag_mutability="IMMUTABLE"), here(tag_mutability="MUTABLE"),
    ),
    ("tag_mutability", {"tag_mutability": "same-as-source"}, {**here(**LATEST), **of(**LATEST)}, of(**LATEST)),
    (
        "mutability_exclusions", LATEST,
        here(**LATEST), here(**{**LATEST, "mutability_exclusions": ["latest", "v*"]}),
    ),
    ("scanning.required", {"scanning": {}}, scanned("BASIC", "SCAN_ON_PUSH"), scanned("BASIC", "MANUAL")),
    (
        "scanning.type", {"scanning": {"type": "ENHANCED"}},
        scanned("ENHANCED", "SCAN_ON_PUSH"), scanned("BASIC", "SCAN_ON_PUSH"),
    ),
    (
        "scanning.frequency", {"scanning": {"frequency": "CONTINUOUS_SCAN"}},
        scanned("ENHANCED", "CONTINUOUS_SCAN"), scanned("ENHANCED", "SCAN_ON_PUSH"),
    ),
    ("encryption.type", {"encryption": {"type": "KMS"}}, encrypted("KMS", "a"), encrypted("AES256")),
    ("encryption.key", {"encryption": KMS}, encrypted("KMS", "a"), encrypted("KMS", "b")),
    (
        "lifecycle_policy", {"lifecycle_policy": "required"},
        here(lifecycle_policy=lifecycle(9)), here(lifecycle_policy=""),
    ),
    (
        "lifecycle_policy", {"lifecycle_policy": lifecycle(9)},
        here(lifecycle_policy=lifecycle(9)), here(lifecycle_policy=lifecycle(99)),
    ),
    (
        "lifecycle_policy", {"lifecycle_policy": lifecycle(9)},
        here(lifecycle_policy=lifecycle(9)), here(lifecycle_policy=""),
    ),
    (
        "lifecycle_policy", {"lifecycle_policy": lifecycle(9)},
        {**DELETING, **here(lifecycle_policy=lifecycle(9))}, {**DELETING, **here(lifecycle_policy="")},
    ),
    (
        "lifecycle_policy", {"lifecycle_policy": "same-as-source"},
        {**here(lifecycle_policy=lifecycle(9)), **of(lifecycle_policy=lifecycle(9))},
        {**here(lifecycle_policy=lifecycle(99)), **of(lifecycle_policy=lifecycle(9))},
    ),
    ("lifecycle_policy", {"lifecycle_policy": "same-as-source"}, {}, here(lifecycle_policy=lifecycle(9))),
    (
        "repository_policy", {"repository_policy": "required"},
        here(repository_policy=PULL), here(repository_policy=""),
    ),
    ("repository_policy", {"repository_policy": "none"}, here(repository_policy=""), here(repository_policy=PULL)),
    ("repository_policy", {"repository_policy": PULL}, here(repository_policy=PULL), here(repository_policy=PUT)),
    (
        "repository_policy", {"repository_policy": "same-as-source"},
        {**here(repository_policy=PULL), **of(repository_policy=PULL)},
        {**here(repository_policy=PUT), **of(repository_policy=PULL)},
    ),
    ("tags", {"tags": {"owner": "a"}}, here(tags={"owner": "a"}), here(tags={"owner": "b"})),
)  # fmt: skip


def statuses(key: str, declared: Mapping[str, Any], world: Mapping[str, Any]) -> set[str]:
    """What the checks of *key* say about the replica of *world*."""
    row = build(replica_of(**world), baseline(settings=[declared])).only("replicas")
    checks = [check for name in JUDGED_SETTINGS[key] for check in find(name)]
    return {status(check, row) for check in checks if check.table.name == "replicas"}


@pytest.mark.parametrize(("key", "declared", "alike", "different"), CASES)
def test_a_replica_is_compared_with_what_was_declared(key: str, declared: Any, alike: Any, different: Any) -> None:
    assert statuses(key, declared, alike) <= {"pass", "not_applicable"}
    assert "fail" in statuses(key, declared, different)


def test_every_key_has_a_case() -> None:
    assert {key for key, *_ in CASES} == set(JUDGED_SETTINGS)
