"""Encryption of destination repositories and templates, and whether the keys that they name can be used.

ECR user guide, encryption-at-rest.html: the key must lie in the repository's Region, and a repository keeps the
encryption it was created with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.tables.documents import Parsed
from checks.baseline import Settings
from checks.model import RegistryId

Keys = Mapping[RegistryId, Parsed[Mapping[str, Any]]]
"""For each registry what DescribeKey said about the keys named there: ARN → {"state": …, "region": …}."""

_CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """Columns about one named key, by the columns' names."""

    key_named: bool | None = None
    kms_key: str | None = None
    key_usable: bool | None = None
    key_problem: str | None = None


@dataclass(frozen=True, slots=True)
class EncryptionAnswer:
    """Columns of `replicas` about encryption, by the columns' names."""

    encryption_declared: bool | None = None
    encryption: str | None = None
    expected_encryption: str | None = None
    expected_kms_key: str | None = None
    encryption_as_declared: bool | None = None


def judge_key(key: str | None, place: RegistryId, keys: Parsed[Mapping[str, Any]]) -> KeyAnswer:
    """Judge the *key* that something in the registry *place* names; empty: it names none; None: not known."""
    if key is None:
        return KeyAnswer()
    if not key:
        return KeyAnswer(key_named=False, kms_key="")
    answer = KeyAnswer(key_named=True, kms_key=key)
    region = _region(key)
    if region and region != place[1]:
        return replace(answer, key_usable=False, key_problem=f"the key lies in {region}, not in {place[1]}")
    if keys.problem:
        return replace(answer, key_problem=keys.problem)
    facts = (keys.value or {}).get(key)
    state = facts.get("state") if isinstance(facts, dict) else None
    if state is None:
        return replace(answer, key_problem="the state of the key was not read")
    if state == "Enabled":
        return replace(answer, key_usable=True, key_problem="")
    problem = "the key does not exist" if state == "NotFound" else f"the key is in state {state}"
    return replace(answer, key_usable=False, key_problem=problem)


def judge_encryption(
    present: bool | None,
    wanted: Settings,
    encryption_type: str | None,
    key: str | None,
    place: RegistryId,
    keys: Parsed[Mapping[str, Any]],
) -> EncryptionAnswer:
    """Judge the encryption of a repository in the registry *place*."""
    expected = wanted.encryption
    if expected is None:
        return EncryptionAnswer(False, _told(encryption_type, key), "", "", None)
    asked = (
        "" if expected.key == _CUSTOMER else expected.key.replace("{region}", place[1]).replace("{account}", place[0])
    )
    answer = EncryptionAnswer(
        encryption_declared=present,
        encryption=_told(encryption_type, key),
        expected_encryption=_told_expected(expected.type, expected.key, asked),
        expected_kms_key=asked,
    )
    if not present or encryption_type is None or key is None:
        return answer
    return replace(
        answer, encryption_as_declared=_as_declared(expected.type, expected.key, asked, encryption_type, key, keys)
    )


def _as_declared(
    wanted_type: str, wanted_key: str, asked: str, encryption_type: str, key: str, keys: Parsed[Mapping[str, Any]]
) -> bool | None:
    if encryption_type != wanted_type:
        return False
    if not wanted_key:
        return True
    if wanted_key != _CUSTOMER:
        return key == asked
    return _is_customer_key(key, keys)


def _is_customer_key(key: str, keys: Parsed[Mapping[str, Any]]) -> bool | None:
    if not key or key.endswith(":alias/aws/ecr"):
        return False
    facts = (keys.value or {}).get(key)
    manager = facts.get("manager") if isinstance(facts, dict) else None
    return None if manager is None else manager == "CUSTOMER"


def _region(key: str) -> str:
    """Region of a key ARN (`arn:partition:kms:region:account:key/…`); empty for anything else."""
    fields = key.split(":", 5)
    return fields[3] if len(fields) == 6 and fields[0] == "arn" else ""


def _told(encryption_type: str | None, key: str | None) -> str | None:
    if encryption_type is None:
        return None
    if encryption_type == "AES256":
        return "AES-256"
    return f"{encryption_type} with key {key}" if key else f"{encryption_type} with the AWS managed key"


def _told_expected(encryption_type: str, key: str, asked: str) -> str:
    if encryption_type == "AES256":
        return "AES-256"
    if not key:
        return f"{encryption_type} with any key"
    return f"{encryption_type} with a customer key" if key == _CUSTOMER else f"{encryption_type} with key {asked}"
