"""ECR, the registry as a whole: replication rules, registry policy, account settings, signing, exclusions."""

from __future__ import annotations

import json
from collections.abc import Iterator

from checks.model import RegistryId
from checks.policy_documents.validation import DocumentKind, text_problems
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
    check_document(DocumentKind.REGISTRY, text)
    registry.policy = text
    return {"registryId": registry.account, "policyText": text}


def check_document(kind: DocumentKind, text: str, parameter: str = "PolicyText") -> None:
    """Raises the error of ECR for a policy document that it refuses. A put and a creation template have the same rules.

    For policies ECR names no reason; the one that it has comes after its own message.
    """
    problems = text_problems(kind, text)
    if not problems:
        return
    if kind is DocumentKind.LIFECYCLE:
        raise bad_parameter(parameter, f"Lifecycle policy validation failure: {problems[0]}")
    raise bad_parameter(parameter, f"Invalid {kind} provided: {problems[0]}")


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
