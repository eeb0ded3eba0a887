"""The sections of a baseline: replication, settings of repositories, settings of registries."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from checks.baseline.values import (
    AccountId,
    DestinationAccount,
    KeyName,
    Prefix,
    Region,
    RequirementName,
    Strict,
    TagFilter,
    Text,
    wrong,
)


def _role_arns(principals: tuple[str, ...]) -> tuple[str, ...]:
    for principal in principals:
        if not principal.startswith("arn:"):
            raise ValueError(f"{principal!r} is no ARN: write arn:aws:iam::{{account}}:role/NAME")
    return principals


class Registries(Strict):
    """Registry-level settings of sources and destinations. null: not judged."""

    blob_mounting: Literal["ENABLED", "DISABLED"] | None = Field(
        default=None, description="Account setting BLOB_MOUNTING, on both sides of a link."
    )
    signing: Literal["same-as-source"] | None = Field(
        default=None, description="same-as-source: a destination of a registry with managed signing signs too."
    )
    failure_events: Literal["required"] | None = Field(
        default=None,
        description="required: destinations have an EventBridge rule for failed replication. "
        "Reads events:ListRules, which is called for this alone.",
    )
    pull_time_exclusions: Annotated[tuple[Text, ...], AfterValidator(_role_arns)] = Field(
        default=(),
        description="ARNs of scanners whose pulls must not renew `sinceImagePulled`; `{account}` is the registry's.",
    )


class Sources(Strict):
    """Which repositories of which registries. A field left out does not narrow; `accounts` or `ous` suffices."""

    accounts: tuple[AccountId, ...] = Field(default=(), description="Account ids, quoted.")
    ous: tuple[Text, ...] = Field(
        default=(),
        description="Organizational units with everything below: ids (`ou-…`) or paths of names (`Workloads/Prod`).",
    )
    regions: tuple[Region, ...] = Field(default=(), description="Regions whose registries replicate.")
    repositories: tuple[Prefix, ...] = Field(
        default=(),
        description="Beginnings of repository names, literal as in ECR's PREFIX_MATCH: `prod` also takes `production`, "
        "`prod/` does not. No wildcard.",
    )


class Destination(Strict):
    """One registry that receives copies."""

    account: DestinationAccount = Field(
        description="Account id, quoted; or `same`: the source account itself, in another Region."
    )
    region: Region = Field(description="Region that receives the copies.")


class Requirement(Strict):
    """These sources must replicate to these destinations."""

    name: RequirementName = Field(description="How reports call this requirement; unique, without comma.")
    sources: Sources = Field(default=Sources(), description="What must be replicated; left out: everything.")
    destinations: tuple[Destination, ...] = Field(min_length=1, description="Where every source must replicate to.")
    delete_replication: bool | None = Field(
        default=None,
        description="Whether deletions at the source follow to the copy. false: the copy is a backup. "
        "true: copies must follow. null: not judged.",
    )

    @model_validator(mode="after")
    def _has_another_registry(self) -> Self:
        sources = self.sources
        for number, destination in enumerate(self.destinations):
            own_account = destination.account == "same" or (
                not sources.ous and sources.accounts == (destination.account,)
            )
            if own_account and sources.regions == (destination.region,):
                raise wrong(
                    "this destination is the source registry itself, which ECR refuses",
                    "name another Region or another account",
                    *("destinations", number),
                )
        return self


class AllowedDestinations(Strict):
    """Where replication may go besides what `replication` requires; counts if `undeclared_replication: forbidden`."""

    accounts: tuple[AccountId, ...] = Field(default=(), description="Account ids, quoted.")
    ous: tuple[Text, ...] = Field(
        default=(), description="Organizational units with everything below them; `Root` is every account."
    )
    regions: tuple[Region, ...] = Field(
        default=(), description="Narrows `accounts` and `ous` to these Regions; left out: every Region."
    )

    @model_validator(mode="after")
    def _allows_something(self) -> Self:
        if self.regions and not (self.accounts or self.ous):
            raise wrong(
                "Regions alone allow nothing: `accounts` or `ous` must say who may receive there",
                "`ous: [Root]` stands for every account of the organization",
                "regions",
            )
        return self


class Resilience(Strict):
    """Repositories that must be copied somewhere else, wherever that is."""

    name: RequirementName = Field(description="How reports call this requirement; unique, without comma.")
    sources: Sources = Field(default=Sources(), description="Which repositories; left out: every one.")
    another_region: bool = Field(default=True, description="Whether a copy must lie in another Region.")
    another_account: bool = Field(default=False, description="Whether a copy must lie in another account.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.another_region or self.another_account):
            raise wrong("this asks for nothing", "set another_region or another_account to true", "another_region")
        return self


class Environment(Strict):
    """Accounts of one level of trust."""

    name: RequirementName = Field(description="How reports call it (`dev`, `prod`); unique, without comma.")
    accounts: tuple[AccountId, ...] = Field(default=(), description="Account ids, quoted.")
    ous: tuple[Text, ...] = Field(default=(), description="Organizational units with everything below them.")

    @model_validator(mode="after")
    def _has_accounts(self) -> Self:
        if not (self.accounts or self.ous):
            raise wrong("no account belongs to this environment", "name `accounts` or `ous`", "name")
        return self


_DOCUMENTS = (("lifecycle_policy", "rules", 30_720), ("repository_policy", "Statement", 10_240))
"""Field, the key that such a document needs, and the characters that ECR accepts (ECR API reference,
PutLifecyclePolicy and SetRepositoryPolicy)."""


class Encryption(Strict):
    """How destination repositories must be encrypted."""

    type: Literal["AES256", "KMS", "KMS_DSSE"] = Field(description="ECR's encryption type.")
    key: KeyName = Field(
        default="",
        description="Key ARN, in which `{region}` and `{account}` stand for the replica's; "
        "`customer`: any customer managed key; empty: any key.",
    )

    @model_validator(mode="after")
    def _key_needs_kms(self) -> Self:
        if self.key and self.type == "AES256":
            raise wrong("AES256 uses no KMS key", "write `type: KMS`, or remove the key", "key")
        return self


class Scanning(Strict):
    """How destination repositories must be scanned."""

    required: bool = Field(default=True, description="Whether replicas must be scanned at all.")
    type: Literal["BASIC", "ENHANCED"] | None = Field(default=None, description="Scan type; null: either.")
    frequency: Literal["SCAN_ON_PUSH", "CONTINUOUS_SCAN"] | None = Field(default=None, description="null: either.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        # ECR user guide, image-scanning.html: continuous scanning belongs to enhanced scanning.
        if self.type == "BASIC" and self.frequency == "CONTINUOUS_SCAN":
            raise wrong("basic scanning has no CONTINUOUS_SCAN", "write `type: ENHANCED`", "frequency")
        return self


class Settings(Strict):
    """Settings of destination repositories. The entry with the longest matching prefix decides, field by field."""

    repositories: tuple[Prefix, ...] = Field(
        default=(), description="Beginnings of repository names; left out: every repository."
    )
    tag_mutability: (
        Literal["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION", "same-as-source"] | None
    ) = Field(default=None, description="Tag mutability of replicas; null: not evaluated.")
    mutability_exclusions: tuple[TagFilter, ...] = Field(
        default=(),
        max_length=5,
        description="Tag patterns exempted by the two modes WITH_EXCLUSION; `*` is a wildcard.",
    )
    scanning: Scanning | None = Field(default=None, description="How replicas are scanned; null: not evaluated.")
    encryption: Encryption | None = Field(default=None, description="How replicas are encrypted; null: not evaluated.")
    lifecycle_policy: Literal["required", "not-required", "same-as-source"] | dict[str, Any] | None = Field(
        default=None,
        description="Whether replicas need a lifecycle policy; a mapping is the policy itself; null: not evaluated.",
    )
    repository_policy: Literal["required", "none", "same-as-source"] | dict[str, Any] | None = Field(
        default=None,
        description="Whether replicas need a repository policy; a mapping is the policy itself; null: not evaluated.",
    )
    tags: dict[Text, str] = Field(default_factory=dict, description="Resource tags that replicas must have.")

    @model_validator(mode="after")
    def _exclusions_fit_the_mode(self) -> Self:
        with_exclusion = (self.tag_mutability or "").endswith("_WITH_EXCLUSION")
        if with_exclusion and not self.mutability_exclusions:
            raise wrong(
                f"{self.tag_mutability} needs `mutability_exclusions` in the same entry",
                "list the tag patterns that are exempt, such as `latest`",
                "tag_mutability",
            )
        if self.mutability_exclusions and not with_exclusion:
            raise wrong(
                "exclusions need a `tag_mutability` that has them, in the same entry",
                "write `tag_mutability: IMMUTABLE_WITH_EXCLUSION`, or remove them",
                "mutability_exclusions",
            )
        return self

    @model_validator(mode="after")
    def _documents_can_be_put(self) -> Self:
        for field, needed, maximum in _DOCUMENTS:
            document = getattr(self, field)
            if not isinstance(document, dict):
                continue
            if not document.get(needed):
                raise wrong(f"a policy document needs `{needed}`", "write the document as AWS spells it", field)
            length = len(json.dumps(document, separators=(",", ":")))
            if length > maximum:
                raise wrong(f"the document has {length:,} characters, ECR accepts {maximum:,}", "shorten it", field)
        return self


def no_competing_entries(entries: tuple[Settings, ...]) -> tuple[Settings, ...]:
    """*entries* as they are; an error where two of them set one field for one prefix."""
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(entries):
        for field in sorted(entry.model_fields_set - {"repositories", "mutability_exclusions"}):
            for prefix in dict.fromkeys(entry.repositories or ("",)):
                if (prefix, field) in seen:
                    whom = f"repositories that begin with {prefix!r}" if prefix else "every repository"
                    raise wrong(f"{field} of {whom} is already set above", "keep one of the two", number, field)
                seen.add((prefix, field))
    return entries
