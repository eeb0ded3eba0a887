"""What a run records about itself: coverage, limits, versions."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from audit.evidence import Evidence, RegistryEvidence
from audit.model import Coverage
from checks.baseline.organization_names import KnownAccount, OrganizationNames
from checks.baseline.schema import Baseline
from checks.engine.rows import plain_rows
from checks.engine.text import names_in

if TYPE_CHECKING:
    import pandas as pd

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
    states = {account.account: account.state for account in evidence.accounts}
    in_scope = {account.account for account in evidence.accounts if account.in_scope}
    concerned = in_scope | {part.registry.account for part in evidence.registries}
    inactive = {account for account in concerned if states.get(account) not in (None, "ACTIVE")}
    planned = concerned - inactive
    return Coverage(
        accounts_planned=len(planned),
        accounts_read=len(planned & {part.registry.account for part in evidence.registries if _answered(part)}),
        registries_planned=len(evidence.registries) + len(evidence.unaccounted),
        registries_complete=len(complete),
        registries_partial=len(evidence.registries) - len(unread) - len(complete),
        registries_unread=len(unread),
        repositories=sum(len(part.repositories["repository"]) for part in evidence.registries),
        inactive=dict(sorted(Counter(str(states[account]) for account in inactive).items())),
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


def idle_requirements(baseline: Baseline, tables: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Notes on requirements that apply to nothing in this run: a mistyped unit, or nothing in scope."""
    repositories = tables["repositories"]
    kinds = (
        ("requirement", baseline.replication, (tables["links"]["required_by"],), "source registry"),
        (
            "resilience requirement",
            baseline.resilience,
            (repositories["another_region_required_by"], repositories["another_account_required_by"]),
            "repository",
        ),
    )
    return tuple(
        f"The {kind} {entry.name!r} has no {what} in this run: check its spelling and the scope."
        for kind, entries, columns, what in kinds
        if entries
        for active in [{name for column in columns for name in _names(column)}]
        for entry in entries
        if entry.name not in active
    )


def _names(column: Iterable[str | None]) -> Iterator[str]:
    for cell in set(column):
        if isinstance(cell, str):
            yield from names_in(cell)


def organization_names(tables: Mapping[str, pd.DataFrame]) -> OrganizationNames:
    """The accounts and Regions of the organization, as far as a run read them."""
    accounts = plain_rows(tables["accounts"])
    denied = "organizations:ListAccounts" in set(tables["gaps"]["operation"])
    listed = not denied and any(row["state"] is not None for row in accounts)
    known = tuple(
        KnownAccount(row["account"], row["name"], row["ou_path"], row["organization_path"]) for row in accounts
    )
    # Without a status, the Regions of an account are assumed and not read.
    regions = frozenset(row["region"] for row in plain_rows(tables["regions"]) if row["status"] is not None)
    return OrganizationNames(known if listed else None, regions or None)
