"""The operations that the simulator answers itself, by signing name of the service."""

from __future__ import annotations

from collections.abc import Mapping

from ecr_audit.simulator.calls import Operations
from ecr_audit.simulator.services import (
    account,
    ec2,
    ecr_backfills,
    ecr_images,
    ecr_lifecycle,
    ecr_registry,
    ecr_repositories,
    ecr_scanning,
    ecr_templates,
    events,
    iam,
    kms,
    organizations,
    servicequotas,
    sts,
)

OPERATIONS: Mapping[str, Operations] = {
    "ecr": {
        **ecr_registry.OPERATIONS,
        **ecr_scanning.OPERATIONS,
        **ecr_templates.OPERATIONS,
        **ecr_repositories.OPERATIONS,
        **ecr_lifecycle.OPERATIONS,
        **ecr_images.OPERATIONS,
        **ecr_backfills.OPERATIONS,
    },
    "sts": sts.OPERATIONS,
    "organizations": organizations.OPERATIONS,
    "account": account.OPERATIONS,
    "ec2": ec2.OPERATIONS,
    "servicequotas": servicequotas.OPERATIONS,
    "iam": iam.OPERATIONS,
    "kms": kms.OPERATIONS,
    "events": events.OPERATIONS,
}
"""Every other operation of these services is refused with an error that says that the simulator does not model it."""
