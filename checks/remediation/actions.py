"""Builders of the changes that a check's remediation requests (`checks.changes`).

The first argument is always the registry in which the command runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.changes import (
    AddReplication,
    AddStatement,
    Change,
    CoverScanning,
    CreateServiceLinkedRole,
    CreateTemplate,
    Destination,
    ExcludePullTime,
    NarrowDeny,
    PutFailureRule,
    PutLifecyclePolicy,
    PutRepositoryPolicy,
    RemoveDestination,
    RemoveDuplicates,
    RemoveRule,
    RemoveStatement,
    ReplacePrefix,
    ReplaceStatement,
    RetagImage,
    SetAccountSetting,
    SetDeleteReplication,
    SetTagMutability,
    StartBackfill,
    TagRepository,
    UpdateTemplate,
)
from checks.model import RegistryId, Row


def add_replication(
    source: RegistryId, destination: RegistryId, prefixes: Sequence[str], delete_replication: bool | None
) -> Change:
    """Replicate *prefixes* (`""` is everything) to *destination*. None: a new rule does not replicate deletions."""
    return AddReplication(
        account=source[0],
        region=source[1],
        destinations=(Destination(account=destination[0], region=destination[1]),),
        prefixes=tuple(prefixes),
        delete_replication=delete_replication,
    )


def remove_destination(source: RegistryId, destination: RegistryId) -> Change:
    """Remove *destination* from every rule, and rules that are then without one."""
    return RemoveDestination(
        account=source[0],
        region=source[1],
        destination_account=destination[0],
        destination_region=destination[1],
    )


def set_delete_replication(source: RegistryId, rule: int, *, enabled: bool) -> SetDeleteReplication:
    """Set `deleteReplication` of rule number *rule*, counted from 1."""
    return SetDeleteReplication(account=source[0], region=source[1], rule=rule, enabled=enabled)


def remove_rule(source: RegistryId, rule: int) -> RemoveRule:
    """Remove rule number *rule*, counted from 1."""
    return RemoveRule(account=source[0], region=source[1], rule=rule)


def replace_prefix(source: RegistryId, rule: int, prefix: str, replacements: Sequence[str]) -> Change:
    """Replace *prefix* by *replacements* in rule number *rule*; `""` is a rule without filter.

    Where no prefix is left the rule is removed, because a rule without filter would replicate everything.
    """
    return ReplacePrefix(
        account=source[0], region=source[1], rule=rule, prefix=prefix, replacements=tuple(replacements)
    )


def remove_duplicates(source: RegistryId, rule: int) -> RemoveDuplicates:
    """Remove duplicate destinations and prefixes from rule number *rule*."""
    return RemoveDuplicates(account=source[0], region=source[1], rule=rule)


def add_statement(
    at: RegistryId, source_account: str, prefixes: Sequence[str], actions: Sequence[str], organization: str
) -> Change:
    """Allow *source_account* *actions* on repositories that begin with *prefixes*; *organization* may be empty."""
    return AddStatement(
        account=at[0],
        region=at[1],
        source_account=source_account,
        prefixes=tuple(prefixes),
        actions=tuple(actions),
        organization=organization,
    )


def remove_statement(at: RegistryId, statement: int) -> RemoveStatement:
    """Remove statement number *statement*, counted from 1, from the registry policy."""
    return RemoveStatement(account=at[0], region=at[1], statement=statement)


def replace_statement(at: RegistryId, statement: int, replacement: Mapping[str, Any]) -> ReplaceStatement:
    """Replace statement number *statement* of the registry policy by *replacement*."""
    return ReplaceStatement(account=at[0], region=at[1], statement=statement, replacement=dict(replacement))


def narrow_deny(at: RegistryId, statement: int, source_account: str) -> NarrowDeny:
    """Exempt replication from *source_account* from the Deny numbered *statement*."""
    return NarrowDeny(account=at[0], region=at[1], statement=statement, source_account=source_account)


def create_template(at: RegistryId, prefix: str, template: Mapping[str, Any]) -> CreateTemplate:
    """Create a repository creation template; *prefix* is `ROOT` or has no trailing `/`."""
    return CreateTemplate(account=at[0], region=at[1], prefix=prefix, template=dict(template))


def update_template(at: RegistryId, prefix: str, changes: Mapping[str, Any]) -> UpdateTemplate:
    """Change fields of a template; the others are sent again as they are."""
    return UpdateTemplate(account=at[0], region=at[1], prefix=prefix, changes=dict(changes))


def cover_scanning(at: RegistryId, prefixes: Sequence[str], scan_type: str, frequency: str) -> Change:
    """Have the registry scan repositories that begin with *prefixes*; an empty *scan_type* keeps the present one."""
    return CoverScanning(account=at[0], region=at[1], prefixes=tuple(prefixes), type=scan_type, frequency=frequency)


def set_tag_mutability(
    at: RegistryId, repository: str, seen: str, mutability: str, exclusions: Sequence[str]
) -> Change:
    """Set mode and exclusion filters of one repository; *seen* is the mode that the audit read."""
    return SetTagMutability(
        account=at[0],
        region=at[1],
        repository=repository,
        seen=seen,
        mutability=mutability,
        exclusions=tuple(exclusions),
    )


def put_lifecycle_policy(at: RegistryId, repository: str, seen: str, policy: str) -> PutLifecyclePolicy:
    """Put a lifecycle policy; *seen* is the text that the audit read, empty for none."""
    return PutLifecyclePolicy(account=at[0], region=at[1], repository=repository, seen=seen, policy=policy)


def put_repository_policy(at: RegistryId, repository: str, seen: str, policy: str) -> PutRepositoryPolicy:
    """Put a repository policy; *seen* is the text that the audit read, empty for none."""
    return PutRepositoryPolicy(account=at[0], region=at[1], repository=repository, seen=seen, policy=policy)


def tag_repository(at: RegistryId, repository: str, tags: Mapping[str, str]) -> TagRepository:
    """Add resource tags to one repository, or set their values; other tags stay."""
    return TagRepository(account=at[0], region=at[1], repository=repository, tags=dict(tags))


def retag_image(at: RegistryId, repository: str, digest: str, tag: str, seen: str) -> RetagImage:
    """Point *tag* to the existing image *digest*; *seen* is the digest that it names now, empty for none."""
    return RetagImage(account=at[0], region=at[1], repository=repository, digest=digest, tag=tag, seen=seen)


def set_account_setting(at: RegistryId, name: str, seen: str, value: str) -> SetAccountSetting:
    """Set an ECR account setting (`REGISTRY_POLICY_SCOPE`, `BLOB_MOUNTING`) that is *seen* now."""
    return SetAccountSetting(account=at[0], region=at[1], name=name, seen=seen, value=value)


def exclude_pull_time(at: RegistryId, principal: str) -> ExcludePullTime:
    """Keep pulls of *principal* (an ARN) from renewing the pull time of images."""
    return ExcludePullTime(account=at[0], region=at[1], principal=principal)


def put_failure_rule(at: RegistryId) -> PutFailureRule:
    """Put an EventBridge rule for failed replication into a destination registry's Region."""
    return PutFailureRule(account=at[0], region=at[1])


