"""The wanted changes that remedies may ask for, one typed constructor a kind.

An edit is data. Where several edits touch one document they are merged into a single put, so every constructor says
only what should differ, never the whole document. The first argument is always where the command runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.model import Edit, RegistryId, Row


def _edit(kind: str, at: RegistryId, **arguments: Any) -> Edit:
    return Edit(kind=kind, account=at[0], region=at[1], arguments=arguments)


def add_replication(
    source: RegistryId, destination: RegistryId, prefixes: Sequence[str], delete_replication: bool | None
) -> Edit:
    """Replicate *prefixes* (`""` is everything) to *destination*. None: a new rule leaves deletions alone."""
    return _edit(
        "replication.add",
        source,
        destinations=[{"account": destination[0], "region": destination[1]}],
        prefixes=list(prefixes),
        delete_replication=delete_replication,
    )


def remove_destination(source: RegistryId, destination: RegistryId) -> Edit:
    """Take *destination* out of every rule; rules left without one go too."""
    return _edit("replication.remove-destination", source, account=destination[0], region=destination[1])


def set_delete_replication(source: RegistryId, rule: int, *, enabled: bool) -> Edit:
    """Switch `deleteReplication` of rule number *rule*, counted from 1."""
    return _edit("replication.set-delete", source, rule=rule, enabled=enabled)


def remove_rule(source: RegistryId, rule: int) -> Edit:
    """Drop rule number *rule*, counted from 1."""
    return _edit("replication.remove-rule", source, rule=rule)


def replace_prefix(source: RegistryId, rule: int, prefix: str, replacements: Sequence[str]) -> Edit:
    """Put *replacements* where *prefix* stands in rule number *rule*; `""` is a rule without filter.

    Where no prefix is left the rule goes, because a rule without filter would copy everything.
    """
    return _edit("replication.replace-prefix", source, rule=rule, prefix=prefix, replacements=list(replacements))


def remove_duplicates(source: RegistryId, rule: int) -> Edit:
    """Name every destination and prefix of rule number *rule* once."""
    return _edit("replication.remove-duplicates", source, rule=rule)


def add_statement(
    at: RegistryId, source_account: str, prefixes: Sequence[str], actions: Sequence[str], organization: str
) -> Edit:
    """Let *source_account* do *actions* on repositories that begin with *prefixes*; *organization* may be empty."""
    return _edit(
        "policy.add-statement",
        at,
        source_account=source_account,
        prefixes=list(prefixes),
        actions=list(actions),
        organization=organization,
    )


def remove_statement(at: RegistryId, statement: int) -> Edit:
    """Take statement number *statement*, counted from 1, out of the registry policy."""
    return _edit("policy.remove-statement", at, statement=statement)


def replace_statement(at: RegistryId, statement: int, replacement: Mapping[str, Any]) -> Edit:
    """Put *replacement* where statement number *statement* of the registry policy stands."""
    return _edit("policy.replace-statement", at, statement=statement, replacement=dict(replacement))


def narrow_deny(at: RegistryId, statement: int, source_account: str) -> Edit:
    """Keep the Deny numbered *statement* from hitting replication out of *source_account*."""
    return _edit("policy.narrow-deny", at, statement=statement, source_account=source_account)


def create_template(at: RegistryId, prefix: str, template: Mapping[str, Any]) -> Edit:
    """Create a repository creation template; *prefix* is `ROOT` or has no trailing `/`."""
    return _edit("template.create", at, prefix=prefix, template=dict(template))


def update_template(at: RegistryId, prefix: str, changes: Mapping[str, Any]) -> Edit:
    """Change fields of a template; the others are sent again as they are."""
    return _edit("template.update", at, prefix=prefix, changes=dict(changes))


def cover_scanning(at: RegistryId, prefixes: Sequence[str], scan_type: str, frequency: str) -> Edit:
    """Have the registry scan repositories that begin with *prefixes*; an empty *scan_type* keeps the present one."""
    return _edit("scanning.cover", at, prefixes=list(prefixes), type=scan_type, frequency=frequency)


def set_tag_mutability(at: RegistryId, repository: str, seen: str, mutability: str, exclusions: Sequence[str]) -> Edit:
    """Set mode and exclusion filters of one repository; *seen* is the mode that the audit read."""
    return _edit(
        "repository.tag-mutability",
        at,
        repository=repository,
        seen=seen,
        mutability=mutability,
        exclusions=list(exclusions),
    )


def put_lifecycle_policy(at: RegistryId, repository: str, seen: str, policy: str) -> Edit:
    """Put a lifecycle policy; *seen* is the text that the audit read, empty for none."""
    return _edit("repository.lifecycle", at, repository=repository, seen=seen, policy=policy)


def put_repository_policy(at: RegistryId, repository: str, seen: str, policy: str) -> Edit:
    """Put a repository policy; *seen* is the text that the audit read, empty for none."""
    return _edit("repository.policy", at, repository=repository, seen=seen, policy=policy)


def tag_repository(at: RegistryId, repository: str, tags: Mapping[str, str]) -> Edit:
    """Add resource tags to one repository, or set their values; other tags stay."""
    return _edit("repository.tags", at, repository=repository, tags=dict(tags))


def retag_image(at: RegistryId, repository: str, digest: str, tag: str, seen: str) -> Edit:
    """Let *tag* name the image *digest*, which is there; *seen* is the digest that it names now, empty for none."""
    return _edit("repository.retag", at, repository=repository, digest=digest, tag=tag, seen=seen)


def set_account_setting(at: RegistryId, name: str, seen: str, value: str) -> Edit:
    """Set an ECR account setting (`REGISTRY_POLICY_SCOPE`, `BLOB_MOUNTING`) that is *seen* now."""
    return _edit("account.setting", at, name=name, seen=seen, value=value)


def exclude_pull_time(at: RegistryId, principal: str) -> Edit:
    """Keep pulls of *principal* (an ARN) from renewing the pull time of images."""
    return _edit("account.pull-time-exclusion", at, principal=principal)


def put_failure_rule(at: RegistryId) -> Edit:
    """Put an EventBridge rule for failed replication into a destination registry's Region."""
    return _edit("account.failure-rule", at)


def start_backfill(source: RegistryId, destination: RegistryId) -> Edit:
    """Replicate what exists already to *destination*, under the rules in force."""
    return _edit("backfill.start", source, account=destination[0], region=destination[1])


def create_service_linked_role(account: str, region: str) -> Edit:
    """Create the service-linked role that replication acts as."""
    return _edit("account.service-linked-role", RegistryId(account, region))


def source(row: Row) -> RegistryId:
    """The source registry of a row of a two-sided table."""
    return RegistryId(row["source_account"], row["source_region"])


def destination(row: Row) -> RegistryId:
    """The destination registry of a row of a two-sided table."""
    return RegistryId(row["destination_account"], row["destination_region"])


def registry(row: Row) -> RegistryId:
    """The registry of a row of any other table."""
    return RegistryId(row["account"], row["region"])


def switch(word: str | None) -> bool | None:
    """`on` and `off` as the tables write them; anything else is no opinion."""
    return {"on": True, "off": False}.get(word or "")


def mend_statement(row: Row, repaired: Mapping[str, Any] | None) -> tuple[Edit, ...]:
    """What turns the statement of a row of `grants` into *repaired*: empty removes it, None is left to a person."""
    if repaired is None:
        return ()
    if not repaired:
        return (remove_statement(registry(row), row["statement"]),)
    return (replace_statement(registry(row), row["statement"], repaired),)
