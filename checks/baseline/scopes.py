"""The keys of a baseline that say where something applies."""

from __future__ import annotations

from pydantic import Field

from checks.baseline.values import AccountId, Region, Strict, Text


class Scoped(Strict):
    """Registries of accounts and Regions. A field left out matches all; matching one of `accounts`, `account_names`
    and `ous` is enough.
    """

    accounts: tuple[AccountId, ...] = Field(default=(), description="Account ids, quoted.")
    account_names: tuple[Text, ...] = Field(
        default=(),
        description="Names of accounts as AWS Organizations has them, including case, or patterns with `*` (`*-prod`).",
    )
    ous: tuple[Text, ...] = Field(
        default=(),
        description="Organizational units, including those below: ids (`ou-…`) or paths of names (`Workloads/Prod`).",
    )
    regions: tuple[Region, ...] = Field(default=(), description="Regions of the registries.")

    @property
    def everywhere(self) -> bool:
        """Whether it includes every registry."""
        return not (self.accounts or self.account_names or self.ous or self.regions)
