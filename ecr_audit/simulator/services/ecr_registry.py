"""ECR, the registry as a whole: replication rules, registry policy, account settings, signing, exclusions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from checks.model import RegistryId
from ecr_audit.simulator.calls import Call, Operations, Result, refused
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.state import DEFAULT_SETTINGS, Document, Registry
from ecr_audit.simulator.wire.errors import AwsError
from ecr_audit.simulator.wire.models import partition_of, partition_regions

DESTINATIONS_LIMIT = 25
"""Unique (account, Region) pairs over all rules of one registry (ECR user guide, service-quotas.html)."""

_SETTING_VALUES = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "REGISTRY_POLICY_SCOPE": ("V2",),
    "BLOB_MOUNTING": ("ENABLED", "DISABLED"),
}
"""Values that PutAccountSetting takes (service model: Clair and V1 are gone)."""


def bad_parameter(name: str, constraint: str) -> AwsError:
    """ECR's refusal of one parameter."""
    return AwsError(
        "InvalidParameterException", f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'"
    )


def _describe_registry(call: Call) -> Result:
    registry = call.registry()
    return {"registryId": registry.account, "replicationConfiguration": {"rules": registry.rules}}


def _put_replication_configuration(call: Call) -> Result:
    """Replaces the whole document; the first put of an account makes the service-linked role (slr-replication.html)."""
    registry = call.registry()
    rules: list[Document] = call.parameters["replicationConfiguration"]["rules"]
    pairs = set(destinations(rules))
    if (registry.account, registry.region) in pairs:
        raise bad_parameter(
            "replicationConfiguration", "Replication destination cannot be the same as the source registry"
        )
    limit = int(call.world.quotas.get("L-24725E9A", DESTINATIONS_LIMIT))
    if len(pairs) > limit:
        raise bad_parameter(
            "replicationConfiguration", f"Number of unique destinations must be less than or equal to {limit}"
        )
    known = set(destinations(registry.rules))
    for account, region in sorted(pairs - known):
        if region not in partition_regions(registry.partition):
            raise refused(f"a destination {account}/{region} outside the Regions of partition {registry.partition}")
    registry.rules = json.loads(json.dumps(rules))
    if rules:
        call.world.accounts[call.account].service_linked_role = True
    return {"replicationConfiguration": {"rules": registry.rules}}


def destinations(rules: list[Document]) -> Iterator[RegistryId]:
    """(account, Region) of every destination of *rules*, repeated where rules repeat it."""
    for rule in rules:
        for destination in rule["destinations"]:
            yield RegistryId(destination["registryId"], destination["region"])


def _get_registry_policy(call: Call) -> Result:
    registry = call.registry()
    if not registry.policy:
        raise _no_policy(registry)
    return {"registryId": registry.account, "policyText": registry.policy}


def _delete_registry_policy(call: Call) -> Result:
    registry = call.registry()
    if not registry.policy:
        raise _no_policy(registry)
    text, registry.policy = registry.policy, ""
    return {"registryId": registry.account, "policyText": text}


def _no_policy(registry: Registry) -> AwsError:
    return AwsError(
        "RegistryPolicyNotFoundException",
        f"Registry policy does not exist in the registry with id '{registry.account}'",
    )


def _put_registry_policy(call: Call) -> Result:
    registry, text = call.registry(), call.parameters["policyText"]
    check_policy(text, "PolicyText", "Invalid registry policy provided")
    registry.policy = text
    return {"registryId": registry.account, "policyText": text}


def check_policy(text: str, parameter: str, complaint: str) -> None:
    """What ECR checks of a policy document: its form and that every action is ECR's; ARNs are not checked.

    ECR accepts a Resource without the service segment (aws/containers-roadmap issue 2675), and every ECR action
    under policy scope V2 (registry-permissions.html).
    """
    try:
        document = json.loads(text)
    except ValueError:
        raise bad_parameter(parameter, complaint) from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise bad_parameter(parameter, complaint)
    for statement in statements:
        if not _well_formed(statement):
            raise bad_parameter(parameter, complaint)


