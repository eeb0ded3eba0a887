"""What a run says of itself: coverage, limits in force, versions."""

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
    """Versions of what an answer could depend on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in TOOLS}}


def describe_coverage(evidence: Evidence) -> Coverage:
    """Count what was planned against what could be read."""
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
    """Where limits were read, each statement once."""
    return tuple(sorted({row["limits_source"] for row in registries if row["limits_source"]}))


def idle_requirements(baseline: Baseline, required_by: Iterable[str | None]) -> tuple[str, ...]:
    """Sentences about requirements that no registry of this run is a source of: a mistyped unit, or nothing in scope.

    *required_by*: that column of the `links` table.
    """
    active = {name for cell in set(required_by) if isinstance(cell, str) for name in names_in(cell)}
    return tuple(
        f"The requirement {requirement.name!r} names no source registry of this run: mistyped, or out of scope."
        for requirement in baseline.replication
        if requirement.name not in active
    )
