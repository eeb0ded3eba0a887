"""Pages of registries: the list of a run, and one registry with its settings, links and findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from audit.run_changes import is_open
from checks.model import RegistryId
from checks.tables import REGISTRIES
from ecr_audit.web.pages import evidence
from ecr_audit.web.pages.dependencies import ShownRun, services_of, shown_run
from ecr_audit.web.pages.evidence import Row, frame_of, rows, rows_where
from ecr_audit.web.pages.filters import LONGEST, PAGE, Filter
from ecr_audit.web.pages.rendering import page
from reports.charts.link_styles import STYLES, Style
from reports.topology import LINK_STATE_WORDS, Link, LinkState

router = APIRouter()

_LISTED = (
    "account", "region", "account_name", "ou_path", "repository_count", "is_source", "is_destination", "rule_count",
    "destinations_needed", "destinations_limit", "evidence_complete",
)  # fmt: skip
"""Columns that the list shows; documents are shown on the page of a registry only."""
_DOCUMENTS = (
    "replication_configuration", "registry_policy", "scanning_configuration", "templates", "signing_configuration",
    "pull_through_cache_rules", "pull_time_exclusions", "backfills",
)  # fmt: skip
_FACTS = (
    "ou_path", "detail", "repository_count", "is_source", "is_destination", "rule_count", "rules_limit",
    "destinations_present", "destinations_needed", "destinations_limit", "policy_characters",
    "policy_characters_limit", "policy_scope", "blob_mounting", "basic_scan_version", "service_linked_role_present",
    "failure_rules", "missing_permissions", "limits_source",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One replication link on the page of a registry."""

    account: str
    region: str
    name: str
    style: Style
    state: str
    """The state of the link, as text."""
    prefixes: evidence.DisplayValue
    reason: str
    known: bool
    """Whether the other registry was read and has a page."""


@router.get("/runs/{run_id}/registries")
def registries(request: Request, run_id: str, text: str = "") -> Response:
    """Every registry in the scope of the run."""
    of = shown_run(request, run_id)
    given = request.query_params.get("page", "1")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 1
    found = _listed(request, of, text[:LONGEST])
    pages = max(1, -(-len(found) // PAGE))
    number = min(max(number, 1), pages)
    return page(
        request, "registries.html.j2", run=of.run, view=of.view, text=text[:LONGEST], count=len(found), number=number,
        pages=pages, rows=found[(number - 1) * PAGE : number * PAGE], open=_open_by_place(of),
    )  # fmt: skip


@router.get("/runs/{run_id}/registries/{account}/{region}")
def registry(request: Request, run_id: str, account: str, region: str) -> Response:
    """One registry."""
    of = shown_run(request, run_id)
    store = services_of(request).store
    found = rows_where(store, of.run.id, REGISTRIES.name, {"account": account, "region": region})
    wanted = Filter(account=account, region=region)
    shown = of.index.chosen(wanted)
    gaps = [gap for gap in of.run.gaps if gap.account == account and gap.region in ("", region)]
    if not found and not shown.rows and not gaps:
        raise HTTPException(404, f"run {of.run.id} has no registry {account}/{region}, or stored no data about it")
    row = found[0] if found else {}
    return page(
        request,
        "registry.html.j2",
        run=of.run,
        view=of.view,
        index=of.index,
        account=account,
        region=region,
        row=row,
        name=of.run.account_names.get(account, ""),
        facts=_displayed(row, _FACTS),
        documents=_displayed(row, _DOCUMENTS),
        outgoing=_links(request, of, "source", "destination", RegistryId(account, region)),
        incoming=_links(request, of, "destination", "source", RegistryId(account, region)),
        shown=shown,
        wanted=wanted,
        gaps=gaps,
        scripts=[one for one in of.run.scripts if (one.account, one.region) == (account, region)],
    )


def _listed(request: Request, of: ShownRun, text: str) -> list[Row]:
    store = services_of(request).store
    if not store.has_tables(of.run.id, REGISTRIES.name):
        raise HTTPException(404, f"run {of.run.id} stored no evidence tables, so its registries are unknown")
    frame = frame_of(store, of.run.id, REGISTRIES.name)
    # A run of an older version may lack a column: then the value is unknown.
    known = rows(frame[[name for name in _LISTED if name in frame.columns]])
    found = [{name: row.get(name) for name in _LISTED} for row in known]
    words = text.lower().split()
    fitting = [row for row in found if all(word in _searched(row) for word in words)]
    worst = _open_by_place(of)
    return sorted(
        fitting, key=lambda row: (-worst[RegistryId(row["account"], row["region"])], row["account"], row["region"])
    )


def _searched(row: Row) -> str:
    parts = (row.get(name) for name in ("account", "region", "account_name", "ou_path"))
    roles = (name for name, flag in (("source", "is_source"), ("destination", "is_destination")) if row.get(flag))
    return "\n".join(str(part) for part in (*parts, *roles) if part).lower()


def _open_by_place(of: ShownRun) -> Mapping[RegistryId, int]:
    """Open failures by account and Region."""
    return Counter(RegistryId(one.account, one.region) for one in of.view.findings if is_open(one))


def _displayed(row: Row, names: Iterable[str]) -> list[evidence.DisplayValue]:
    return [
        evidence.display_value(name.replace("_", " "), row[name], REGISTRIES.column(name).meaning)
        for name in names
        if name in row
    ]


def _links(request: Request, of: ShownRun, here: str, there: str, place: RegistryId) -> list[LinkRow]:
    """Links of one registry, worst state first."""
    store = services_of(request).store
    found = rows_where(store, of.run.id, "links", {f"{here}_account": place[0], f"{here}_region": place[1]})
    known = set()
    if found:
        frame = frame_of(store, of.run.id, REGISTRIES.name)
        known = set(zip(frame["account"], frame["region"], strict=True))
    ways = {(link.source, link.destination): link for link in (of.view.topology.links if of.view.topology else ())}
    order = list(LinkState)
    made = []
    for row in found:
        other = RegistryId(str(row[f"{there}_account"]), str(row[f"{there}_region"]))
        link = ways.get((place, other) if here == "source" else (other, place))
        way = link.state if isinstance(link, Link) else LinkState.UNKNOWN
        made.append((order.index(way), other, _link_row(of, row, other, way, known=other in known)))
    return [one for _order, _other, one in sorted(made, key=lambda entry: entry[:2])]


def _link_row(of: ShownRun, row: Mapping[str, Any], other: RegistryId, way: LinkState, *, known: bool) -> LinkRow:
    copied = row.get("prefixes") if row.get("present") else row.get("expected_prefixes")
    reason = row.get("grant_reason") if way in (LinkState.BLOCKED, LinkState.PARTIAL, LinkState.UNKNOWN) else ""
    return LinkRow(
        account=other[0],
        region=other[1],
        name=of.run.account_names.get(other[0], ""),
        style=STYLES[way],
        state=LINK_STATE_WORDS[way],
        prefixes=evidence.display_value("prefixes", copied),
        reason=str(reason or ""),
        known=known,
    )
