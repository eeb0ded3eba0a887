"""What the remedies of repositories without a distant replica have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from checks.changes import Change
from checks.engine.text import names_in, names_text
from checks.iam.request import CREATE, REPLICATE
from checks.model import RegistryId, Remediation, RemediationContext, Row
from checks.remediation import actions


def copying(row: Row, context: RemediationContext, field: str, where: str) -> Remediation:
    """Replicate the repository of *row* to the one destination that is in use already, or let a person choose.

    *field* begins the names of the row's columns; *where* is where a replica is required (`another Region`).
    """
    source, repository = actions.registry(row), row["repository"]
    prefixes = names_in(row[f"{field}_prefixes"]) or (repository,)
    candidates: Sequence[Mapping[str, Any]] = json.loads(row[f"{field}_candidates"] or "[]")
    usable = [each for each in candidates if each["grant"] in ("given", "lacking")]
    if len(candidates) == 1 and usable:
        return Remediation(
            summary=f"Replicate {names_text(prefixes)} from {'/'.join(source)} to {_place(usable[0])} as well, and "
            "backfill what is older than the rule.",
            changes=_changes(source, usable[0], prefixes, context),
        )
    return Remediation(
        summary=f"Choose a registry in {where} that receives {repository} of {'/'.join(source)}.",
        manual=(
            f"{'/'.join(source)} replicates to these registries in {where} already: "
            f"{names_text(tuple(map(_place, candidates)))}."
            if candidates
            else f"{'/'.join(source)} replicates to no registry in {where} so far.",
            f"Write the one that is to receive {names_text(prefixes)} into the baseline, as a destination under "
            "`replication`: the audit then prints the commands for rule, registry policy and backfill.",
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
