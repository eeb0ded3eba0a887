"""Encryption of destination repositories and templates, and the state of their KMS keys.

ECR user guide, encryption-at-rest.html: the key must be in the repository's Region, and a repository keeps the
encryption it was created with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.tables.documents import Parsed
from checks.baseline.sections import Encryption, Settings
from checks.model import RegistryId

Keys = Mapping[RegistryId, Parsed[Mapping[str, Any]]]
"""For each registry the results of DescribeKey for the keys that it uses: ARN → {"state": …, "region": …}."""

_CUSTOMER = "customer"
"""The baseline's value for any customer managed key."""


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """Columns about one KMS key, by the columns' names."""

    key_named: bool | None = None
    kms_key: str | None = None
    key_state: str | None = None
    key_state_unknown: str | None = None


@dataclass(frozen=True, slots=True)
class EncryptionAnswer:
    """Columns of `replicas` about encryption, by the columns' names."""

    encryption_required: bool | None = None
    encryption: str | None = None
    encryption_in_baseline_terms: str | None = None
    expected_encryption: str | None = None
    expected_kms_key: str | None = None


def check_key(key: str | None, place: RegistryId, keys: Parsed[Mapping[str, Any]]) -> KeyAnswer:
    """State of the *key* that a repository or template in the registry *place* uses; empty: no key; None: unknown.

    The state is KMS's own (`Enabled`, `Disabled`, `PendingDeletion` …), `NotFound`, or `in <Region>` for a key in
    another Region, which cannot be used in any state.
    """
    if key is None:
        return KeyAnswer()
    if not key:
        return KeyAnswer(key_named=False, kms_key="")
    answer = KeyAnswer(key_named=True, kms_key=key)
    region = _region(key)
    if region and region != place[1]:
        return replace(answer, key_state=f"in {region}", key_state_unknown="")
    if keys.problem:
        return replace(answer, key_state_unknown=keys.problem)
    facts = (keys.value or {}).get(key)
    state = facts.get("state") if isinstance(facts, dict) else None
    if state is None:
        return replace(answer, key_state_unknown="the state of the key was not read")
    return replace(answer, key_state=str(state), key_state_unknown="")


def compare_encryption(
    present: bool | None,
    wanted: Settings,
    encryption_type: str | None,
    key: str | None,
    place: RegistryId,
    keys: Parsed[Mapping[str, Any]],
) -> EncryptionAnswer:
    """The encryption of a repository in the registry *place*, and what the baseline requires there."""
    required, held = wanted.encryption, _in_words(encryption_type, key)
    if required is None:
        return EncryptionAnswer(False, held, "", "", "")
    key_required = "" if required.key == _CUSTOMER else _filled(required.key, place)
    expected = _required_in_words(required, key_required)
    return EncryptionAnswer(
        encryption_required=present,
        encryption=held,
        encryption_in_baseline_terms=_in_terms_of(required, expected, encryption_type, key, keys) if present else None,
        expected_encryption=expected,
        expected_kms_key=key_required,
    )


def _filled(key: str, place: RegistryId) -> str:
    return key.replace("{region}", place[1]).replace("{account}", place[0])


def _in_terms_of(
    required: Encryption,
    expected: str,
    encryption_type: str | None,
    key: str | None,
    keys: Parsed[Mapping[str, Any]],
) -> str | None:
    """The encryption in as much detail as *required* has: the text *expected* where it matches; None: unknown.

    The baseline may leave the key open, and require only that it is a customer managed key.
    """
    held = _in_words(encryption_type, key)
    if held is None or key is None:
        return None
    if encryption_type != required.type or required.key not in ("", _CUSTOMER):
        return held
    if not required.key:
        return expected
    customer = _is_customer_key(key, keys)
    return None if customer is None else expected if customer else f"{encryption_type} with the AWS managed key"


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


def _in_words(encryption_type: str | None, key: str | None) -> str | None:
    if encryption_type is None:
        return None
    if encryption_type == "AES256":
        return "AES-256"
    return f"{encryption_type} with key {key}" if key else f"{encryption_type} with the AWS managed key"


def _required_in_words(required: Encryption, key: str) -> str:
    """*key*: that of *required*, with its account and Region filled in."""
    if required.type == "AES256":
        return "AES-256"
    if not required.key:
        return f"{required.type} with any key"
    return f"{required.type} with {'a customer managed key' if required.key == _CUSTOMER else f'key {key}'}"