def start_backfill(source: RegistryId, destination: RegistryId) -> Change:
    """Replicate existing images to *destination*, under the current rules."""
    return StartBackfill(
        account=source[0],
        region=source[1],
        destination_account=destination[0],
        destination_region=destination[1],
    )


def create_service_linked_role(account: str, region: str) -> CreateServiceLinkedRole:
    """Create the service-linked role that replication acts as."""
    return CreateServiceLinkedRole(account=account, region=region)


def source(row: Row) -> RegistryId:
    """The source registry of a row of a two-sided table."""
    return RegistryId(row["source_account"], row["source_region"])


def destination(row: Row) -> RegistryId:
    """The destination registry of a row of a two-sided table."""
    return RegistryId(row["destination_account"], row["destination_region"])


def once_allowed(source: RegistryId, destination: RegistryId) -> str:
    """`, once its registry policy allows the replication` across accounts; empty within one account.

    ECR user guide, registry-permissions.html: only replication across accounts needs a registry policy.
    """
    return ", once its registry policy allows the replication" if crosses_accounts(source, destination) else ""


def crosses_accounts(source: RegistryId, destination: RegistryId) -> bool:
    """Whether replication from *source* to *destination* needs the destination's registry policy."""
    return source.account != destination.account


def registry(row: Row) -> RegistryId:
    """The registry of a row of any other table."""
    return RegistryId(row["account"], row["region"])


def switch(word: str | None) -> bool | None:
    """`on` and `off` as the tables write them; anything else: None."""
    return {"on": True, "off": False}.get(word or "")


def repair_statement(row: Row, repaired: Mapping[str, Any] | None) -> tuple[Change, ...]:
    """The changes that turn the statement of a row of `grants` into *repaired*: empty removes it; None: manual
    steps.
    """
    if repaired is None:
        return ()
    if not repaired:
        return (remove_statement(registry(row), row["statement"]),)
    return (replace_statement(registry(row), row["statement"], repaired),)
