"""What the organization requires: the models of the one YAML file, and its JSON Schema for editors.

Reading the file, with line and column of every error, is ``checks.baseline.loading``; asking it questions is
``checks.baseline.requirements``.
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
from checks.baseline.values import (
    AccountId,
    Action,
    Fingerprint,
    Region,
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
    """One limit of AWS and the share of it that is worth a warning."""

    maximum: int = Field(gt=0, description="The limit.")
    warn_at_percent: int = Field(default=80, ge=1, le=100, description="Warn from this share of it on.")


class LimitSettings(Strict):
    """Used where Service Quotas cannot be read: AWS's values as of `as_of` (ECR user guide, service-quotas.html)."""

    as_of: dt.date = Field(default=dt.date(2026, 11, 23), description="Day on which these values were looked up.")
    unique_destinations: Limit = Field(
        default=Limit(maximum=25), description="Different (account, Region) pairs over all rules of one registry."
    )
    rules: Limit = Field(default=Limit(maximum=25), description="Replication rules of one registry.")
    filters_per_rule: Limit = Field(default=Limit(maximum=100), description="Repository filters of one rule.")
    registry_policy_characters: Limit = Field(default=Limit(maximum=10_240), description="Length of a registry policy.")
    images_per_repository: Limit = Field(
        default=Limit(maximum=100_000), description="Images of one repository; signatures and SBOMs count too."
    )


class Grants(Strict):
    """What registry policies may grant to others."""

    external_accounts: dict[AccountId, Text] = Field(
        default_factory=dict, description="Partner accounts outside the organization, each with why it is trusted."
    )
    allowed_actions: tuple[Action, ...] = Field(
        default=("ecr:ReplicateImage", "ecr:CreateRepository", "ecr:TagResource", "ecr:BatchImportUpstreamImage"),
        description="The only actions that a registry policy may allow other accounts.",
    )


class Waiver(Strict):
    """A dated, reasoned exception. Every field that is written must fit the finding; findings stay, marked."""

    checks: tuple[Text, ...] = Field(
        min_length=1, description="Check ids, catalogue ids (`GRT-01`), or patterns with `*`."
    )
    fingerprint: Fingerprint = Field(default="", description="One finding's fingerprint, as reports print it.")
    accounts: tuple[AccountId, ...] = Field(default=(), description="Accounts that findings are reported for.")
    ous: tuple[Text, ...] = Field(
        default=(), description="Units that those accounts lie in; of `accounts` and `ous` one suffices."
    )
    regions: tuple[Region, ...] = Field(default=(), description="Regions that findings are reported for.")
    repositories: tuple[Text, ...] = Field(default=(), description="Repository names, or patterns with `*`.")
    reason: Text = Field(description="Why this is accepted.")
    owner: Text = Field(description="Who answers for it.")
    until: dt.date = Field(description="Last day on which it holds, at most `longest_waiver_days` ahead: `YYYY-MM-DD`.")


class WaiverFile(Strict):
    """Waivers kept in a file of their own, for people who may except but not require."""

    version: Literal[1] = Field(default=1, description="Version of this format.")
    waivers: tuple[Waiver, ...] = Field(default=(), description="Dated, reasoned exceptions.")


def _unique_names(requirements: tuple[_Named, ...]) -> tuple[_Named, ...]:
    seen: set[str] = set()
    for number, requirement in enumerate(requirements):
        if requirement.name in seen:
            text = f"two entries are called {requirement.name!r}"
            raise wrong(text, "reports tell them apart by name", number, "name")
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
        default=(), description="Regions in which repositories and copies may lie; left out: not judged."
    )
    undeclared_registries: Literal["allowed", "forbidden"] = Field(
        default="allowed",
        description="forbidden: every registry with repositories must be a source or a destination of `replication`.",
    )
    resilience: Annotated[tuple[Resilience, ...], AfterValidator(_unique_names)] = Field(
        default=(), description="Repositories that need a copy in another Region or account, wherever that is."
    )
    environments: Annotated[tuple[Environment, ...], AfterValidator(_unique_names)] = Field(
        default=(),
        description="Levels of trust, least trusted first: images must not be copied into a more trusted one.",
    )
    limits: LimitSettings = Field(default=LimitSettings())
    registries: Registries = Field(default=Registries())
    grants: Grants = Field(default=Grants())
    settings: Annotated[tuple[Settings, ...], AfterValidator(no_competing_entries)] = Field(
        default=(), description="How destination repositories must be set up, by prefix of their name."
    )
    replication_delay_minutes: int = Field(
        default=60, ge=0, description="Images pushed more recently than this are in flight, not missing."
    )
    severity: dict[Text, Severity] = Field(
        default_factory=dict, description="Check id → severity that replaces the check's own."
    )
    longest_waiver_days: int = Field(
        default=366, ge=1, le=3660, description="A waiver that ends more days ahead than this is not in force."
    )
    waivers: tuple[Waiver, ...] = Field(default=(), description="Dated, reasoned exceptions.")


def baseline_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the file, for editors.

    Of what it accepts, `load_baseline` refuses only what contradicts itself (two requirements of one name …).
    """
    return document_schema(Baseline, SCHEMA_ID, "ecr-audit baseline")
