"""Columns of the `links` table about the resource tags that templates at the destination put on new copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.tables.documents import Template
from audit.tables.frames import compact
from audit.tables.known import Known
from audit.tables.link_grants import link_request
from checks.iam.cover import action_cover
from checks.model import RegistryId
from checks.requirements import is_covered, minimal_prefixes

TAG = "ecr:TagResource"


def tag_columns(known: Known, source: RegistryId, destination: RegistryId, prefixes: Sequence[str]) -> dict[str, Any]:
    """Whether the grant lets the link create repositories with the tags that the destination's templates ask for."""
    parsed = known.templates.get(destination)
    if parsed is None or parsed.value is None:
        return _columns(None, None, None)
    tagged = tagged_prefixes(prefixes, parsed.value)
    if not tagged or source[0] == destination[0]:
        return _columns(bool(tagged), None, None)
    record = known.parts[destination].registry
    if record.registry_policy is None or record.policy_scope == "V1":
        # Scope V1 heeds three actions, of which tagging is none (ECR user guide, registry-permissions.html).
        return _columns(True, None, None)
    found = action_cover(record.registry_policy, link_request(known, source, destination), TAG, tagged)
    return _columns(True, found.covered, list(found.uncovered))


def tagged_prefixes(prefixes: Sequence[str], templates: Sequence[Template]) -> tuple[str, ...]:
    """Prefixes of the names under *prefixes* that a template for replication with resource tags serves.

    ECR user guide, repository-creation-templates.html: the most specific prefix wins, ROOT serves what is left.
    """
    served = {"" if each.prefix == "ROOT" else f"{each.prefix}/": each for each in templates if each.for_replication}
    found = []
    for start, template in served.items():
        if not template.document.get("resourceTags"):
            continue
        narrower = [other for other in served if other != start and other.startswith(start)]
        both = [
            max(start, prefix, key=len) for prefix in prefixes if start.startswith(prefix) or prefix.startswith(start)
        ]
        found += [prefix for prefix in both if not is_covered(prefix, narrower)]
    return minimal_prefixes(found)


def _columns(sets: bool | None, covered: bool | None, uncovered: list[str] | None) -> dict[str, Any]:
    return {
        "template_sets_tags": sets,
        "tagging_covered": covered,
        "tagging_uncovered": None if uncovered is None else compact(uncovered),
    }
