"""What the baseline can ask of replication: from where to where, how resilient, and which ways are open."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from checks.baseline_shapes import AccountId, DestinationAccount, Prefix, Region, RequirementName, Strict, Text, wrong


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
