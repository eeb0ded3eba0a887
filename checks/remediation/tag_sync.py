"""Remediation that sets the source's tags on a replicated image."""

from __future__ import annotations

import json
from typing import Any

from checks.model import Remediation, RemediationContext, Row
from checks.remediation import actions


def retag(row: Row, context: RemediationContext) -> Remediation:
    """The remediation of a row of `images` whose `tags_to_set` are missing at the destination.

    A tag that is immutable at the destination, or that several sources may set, gets manual steps.
    """
    at, repository, digest = actions.destination(row), row["repository"], row["digest"]
    tags: list[dict[str, Any]] = json.loads(row["tags_to_set"] or "[]")
    names = ", ".join(entry["tag"] for entry in tags)
    summary = f"Point {names} to {digest} in {repository} at {'/'.join(at)}, as at the source."
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
        f"{row['sources']} registries replicate {row['repository']} to {'/'.join(actions.destination(row))}; they may "
        f"set the same tag on different images. Find out which source {names} should follow there.",
        "Use a separate prefix for each source, so they do not overwrite each other's tags, then run the audit again.",
    )


def _stuck(row: Row, names: str) -> tuple[str, ...]:
    source, destination = "/".join(actions.source(row)), "/".join(actions.destination(row))
    return (
        f"{names} already names another image in {row['repository']} at {destination}, and the repository's tag "
        "mutability makes it immutable there, or was not read.",
        f"If the tag should move: exempt it at {destination} with a mutability exclusion filter (settings.moving-tags "
        f"has the command), then run the audit again; if not, find out who moved it at {source}.",
    )
