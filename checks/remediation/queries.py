"""JMESPath expressions that compare what AWS answers with a document, so that a script needs nothing but the AWS CLI.

Each expression answers true or false. *Exactly* compares whole values and so detects unknown fields;
*alike* ignores the order of lists that are sets, and is used for documents of ours that AWS may format differently.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from checks.remediation.replication_rules import Rule, deletes, prefixes_of

LONGEST_ARGUMENT = 60_000
"""Characters of one expression; Linux takes 128 KiB in one argument, macOS 1 MiB in all."""

_RULES = (
    "replicationConfiguration.rules[*].{destinations: sort(destinations[*].join('/', [registryId, region])), "
    "prefixes: sort(repositoryFilters[*].filter || `[]`), deletes: deleteReplication.enabled || `false`}"
)
_SCANNING = (
    "scanningConfiguration.rules[*].{frequency: scanFrequency, filters: sort(repositoryFilters[*].filter || `[]`)}"
)


def literal(value: Any) -> str:
    """*value* as JMESPath literal: JSON in backticks, ASCII only, without a backtick of its own."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True).replace("`", "\\u0060")
    return f"`{text}`"


def replication_exactly(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Expressions over DescribeRegistry, all true while the configuration is exactly *rules* in this order."""
    tests = [f"length(rules) == {literal(len(rules))}"]
    tests += [f"rules[{position}] == {literal(rule)}" for position, rule in enumerate(rules)]
    return _bundled("replicationConfiguration", tests)


def replication_alike(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Expressions over DescribeRegistry, all true while its rules replicate exactly what *rules* do."""
    wanted = [
        {
            # With repetitions, which AWS keeps: a rule that names a destination twice is read back unchanged.
            "destinations": sorted(f"{item['registryId']}/{item['region']}" for item in rule["destinations"]),
            "prefixes": sorted(prefix for prefix in prefixes_of(rule) if prefix),
            "deletes": deletes(rule),
        }
        for rule in rules
    ]
    return _bundled(_RULES, [f"length(@) == {literal(len(rules))}", *_contains(wanted)])


def scanning_exactly(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """Expression over GetRegistryScanningConfiguration, true while it is exactly *configuration*."""
    tests = [f"scanType == {literal(configuration['scanType'])}", f"rules == {literal(configuration['rules'])}"]
    return _bundled("scanningConfiguration", tests)


def scanning_alike(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """Expressions over GetRegistryScanningConfiguration, all true while it scans as *configuration* says."""
    wanted = [
        {"frequency": rule["scanFrequency"], "filters": sorted(item["filter"] for item in rule["repositoryFilters"])}
        for rule in configuration["rules"]
    ]
    kind = f"scanningConfiguration.scanType == {literal(configuration['scanType'])}"
    return (kind, *_bundled(_SCANNING, [f"length(@) == {literal(len(wanted))}", *_contains(wanted)]))


def template_of(prefix: str) -> str:
    """Expression over DescribeRepositoryCreationTemplates: the template of *prefix*, with or without a slash."""
    bare = prefix.rstrip("/")
    return f"repositoryCreationTemplates[?prefix == {literal(bare)} || prefix == {literal(bare + '/')}] | [0]"


def template_absent(prefix: str) -> tuple[str, ...]:
    """Expression that is true while there is no template of *prefix*."""
    return (f"({template_of(prefix)}) == `null`",)


def template_texts(prefix: str) -> str:
    """Expression for the two policies of a template as a list of two texts."""
    return f'{template_of(prefix)} | [repositoryPolicy || `""`, lifecyclePolicy || `""`]'


def template_is(template: Mapping[str, Any]) -> tuple[str, ...]:
    """Expression that is true while the template says what *template* does, apart from its policies."""
    encryption = template.get("encryptionConfiguration") or {}
    exclusions = template.get("imageTagMutabilityExclusionFilters") or ()
    tests = {
        'description || `""`': template.get("description", ""),
        "sort(appliedFor || `[]`)": sorted(template.get("appliedFor") or ()),
        'imageTagMutability || `"MUTABLE"`': template.get("imageTagMutability", "MUTABLE"),
        "sort(imageTagMutabilityExclusionFilters[*].filter || `[]`)": sorted(item["filter"] for item in exclusions),
        'encryptionConfiguration.encryptionType || `"AES256"`': encryption.get("encryptionType", "AES256"),
        'encryptionConfiguration.kmsKey || `""`': encryption.get("kmsKey", ""),
        "sort_by(resourceTags || `[]`, &Key)": sorted(template.get("resourceTags") or (), key=lambda tag: tag["Key"]),
        'customRoleArn || `""`': template.get("customRoleArn", ""),
    }
    return _bundled(template_of(template["prefix"]), [f"({left}) == {literal(right)}" for left, right in tests.items()])


def mutability_is(mode: str, exclusions: Iterable[str]) -> tuple[str, ...]:
    """Expression over DescribeRepositories of one repository, true while it has this mode and these filters."""
    return (f"repositories[0] | ({_mutability(mode, exclusions)})",)


def mutability_was(seen: str, mode: str, exclusions: Iterable[str]) -> tuple[str, ...]:
    """Expression that is true while the mode is still *seen* and `mutability_is` of the rest is not true yet."""
    was = f"imageTagMutability == {literal(seen)}"
    return (f"repositories[0] | ({was} && !({_mutability(mode, exclusions)}))",)


def tagged(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Expressions over ListTagsForResource, all true while every one of *tags* is there with this value."""
    tests = [f"contains(@, {literal({'Key': key, 'Value': value})})" for key, value in sorted(tags.items())]
    return _bundled("tags[*].{Key: Key, Value: Value}", tests)


def excluded(principal: str) -> tuple[str, ...]:
    """Expression over ListPullTimeUpdateExclusions, true while pulls of *principal* do not count."""
    return (f"contains(pullTimeUpdateExclusions, {literal(principal)})",)


def setting_is(value: str) -> tuple[str, ...]:
    """Expression over GetAccountSetting, true while the setting has this value."""
    return (f"value == {literal(value)}",)


def image_is(digest: str) -> tuple[str, ...]:
    """Expression over BatchGetImage of one image, true where it is there."""
    return (f"length(images) == `1` && images[0].imageId.imageDigest == {literal(digest)}",)


def push_of(tag: str) -> str:
    """Expression over BatchGetImage of one image: the PutImage request that also gives it *tag*."""
    return (
        "{repositoryName: images[0].repositoryName, imageManifest: images[0].imageManifest, "
        "imageManifestMediaType: images[0].imageManifestMediaType, imageDigest: images[0].imageId.imageDigest, "
        f"imageTag: {literal(tag)}}}"
    )


def _mutability(mode: str, exclusions: Iterable[str]) -> str:
    filters = "sort(imageTagMutabilityExclusionFilters[*].filter || `[]`)"
    return f"imageTagMutability == {literal(mode)} && {filters} == {literal(sorted(exclusions))}"


def _contains(members: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"contains(@, {literal(member)})" for member in members]


def _bundled(subject: str, tests: Sequence[str]) -> tuple[str, ...]:
    """As few expressions as the length of an argument allows, each with its share of *tests* about *subject*."""
    bundles: list[list[str]] = [[]]
    for test in tests:
        if bundles[-1] and len(test) + sum(map(len, bundles[-1])) > LONGEST_ARGUMENT:
            bundles.append([])
        bundles[-1].append(test)
    return tuple(f"{subject} | ({' && '.join(bundle)})" for bundle in bundles)
