"""The checks, in the order in which reports list them: one line of `_IDS` each.

The id is the path of the check's module: `grants.covers-rule` is `checks/grants/covers_rule.py`. A module that is not
listed here is not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module

from checks.model import Check
from checks.tables import WAIVERS


@dataclass(frozen=True, slots=True)
class Group:
    """A group of checks, which is a package of that name."""

    title: str
    """Its name in reports and on pages."""
    subject: str
    """Its subject, in a sentence."""


GROUPS: Mapping[str, Group] = {
    "rules": Group("Replication rules", "Replication configurations compared with the baseline."),
    "limits": Group("Limits", "How close registries are to the AWS limits that apply to replication."),
    "grants": Group(
        "Grants at the destination",
        "Whether registry policies allow exactly the replication that rules need.",
    ),
    "settings": Group(
        "Destination settings",
        "Settings of replicas and creation templates, which replication does not copy.",
    ),
    "sources": Group("Source settings", "Settings of the repositories that are replicated, at their source."),
    "coverage": Group("Image coverage", "Whether the images that should be replicated are at their destinations."),
    "topology": Group("Topology", "Replication paths over several registries."),
    "organization": Group("Organization", "Accounts, Regions and registries, and complete evidence."),
    "exposure": Group("Access exposure", "Principals of other accounts that can read, push or delete replicas."),
    "waivers": Group("Waivers", "Whether waivers are in force and still match findings."),
}
"""Name → group, in the order in which reports list them."""

_IDS = (
    "rules.required-link-present",
    "rules.link-declared",
    "rules.self-destination",
    "rules.destinations-present",
    "rules.without-duplicates",
    "rules.filters-as-declared",
    "rules.prefixes-bounded",
    "rules.filters-match",
    "rules.filters-needed",
    "rules.destination-region-valid",
    "rules.required-repository-matched",
    "rules.delete-replication-as-declared",
    "rules.delete-replication-consistent",
    "rules.service-linked-role-present",
    "limits.destinations-within-limit",
    "limits.destinations-below-warning",
    "limits.growth-within-limit",
    "limits.rules-within-limit",
    "limits.filters-within-limit",
    "limits.policy-size-within-limit",
    "limits.images-within-limit",
    "grants.replication-allowed",
    "grants.not-explicitly-denied",
    "grants.resource-arn-valid",
    "grants.covers-rule",
    "grants.conditions-satisfiable",
    "grants.create-repository-allowed",
    "grants.principal-possible",
    "grants.actions-narrow",
    "grants.actions-exist",
    "grants.policy-scope",
    "grants.grantee-in-organization",
    "grants.not-public",
    "grants.unused",
    "grants.evaluable",
    "grants.tag-resource-allowed",
    "settings.tag-mutability",
    "settings.immutability-effective",
    "settings.scanned",
    "settings.scan-type",
    "settings.encryption",
    "settings.repository-policy",
    "settings.lifecycle-policy-present",
    "settings.lifecycle-policy",
    "settings.moving-tags",
    "settings.template-covers-rule",
    "settings.template-as-declared",
    "settings.template-role-valid",
    "settings.template-key-usable",
    "settings.key-usable",
    "settings.matches-template",
    "settings.tags-present",
    "settings.lifecycle-not-stricter",
    "settings.lifecycle-without-pull-time",
    "settings.pull-time-exclusions",
    "settings.blob-mounting",
    "settings.signing-as-source",
    "sources.tag-mutability",
    "sources.scanned",
    "sources.encryption",
    "sources.lifecycle-policy",
    "sources.repository-policy",
    "sources.tags-present",
    "coverage.repository-present",
    "coverage.images-present",
    "coverage.replication-succeeded",
    "coverage.progress-bounded",
    "coverage.tags-agree",
    "coverage.referrers-present",
    "coverage.tags-present",
    "coverage.orphaned-images",
    "coverage.backfill-succeeded",
    "topology.chain-complete",
    "topology.no-cycle",
    "topology.one-source",
    "topology.second-region",
    "topology.isolated-account",
    "topology.region-allowed",
    "topology.environments-ordered",
    "topology.cache-not-replicated",
    "organization.destination-known",
    "organization.accounts-active",
    "organization.region-enabled",
    "organization.evidence-complete",
    "organization.registry-declared",
    "organization.region-approved",
    "organization.member-replicates",
    "organization.scan-policy-permits",
    "organization.failure-events",
    "exposure.not-public",
    "exposure.not-wider-than-source",
    "exposure.not-writable",
    "exposure.not-deletable",
    "exposure.template-policy-bounded",
    "waivers.in-force",
    "waivers.matches",
)

CHECKS: tuple[Check, ...] = tuple(import_module(f"checks.{name.replace('-', '_')}").CHECK for name in _IDS)

EVIDENCE_CHECKS: tuple[Check, ...] = tuple(check for check in CHECKS if check.table is not WAIVERS)
"""Checks over evidence, which are evaluated first."""

WAIVER_CHECKS: tuple[Check, ...] = tuple(check for check in CHECKS if check.table is WAIVERS)
"""Checks over the findings of the others."""


def find(name: str) -> tuple[Check, ...]:
    """The checks that match *name*: an id, an alias (`GRT-01`), or a pattern with `*` over both; case-insensitive."""
    wanted = name.lower()
    return tuple(
        check for check in CHECKS if any(fnmatchcase(known.lower(), wanted) for known in (check.id, *check.aliases))
    )
