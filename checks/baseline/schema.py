"""What the organization requires: the models of the one YAML file, and its JSON Schema for editors.

``checks.baseline.loading`` reads the file and reports line and column of every error;
``checks.baseline.requirements`` evaluates it.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field

from checks.baseline.sections import (
    AllowedDestinations,
    Environment,
    Registries,
    Requirement,
    Resilience,
    Settings,
    no_competing_entries,
)
from checks.baseline.source_settings import SourceSettings
from checks.baseline.values import (
    AccountId,
    Action,
    Fingerprint,
    Region,
    RegionPattern,
    Strict,
    Text,
    document_schema,
    wrong,
)
from checks.model import Severity

_Named = TypeVar("_Named", Requirement, Resilience, Environment)


SCHEMA_ID = "urn:ecr-audit:schema:baseline:1"
"""`$id` of the JSON Schema."""


class Limit(Strict):
    """One AWS limit and the share of it from which on there is a warning."""

    maximum: int = Field(gt=0, description="The limit.")
    warn_at_percent: int = Field(
        default=80, ge=1, le=100, description="Warning from this share of the limit on, in percent."
    )


class LimitSettings(Strict):
    """Used where Service Quotas cannot be read: AWS's values as of `as_of` (ECR user guide, service-quotas.html)."""

    as_of: dt.date = Field(default=dt.date(2026, 11, 23), description="Date of these values.")
    unique_destinations: Limit = Field(
        default=Limit(maximum=25),
        description="Unique destinations, (account, Region) pairs, over all rules of one registry.",
    )
    rules: Limit = Field(default=Limit(maximum=25), description="Replication rules of one registry.")
    filters_per_rule: Limit = Field(default=Limit(maximum=100), description="Repository filters of one rule.")
    registry_policy_characters: Limit = Field(default=Limit(maximum=10_240), description="Length of a registry policy.")
    images_per_repository: Limit = Field(
        default=Limit(maximum=100_000), description="Images of one repository, including signatures and SBOMs."
    )


class Grants(Strict):
    """What registry policies may allow to other accounts."""

    external_accounts: dict[AccountId, Text] = Field(
        default_factory=dict, description="Trusted accounts outside the organization, each with the reason."
    )
    allowed_actions: tuple[Action, ...] = Field(
        default=("ecr:ReplicateImage", "ecr:CreateRepository", "ecr:TagResource", "ecr:BatchImportUpstreamImage"),
        description="The only actions that a registry policy may allow other accounts.",
    )


class Waiver(Strict):
    """An exception with a reason and an end date. All given fields must match the finding; findings stay, marked."""

    checks: tuple[Text, ...] = Field(
        min_length=1, description="Check ids, catalogue ids (`GRT-01`), or patterns with `*`."
    )
    fingerprint: Fingerprint = Field(default="", description="One finding's fingerprint, as reports print it.")
    accounts: tuple[AccountId, ...] = Field(default=(), description="Accounts of the findings.")
    account_names: tuple[Text, ...] = Field(
        default=(), description="Names of the findings' accounts, including case, or patterns with `*`."
    )
    ous: tuple[Text, ...] = Field(
        default=(),
        description="Organizational units of the findings' accounts; matching one of `accounts`, `account_names` and "
        "`ous` is enough.",
    )
    regions: tuple[RegionPattern, ...] = Field(
        default=(), description="Regions of the findings, or patterns with `*` (`eu-*`)."
    )
    repositories: tuple[Text, ...] = Field(default=(), description="Repository names, or patterns with `*`.")
    tags: dict[Text, Text] = Field(
        default_factory=dict,
        description="Resource tags that the finding's repository must have, all of them; a value may be a pattern with "
        "`*`.",
    )
    allow_broad: bool = Field(
        default=False, description="A waiver that covers every finding is an error unless this is true."
    )
    reason: Text = Field(description="Why this is accepted.")
    owner: Text = Field(description="Person or team responsible for it.")
    until: dt.date = Field(
        description="Last day on which it is in force, at most `longest_waiver_days` ahead: `YYYY-MM-DD`."
    )


class WaiverFile(Strict):
    """Waivers in a separate file, for people who may grant exceptions but not change requirements."""

    version: Literal[1] = Field(default=1, description="Version of this format.")
    waivers: tuple[Waiver, ...] = Field(default=(), description="Exceptions, each with a reason and an end date.")


def _unique_names(requirements: tuple[_Named, ...]) -> tuple[_Named, ...]:
    seen: set[str] = set()
    for number, requirement in enumerate(requirements):
        if requirement.name in seen:
            text = f"two entries have the name {requirement.name!r}"
            raise wrong(text, "names must be unique", number, "name")
        seen.add(requirement.name)
    return requirements


class Baseline(Strict):
    """What an organization requires of ECR replication. Every key may be left out."""

    version: Literal[1] = Field(default=1, description="Version of this format.")
    replication: Annotated[tuple[Requirement, ...], AfterValidator(_unique_names)] = Field(
        default=(), description="What must be replicated, and where to."
    )
    undeclared_replication: Literal["allowed", "forbidden"] = Field(
        default="allowed",
        description="forbidden: every link must be required by `replication` or allowed by `allowed_destinations`.",
    )
    allowed_destinations: AllowedDestinations = Field(default=AllowedDestinations())
    allowed_regions: tuple[Region, ...] = Field(
        default=(), description="Regions in which repositories and replicas may be; left out: not evaluated."
    )
    undeclared_registries: Literal["allowed", "forbidden"] = Field(
        default="allowed",
        description="forbidden: every registry with repositories must be a source or a destination of `replication`.",
    )
    resilience: Annotated[tuple[Resilience, ...], AfterValidator(_unique_names)] = Field(
        default=(), description="Repositories that need a replica in another Region or account, whichever it is."
    )
    environments: Annotated[tuple[Environment, ...], AfterValidator(_unique_names)] = Field(
        default=(),
        description="Levels of trust, least trusted first: images must not be replicated to a more trusted one.",
    )
    limits: LimitSettings = Field(default=LimitSettings())
    registries: Registries = Field(default=Registries())
    grants: Grants = Field(default=Grants())
    settings: Annotated[tuple[Settings, ...], AfterValidator(no_competing_entries)] = Field(
        default=(), description="Required settings of destination repositories, by prefix of their name and by place."
    )
    source_settings: Annotated[tuple[SourceSettings, ...], AfterValidator(no_competing_entries)] = Field(
        default=(), description="Required settings of the repositories that are replicated, at their source."
    )
    replication_delay_minutes: int = Field(
        default=60, ge=0, description="Images pushed more recently than this are reported as in flight, not as missing."
    )
    severity: dict[Text, Severity] = Field(
        default_factory=dict, description="Check id → severity that replaces the check's own."
    )
    longest_waiver_days: int = Field(
        default=366, ge=1, le=3660, description="A waiver that ends more days ahead than this is not in force."
    )
    waivers: tuple[Waiver, ...] = Field(default=(), description="Exceptions, each with a reason and an end date.")


def baseline_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the file, for editors.

    Of what it accepts, `load_baseline` rejects only contradictions (two requirements of one name …) and
    policy documents that AWS refuses.
    """
    return document_schema(Baseline, SCHEMA_ID, "ecr-audit baseline")
