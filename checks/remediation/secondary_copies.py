"""Shared by the remediations of repositories without a replica in another Region or account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from checks.changes import Change
from checks.engine.text import names_in, names_text, prefixes_text
from checks.iam.request import CREATE, REPLICATE
from checks.model import RegistryId, Remediation, RemediationContext, Row
from checks.remediation import actions


def copying(row: Row, context: RemediationContext, field: str, where: str) -> Remediation:
    """Replicate the repository of *row* to the one destination that is already in use, or give manual steps.

    *field* begins the names of the row's columns; *where* is where a replica is required (`another Region`).
    """
    source, repository = actions.registry(row), row["repository"]
    prefixes = names_in(row[f"{field}_prefixes"]) or (repository,)
    candidates: Sequence[Mapping[str, Any]] = json.loads(row[f"{field}_candidates"] or "[]")
    usable = [each for each in candidates if each["grant"] in ("given", "lacking")]
    if len(candidates) == 1 and usable:
        return Remediation(
            summary=f"Replicate {prefixes_text(prefixes)} from {'/'.join(source)} to {_place(usable[0])} as well, and "
            "backfill images that are older than the rule.",
            changes=_changes(source, usable[0], prefixes, context),
        )
    return Remediation(
        summary=f"Choose a registry in {where} as destination of {repository} of {'/'.join(source)}.",
        manual=(
            f"{'/'.join(source)} already replicates to these registries in {where}: "
            f"{names_text(tuple(map(_place, candidates)))}."
            if candidates
            else f"{'/'.join(source)} does not replicate to a registry in {where} yet.",
            f"Add the registry that should receive {prefixes_text(prefixes)} to the baseline, as a destination under "
            "`replication`: the next audit then generates the commands for rule and backfill, and for the registry "
            "policy of a registry in another account.",
        ),
    )


def _changes(
    source: RegistryId, end: Mapping[str, Any], prefixes: tuple[str, ...], context: RemediationContext
) -> tuple[Change, ...]:
    place = RegistryId(end["account"], end["region"])
    statement = actions.add_statement(place, source[0], prefixes, (REPLICATE, CREATE), context.organization)
    grants = (statement,) if end["grant"] == "lacking" else ()
    added = actions.add_replication(source, place, prefixes, None)
    return (*grants, added, actions.start_backfill(source, place))


def _place(end: Mapping[str, Any]) -> str:
    return f"{end['account']}/{end['region']}"
