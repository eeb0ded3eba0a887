"""What a run records about itself: coverage, limits, versions."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from audit.evidence import Evidence, RegistryEvidence
from audit.model import Coverage
from checks.baseline.schema import Baseline
from checks.engine.text import names_in

TOOLS = ("boto3", "botocore", "great-expectations", "pandas", "weasyprint")


def program_version() -> str:
    """Version of ecr-audit."""
    return metadata.version("ecr-audit")


def tool_versions() -> dict[str, str]:
    """Versions of the software that results can depend on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in TOOLS}}


def describe_coverage(evidence: Evidence) -> Coverage:
    """Compare what was planned with what was read."""
    unread = [part for part in evidence.registries if not _answered(part)]
    complete = [part for part in evidence.registries if not part.gaps and _answered(part)]
    planned = {part.registry.account for part in evidence.registries} | {
        account.account for account in evidence.accounts if account.in_scope and account.state in (None, "ACTIVE")
    }
    return Coverage(
        accounts_planned=len(planned),
        accounts_read=len({part.registry.account for part in evidence.registries if _answered(part)}),
        registries_planned=len(evidence.registries) + len(evidence.unaccounted),
        registries_complete=len(complete),
        registries_partial=len(evidence.registries) - len(unread) - len(complete),
        registries_unread=len(unread),
        repositories=sum(len(part.repositories["repository"]) for part in evidence.registries),
        unaccounted=evidence.unaccounted,
    )


def _answered(part: RegistryEvidence) -> bool:
    registry = part.registry
    return (
        registry.replication_configuration is not None
        or registry.registry_policy is not None
        or registry.repositories_read
    )


def limits_sources(registries: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Where the limits come from, each source once."""
    return tuple(sorted({row["limits_source"] for row in registries if row["limits_source"]}))


def idle_requirements(baseline: Baseline, required_by: Iterable[str | None]) -> tuple[str, ...]:
    """Notes on requirements that have no source registry in this run: a mistyped unit, or nothing in scope.

    *required_by*: that column of the `links` table.
    """
    active = {name for cell in set(required_by) if isinstance(cell, str) for name in names_in(cell)}
    return tuple(
        f"The requirement {requirement.name!r} has no source registry in this run: check its spelling and the scope."
        for requirement in baseline.replication
        if requirement.name not in active
    )
