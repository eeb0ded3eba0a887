"""ECR, scanning configuration. Source: ECR user guide, image-scanning-enhanced-enabling.html, and the service model."""

from __future__ import annotations

import json
import re
from typing import Any

from ecr_audit.simulator.calls import Call, Operations, Result
from ecr_audit.simulator.services.ecr_registry import bad_parameter
from ecr_audit.simulator.state import Registry, Repository
from ecr_audit.simulator.wire.errors import AwsError

_FREQUENCIES = {
    "BASIC": ("SCAN_ON_PUSH", "MANUAL"),
    "ENHANCED": ("CONTINUOUS_SCAN", "SCAN_ON_PUSH"),
}
"""Frequencies that each scan type allows."""


def _get_configuration(call: Call) -> Result:
    registry = call.registry()
    return {"registryId": registry.account, "scanningConfiguration": registry.scanning}


def _put_configuration(call: Call) -> Result:
    """Replaces the whole configuration; what is left out falls back to basic scanning without rules."""
    registry = call.registry()
    if _is_managed(call):
        message = "The operation did not succeed because the account is managed by an organization policy."
        raise AwsError("BlockedByOrganizationPolicyException", message)
    scan_type = call.parameters.get("scanType", "BASIC")
    rules = call.parameters.get("rules", [])
    for rule in rules:
        if rule["scanFrequency"] not in _FREQUENCIES[scan_type]:
            raise bad_parameter("scanFrequency", f"{rule['scanFrequency']} is not supported with scan type {scan_type}")
    registry.scanning = {"scanType": scan_type, "rules": json.loads(json.dumps(rules))}
    return {"registryScanningConfiguration": registry.scanning}


def _is_managed(call: Call) -> bool:
    """Whether an Inspector policy of the organization settles ECR scanning in this Region.

    Amazon Inspector user guide, managing-multiple-accounts.html: the policy's settings outrank the account's own.
    The exact condition of the error is not documented; the simulator takes the Regions that the policy lists.
    """
    policy = call.world.accounts[call.account].inspector_policy
    scanning = json.loads(policy or "{}").get("inspector", {}).get("enablement", {}).get("ecr_scanning", {})
    listed = [region for key in ("enable_in_regions", "disable_in_regions") for region in scanning.get(key, [])]
    return call.region in listed or "ALL_SUPPORTED" in listed


def filter_matches(pattern: str, name: str) -> bool:
    """A filter without `*` matches every name that contains it; with `*` it is a wildcard over the whole name."""
    if "*" not in pattern:
        return pattern in name
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), name) is not None


def effective_frequency(registry: Registry, name: str) -> tuple[str, list[dict[str, Any]]]:
    """Frequency and the filters that gave it; continuous scanning wins over scan on push, and no match is MANUAL."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in registry.scanning.get("rules", []):
        matching = [entry for entry in rule["repositoryFilters"] if filter_matches(entry["filter"], name)]
        if matching:
            found.setdefault(rule["scanFrequency"], []).extend(matching)
    for frequency in ("CONTINUOUS_SCAN", "SCAN_ON_PUSH"):
        if frequency in found:
            return frequency, found[frequency]
    return "MANUAL", found.get("MANUAL", [])


def _row(registry: Registry, repository: Repository) -> Result:
    frequency, filters = effective_frequency(registry, repository.name)
    return {
        "repositoryArn": registry.repository_arn(repository.name),
        "repositoryName": repository.name,
        "scanOnPush": frequency == "SCAN_ON_PUSH",
        "scanFrequency": frequency,
        "appliedScanFilters": filters,
    }


def _batch_get(call: Call) -> Result:
    registry = call.registry()
    rows, failures = [], []
    for name in call.parameters["repositoryNames"]:
        repository = registry.repositories.get(name)
        if repository is not None:
            rows.append(_row(registry, repository))
            continue
        failures.append(
            {
                "repositoryName": name,
                "failureCode": "REPOSITORY_NOT_FOUND",
                "failureReason": f"The repository with name '{name}' does not exist",
            }
        )
    return {"scanningConfigurations": rows, "failures": failures}


def _put_image_scanning_configuration(call: Call) -> Result:
    """The deprecated setting of one repository: stored and returned, without effect on the effective frequency."""
    registry, repository = call.repository()
    wanted = bool(call.parameters["imageScanningConfiguration"].get("scanOnPush", False))
    repository.scan_on_push = wanted
    return {
        "registryId": registry.account,
        "repositoryName": repository.name,
        "imageScanningConfiguration": {"scanOnPush": wanted},
    }


OPERATIONS: Operations = {
    "GetRegistryScanningConfiguration": _get_configuration,
    "PutRegistryScanningConfiguration": _put_configuration,
    "BatchGetRepositoryScanningConfiguration": _batch_get,
    "PutImageScanningConfiguration": _put_image_scanning_configuration,
}
