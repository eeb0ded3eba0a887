"""What sets the tags of the source on a replicated image."""

from __future__ import annotations

import json
from typing import Any

from checks.model import Remediation, RemediationContext, Row
from checks.remediation import actions


def retag(row: Row, context: RemediationContext) -> Remediation:
    """The remedy of a row of `images` whose `tags_to_set` are missing at the destination.

    A tag that the destination's mutability keeps where it is, or that several sources may claim, is left to a person.
    """
    at, repository, digest = actions.destination(row), row["repository"], row["digest"]
    tags: list[dict[str, Any]] = json.loads(row["tags_to_set"] or "[]")
    names = ", ".join(entry["tag"] for entry in tags)
    summary = f"Let {names} name {digest} in {repository} at {'/'.join(at)}, as at the source."
    if (row["sources"] or 0) > 1:
        return Remediation(summary=summary, manual=_several_sources(row, names))
    settable = [entry for entry in tags if entry["settable"]]
    stuck = ", ".join(entry["tag"] for entry in tags if not entry["settable"])
    return Remediation(
        summary=summary,
        changes=tuple(actions.retag_image(at, repository, digest, one["tag"], one["seen"]) for one in settable),
        manual=_stuck(row, stuck) if stuck else (),
    )


def _several_sources(row: Row, names: str) -> tuple[str, ...]:
    return (
        f"{row['sources']} registries replicate {row['repository']} to {'/'.join(actions.destination(row))}; what one "
        f"of them tags, another may tag otherwise. Find out of which source {names} is meant there.",
        "Give each source a prefix of its own, so that they do not overwrite each other's tags, then audit again.",
    )


def _stuck(row: Row, names: str) -> tuple[str, ...]:
    source, destination = "/".join(actions.source(row)), "/".join(actions.destination(row))
    return (
        f"{names} names another image in {row['repository']} at {destination} already, and the repository's tag "
        "mutability keeps it there, or was not read.",
        f"If the tag is meant to move: exempt it at {destination} by a mutability exclusion (settings.moving-tags has "
        f"the command), then audit again; if not, find out who moved it at {source}.",
    )
