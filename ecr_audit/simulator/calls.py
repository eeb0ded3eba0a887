"""One authenticated call to a handler, and its caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecr_audit.simulator.state import Registry, Repository
from ecr_audit.simulator.wire.errors import AwsError
from ecr_audit.simulator.wire.models import partition_of

if TYPE_CHECKING:
    from ecr_audit.simulator.identity import Sessions
    from ecr_audit.simulator.world import World

Result = dict[str, Any]
"""Result of an operation: the members of its output shape."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a call."""

    account: str
    arn: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one operation."""

    world: World
    sessions: Sessions
    caller: Caller
    region: str
    service: str
    """Signing name, which is the prefix of the IAM action."""
    operation: str
    parameters: Mapping[str, Any]

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.caller.account

    @property
    def partition(self) -> str:
        """Partition of the Region."""
        return partition_of(self.region)

    @property
    def action(self) -> str:
        """`service:Operation`."""
        return f"{self.service}:{self.operation}"

    def registry(self) -> Registry:
        """The caller's registry in this Region.

        A `registryId` of another account is refused as AWS refuses it without a grant; the simulator does not
        model grants of reads across accounts.
        """
        named = self.parameters.get("registryId", self.account)
        if named != self.account:
            resource = f"arn:{self.partition}:ecr:{self.region}:{named}:repository/*"
            raise AwsError(
                "AccessDeniedException",
                f"User: {self.caller.arn} is not authorized to perform: {self.action} on resource: {resource} "
                "(the simulator does not model access to another account's registry)",
            )
        return self.world.registry(self.account, self.region)

    def repository(self) -> tuple[Registry, Repository]:
        """The registry and the repository that `repositoryName` names."""
        registry = self.registry()
        name = self.parameters["repositoryName"]
        repository = registry.repositories.get(name)
        if repository is None:
            raise no_repository(name, registry.account)
        return registry, repository


Handler = Callable[[Call], Result]
Operations = Mapping[str, Handler]


def no_repository(name: str, account: str) -> AwsError:
    """ECR's error for a repository that does not exist."""
    return AwsError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{account}'",
    )


def not_modelled(call: Call, what: str = "") -> AwsError:
    """The error for a feature that AWS has and the simulator does not model."""
    return AwsError("UnknownOperationException", f"The simulator does not model {what or call.action}.")


def refused(what: str, code: str = "InvalidParameterException") -> AwsError:
    """The error for a case in which the behavior of AWS is not documented."""
    return AwsError(code, f"The simulator refuses what AWS is not known to do: {what}")