def _well_formed(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    if ("Principal" in statement) == ("NotPrincipal" in statement):
        return False
    if ("Action" in statement) == ("NotAction" in statement):
        return False
    named = statement.get("Action", statement.get("NotAction"))
    actions = [named] if isinstance(named, str) else named
    if not isinstance(actions, list) or not actions:
        return False
    return all(isinstance(action, str) and (action == "*" or action.lower().startswith("ecr:")) for action in actions)


def _get_account_setting(call: Call) -> Result:
    name = _setting_name(call)
    return {"name": name, "value": call.registry().settings.get(name, DEFAULT_SETTINGS[name])}


def _put_account_setting(call: Call) -> Result:
    name, value = _setting_name(call), call.parameters["value"]
    if value not in _SETTING_VALUES[name]:
        raise bad_parameter("value", f"must be one of {', '.join(_SETTING_VALUES[name])}")
    settings = call.registry().settings
    if value == DEFAULT_SETTINGS[name]:
        settings.pop(name, None)
    else:
        settings[name] = value
    return {"name": name, "value": value}


def _setting_name(call: Call) -> str:
    name = call.parameters["name"]
    if name not in _SETTING_VALUES:
        raise bad_parameter("name", f"must be one of {', '.join(_SETTING_VALUES)}")
    return str(name)


def _get_signing_configuration(call: Call) -> Result:
    registry = call.registry()
    if registry.signing is None:
        raise _no_signing(registry)
    return {"registryId": registry.account, "signingConfiguration": registry.signing}


def _put_signing_configuration(call: Call) -> Result:
    registry = call.registry()
    registry.signing = json.loads(json.dumps(call.parameters["signingConfiguration"]))
    return {"signingConfiguration": registry.signing}


def _delete_signing_configuration(call: Call) -> Result:
    registry = call.registry()
    if registry.signing is None:
        raise _no_signing(registry)
    removed, registry.signing = registry.signing, None
    return {"registryId": registry.account, "signingConfiguration": removed}


def _no_signing(registry: Registry) -> AwsError:
    return AwsError(
        "SigningConfigurationNotFoundException",
        f"Signing configuration does not exist in the registry with id '{registry.account}'",
    )


def _describe_pull_through_cache_rules(call: Call) -> Result:
    registry = call.registry()
    wanted = call.parameters.get("ecrRepositoryPrefixes")
    rules = [
        {"registryId": registry.account, **rule}
        for rule in registry.pull_through_cache
        if not wanted or rule.get("ecrRepositoryPrefix") in wanted
    ]
    chosen, following = page(call, rules, size=100)
    return {"pullThroughCacheRules": chosen, "nextToken": following}


def _list_exclusions(call: Call) -> Result:
    chosen, following = page(call, sorted(call.registry().exclusions), size=100)
    return {"pullTimeUpdateExclusions": chosen, "nextToken": following}


def _register_exclusion(call: Call) -> Result:
    registry, principal = call.registry(), call.parameters["principalArn"]
    if principal in registry.exclusions:
        raise AwsError("ExclusionAlreadyExistsException", f"The exclusion of {principal} already exists.")
    if len(registry.exclusions) >= 100:
        raise AwsError("LimitExceededException", "A registry holds at most 100 pull-time update exclusions.")
    registry.exclusions[principal] = call.world.now()
    return {"principalArn": principal, "createdAt": call.world.now()}


def _deregister_exclusion(call: Call) -> Result:
    registry, principal = call.registry(), call.parameters["principalArn"]
    if registry.exclusions.pop(principal, None) is None:
        raise AwsError("ExclusionNotFoundException", f"The exclusion of {principal} does not exist.")
    return {"principalArn": principal}


def same_partition(region: str, other: str) -> bool:
    """Whether replication between the two Regions is possible at all (replication.html)."""
    return partition_of(region) == partition_of(other)


OPERATIONS: Operations = {
    "DescribeRegistry": _describe_registry,
    "PutReplicationConfiguration": _put_replication_configuration,
    "GetRegistryPolicy": _get_registry_policy,
    "PutRegistryPolicy": _put_registry_policy,
    "DeleteRegistryPolicy": _delete_registry_policy,
    "GetAccountSetting": _get_account_setting,
    "PutAccountSetting": _put_account_setting,
    "GetSigningConfiguration": _get_signing_configuration,
    "PutSigningConfiguration": _put_signing_configuration,
    "DeleteSigningConfiguration": _delete_signing_configuration,
    "DescribePullThroughCacheRules": _describe_pull_through_cache_rules,
    "ListPullTimeUpdateExclusions": _list_exclusions,
    "RegisterPullTimeUpdateExclusion": _register_exclusion,
    "DeregisterPullTimeUpdateExclusion": _deregister_exclusion,
}
