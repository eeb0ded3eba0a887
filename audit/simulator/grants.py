"""May a registry replicate into another? The one place where the simulator asks the policy evaluator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.simulator.state import DEFAULT_SETTINGS, Registry

if TYPE_CHECKING:
    from audit.simulator.world import World


def may_replicate(world: World, source: Registry, destination: Registry, name: str) -> bool | None:
    """Whether images of the repository *name* may go from *source* to *destination*; None: nobody knows what AWS says.

    Across accounts the destination's registry policy must grant ecr:ReplicateImage, and ecr:CreateRepository where
    the repository is absent; within one account nothing is needed (ECR user guide, registry-permissions.html).
    """
    if source.account == destination.account:
        return True
    if not destination.policy:
        return False
    # Imported here: only replication needs the evaluator.
    from checks.iam.explain import explain
    from checks.iam.request import ReplicationRequest, Verdict

    exists = name in destination.repositories
    frame = world.organization_of(source.account)
    request = ReplicationRequest(
        source_account=source.account,
        destination_account=destination.account,
        region=destination.region,
        repository=name,
        partition=destination.partition,
        repository_exists=exists,
        organization_id=frame.id if frame else "",
        organization_path=world.organization_path(source.account) or "",
        resource_tags=dict(destination.repositories[name].tags) if exists else {},
        policy_scope=destination.settings.get("REGISTRY_POLICY_SCOPE", DEFAULT_SETTINGS["REGISTRY_POLICY_SCOPE"]),
    )
    verdict = explain(destination.policy, request).verdict
    if verdict is Verdict.INDETERMINATE:
        return None
    return verdict is Verdict.ALLOWED or (exists and verdict is Verdict.ALLOWED_IF_REPOSITORY_EXISTS)
