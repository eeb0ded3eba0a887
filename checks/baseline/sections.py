"""The sections of a baseline: replication, settings of repositories, settings of registries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from checks.baseline.scopes import Scoped
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
    all_wrong,
    wrong,
)
from checks.policy_documents.validation import DocumentKind, text_problems


def _role_arns(principals: tuple[str, ...]) -> tuple[str, ...]:
    for principal in principals:
        if not principal.startswith("arn:"):
            raise ValueError(f"{principal!r} is not a valid ARN: write arn:aws:iam::{{account}}:role/NAME")
    return principals


class Registries(Strict):
    """Registry-level settings of sources and destinations. null: not evaluated."""

    blob_mounting: Literal["ENABLED", "DISABLED"] | None = Field(
        default=None, description="Account setting BLOB_MOUNTING, on both sides of a link."
    )
    signing: Literal["same-as-source"] | None = Field(
        default=None, description="same-as-source: destinations of a registry with managed signing must have it too."
    )
    failure_events: Literal["required"] | None = Field(
        default=None,
        description="required: destinations must have an EventBridge rule for failed replication. "
        "Needs events:ListRules and events:ListTargetsByRule, which are called for this only.",
    )
    pull_time_exclusions: Annotated[tuple[Text, ...], AfterValidator(_role_arns)] = Field(
        default=(),
        description="ARNs of scanners whose pulls must not update `sinceImagePulled`; `{account}` is the registry's.",
    )


class Sources(Scoped):
    """Which repositories of which registries. A field left out matches all; matching one of `accounts`,
    `account_names` and `ous` is enough.
    """

    repositories: tuple[Prefix, ...] = Field(
        default=(),
        description="Prefixes of repository names, literal as in ECR's PREFIX_MATCH: `prod` also matches `production`, "
        "`prod/` does not. No wildcards.",
    )


class Destination(Strict):
    """One registry that receives replicas."""

    account: DestinationAccount = Field(
        description="Account id, quoted; or `same`: the source account itself, in another Region."
    )
    region: Region = Field(description="Region that receives the replicas.")


class Requirement(Strict):
    """These sources must replicate to these destinations."""

    name: RequirementName = Field(description="Name of this requirement in reports; unique, without comma.")
    sources: Sources = Field(default=Sources(), description="What must be replicated; left out: everything.")
    destinations: tuple[Destination, ...] = Field(min_length=1, description="Destinations of every source.")
    delete_replication: bool | None = Field(
        default=None,
        description="Required deleteReplication. false: the replica is a backup that survives deletions at the source. "
        "true: deletions are replicated. null: not evaluated.",
    )

    @model_validator(mode="after")
    def _has_another_registry(self) -> Self:
        sources = self.sources
        for number, destination in enumerate(self.destinations):
            own_account = destination.account == "same" or (
                not (sources.ous or sources.account_names) and sources.accounts == (destination.account,)
            )
            if own_account and sources.regions == (destination.region,):
                raise wrong(
                    "this destination is the source registry itself, which ECR rejects",
                    "name another Region or another account",
                    *("destinations", number),
                )
        return self


class AllowedDestinations(Strict):
    """Destinations allowed besides those of `replication`; evaluated if `undeclared_replication: forbidden`."""

    accounts: tuple[AccountId, ...] = Field(default=(), description="Account ids, quoted.")
    ous: tuple[Text, ...] = Field(
        default=(), description="Organizational units, including those below; `Root` is every account."
    )
    regions: tuple[Region, ...] = Field(
        default=(), description="Limits `accounts` and `ous` to these Regions; left out: every Region."
    )

    @model_validator(mode="after")
    def _allows_something(self) -> Self:
        if self.regions and not (self.accounts or self.ous):
            raise wrong(
                "Regions alone allow no destination: add `accounts` or `ous`",
                "`ous: [Root]` is every account of the organization",
                "regions",
            )
        return self


class Resilience(Strict):
    """Repositories that need a replica in another Region or account, whichever it is."""

    name: RequirementName = Field(description="Name of this requirement in reports; unique, without comma.")
    sources: Sources = Field(default=Sources(), description="Which repositories; left out: every one.")
    another_region: bool = Field(default=True, description="Whether a replica in another Region is required.")
    another_account: bool = Field(default=False, description="Whether a replica in another account is required.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.another_region or self.another_account):
            raise wrong("this requires nothing", "set another_region or another_account to true", "another_region")
        return self


class Environment(Strict):
    """Accounts of one level of trust."""

    name: RequirementName = Field(description="Its name in reports (`dev`, `prod`); unique, without comma.")
    accounts: tuple[AccountId, ...] = Field(default=(), description="Account ids, quoted.")
    ous: tuple[Text, ...] = Field(default=(), description="Organizational units, including those below.")

    @model_validator(mode="after")
    def _has_accounts(self) -> Self:
        if not (self.accounts or self.ous):
            raise wrong("no account belongs to this environment", "add `accounts` or `ous`", "name")
        return self


DOCUMENTS: Mapping[str, DocumentKind] = MappingProxyType(
    {"lifecycle_policy": DocumentKind.LIFECYCLE, "repository_policy": DocumentKind.REPOSITORY}
)
"""Field → the kind of policy document that a mapping in it is."""


class Encryption(Strict):
    """Required encryption of destination repositories."""

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
    """Required scanning of destination repositories."""

    required: bool = Field(default=True, description="Whether replicas must be scanned.")
    type: Literal["BASIC", "ENHANCED"] | None = Field(default=None, description="Scan type; null: either.")
    frequency: Literal["SCAN_ON_PUSH", "CONTINUOUS_SCAN"] | None = Field(default=None, description="null: either.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        # ECR user guide, image-scanning.html: continuous scanning belongs to enhanced scanning.
        if self.type == "BASIC" and self.frequency == "CONTINUOUS_SCAN":
            raise wrong("basic scanning has no CONTINUOUS_SCAN", "write `type: ENHANCED`", "frequency")
        return self


class Settings(Scoped):
    """Settings of destination repositories, at the registries of these accounts and Regions.

    Field by field, the entry with the longest matching prefix applies; of equal prefixes the one with the narrowest
    place: account id, name of accounts, deepest organizational unit, everywhere; with Regions before without.
    """

    _undetermined: frozenset[str] = PrivateAttr(default=frozenset())

    repositories: tuple[Prefix, ...] = Field(
        default=(), description="Prefixes of repository names; left out: every repository."
    )
    tag_mutability: (
        Literal["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION", "same-as-source"] | None
    ) = Field(default=None, description="Tag mutability of replicas; null: not evaluated.")
    mutability_exclusions: tuple[TagFilter, ...] = Field(
        default=(),
        max_length=5,
        description="Tag patterns that the two WITH_EXCLUSION modes exempt; `*` is a wildcard.",
    )
    scanning: Scanning | None = Field(default=None, description="Scanning of replicas; null: not evaluated.")
    encryption: Encryption | None = Field(default=None, description="Encryption of replicas; null: not evaluated.")
    lifecycle_policy: Literal["required", "not-required", "same-as-source"] | dict[str, Any] | None = Field(
        default=None,
        description="Whether replicas need a lifecycle policy; a mapping is the policy itself; null: not evaluated.",
    )
    repository_policy: Literal["required", "none", "same-as-source"] | dict[str, Any] | None = Field(
        default=None,
        description="Whether replicas need a repository policy; a mapping is the policy itself; null: not evaluated.",
    )
    tags: dict[Text, str] = Field(default_factory=dict, description="Resource tags that replicas must have.")

    @property
    def undetermined(self) -> frozenset[str]:
        """Of merged settings, the fields that depend on an unknown name or organizational unit of the account."""
        return self._undetermined

    def with_undetermined(self, fields: frozenset[str]) -> Self:
        """These settings, of which *fields* are not determined."""
        self._undetermined = fields
        return self

    @model_validator(mode="after")
    def _exclusions_fit_the_mode(self) -> Self:
        with_exclusion = (self.tag_mutability or "").endswith("_WITH_EXCLUSION")
        if with_exclusion and not self.mutability_exclusions:
            raise wrong(
                f"{self.tag_mutability} needs `mutability_exclusions` in the same entry",
                "list the exempt tag patterns, such as `latest`",
                "tag_mutability",
            )
        if self.mutability_exclusions and not with_exclusion:
            raise wrong(
                "`mutability_exclusions` need a WITH_EXCLUSION `tag_mutability` in the same entry",
                "write `tag_mutability: IMMUTABLE_WITH_EXCLUSION`, or remove them",
                "mutability_exclusions",
            )
        return self

    @model_validator(mode="after")
    def _documents_can_be_put(self) -> Self:
        problems = [
            ((field,), problem)
            for field, kind in DOCUMENTS.items()
            if isinstance(document := getattr(self, field), dict)
            for problem in text_problems(kind, json.dumps(document, separators=(",", ":")))
        ]
        if problems:
            raise all_wrong(problems)
        return self


def no_competing_entries(entries: tuple[Settings, ...]) -> tuple[Settings, ...]:
    """*entries* as they are; an error where two of them set one field for one prefix at one place."""
    seen: set[tuple[str, ...]] = set()
    for number, entry in enumerate(entries):
        for field in sorted(entry.model_fields_set - {"repositories", "mutability_exclusions", *Scoped.model_fields}):
            keys = [(field, *key) for key in _entry_keys(entry)]
            for _, prefix, *place in keys:
                if (field, prefix, *place) in seen:
                    whom = f"repositories that begin with {prefix!r}" if prefix else "every repository"
                    where = "".join(f" in {one}" for one in place if one)
                    raise wrong(
                        f"{field} of {whom}{where} is already set above", "remove one of the two", number, field
                    )
            seen.update(keys)
    return entries


def _entry_keys(entry: Settings) -> Iterator[tuple[str, str, str]]:
    """Prefix, account scope and Region of each repository that *entry* is about, an empty text for every one."""
    scopes = (
        *(f"account {one}" for one in entry.accounts),
        *(f"accounts named {one}" for one in entry.account_names),
        *(f"unit {one}" for one in entry.ous),
    )
    yield from product(
        dict.fromkeys(entry.repositories or ("",)),
        dict.fromkeys(scopes or ("",)),
        dict.fromkeys(entry.regions or ("",)),
    )
