"""Generates a first baseline from the organization's current configuration."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from audit.baseline_generator.organization import OrganizationOverview, candidates, organization_overview
from audit.baseline_generator.requirements import Replication, RequirementDraft, current
from audit.baseline_generator.settings import SUGGESTED, SettingsEntry, entries
from audit.baseline_generator.yaml_text import flow, quoted, remark, some_of
from audit.evidence import Evidence, all_gaps
from checks.baseline.schema import Grants, LimitSettings
from checks.model import Gap, utc_text

__all__ = ["generate_baseline"]

_SHOWN = 20
"""Comments of one kind that are written out; the rest is counted."""


def generate_baseline(evidence: Evidence) -> str:
    """A commented baseline that requires what the rules of *evidence* replicate now, and forbids other links.

    Equal evidence gives equal text. It loads without error and declares every link that a rule has now, except those
    that a baseline cannot express; comments name these, and the evidence gaps.
    """
    overview = organization_overview(evidence)
    replication = current(evidence, overview)
    lines = [
        *_head(evidence),
        *_unread(evidence),
        "version: 1",
        "",
        *_requirements(replication, overview),
        *_allowed(replication, overview),
        *_limits(evidence),
        *_grants(_unknown_accounts(evidence, overview, replication), overview),
        *_settings(entries(evidence)),
        *_rest(),
    ]
    return "\n".join(lines) + "\n"


def _head(evidence: Evidence) -> Iterator[str]:
    whose = f"account {evidence.caller_account}"
    if evidence.organization:
        whose = f"organization {evidence.organization.id} {remark(evidence.organization.name)}".rstrip()
    when = utc_text(dt.datetime.fromtimestamp(evidence.started_at, dt.UTC))
    yield f"# Current configuration of {whose}: {len(evidence.registries)} registries, read at {when}."
    yield "#"
    yield "# It describes the current state, not the desired state. Review it, keep what is intended, change the rest:"
    yield "#   replication            remove unintended replication; add missing backups"
    yield "#   settings               require more than most replicas have now"
    yield "#   external_accounts      list the partner accounts that you trust"
    yield "# `ecr-audit baseline validate FILE` checks it; `ecr-audit baseline example` shows and explains every key."
    yield ""


def _unread(evidence: Evidence) -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in all_gaps(evidence):
        groups.setdefault((gap.operation, gap.kind.value, gap.code), []).append(gap)
    if not groups and not evidence.unaccounted:
        return
    yield "# Evidence gaps; what was not read is not in this file:"
    for (operation, kind, code), gaps in sorted(groups.items()):
        places = sorted(
            {"/".join(part for part in (gap.account, gap.region) if part) or "the organization" for gap in gaps}
        )
        yield f"#   could not be read: {remark(operation)} in {remark(some_of(places, 5))} ({kind}: {remark(code)})"
    for place in sorted(evidence.unaccounted):
        yield f"#   could not be read: {remark(str(place))} (planned, but missing from the result)"
    yield ""


def _requirements(replication: Replication, overview: OrganizationOverview) -> Iterator[str]:
    yield "# Required replication: the current rules; equivalent rules are combined."
    yield from _counted("left out, because a baseline cannot express it", replication.left_out)
    if not replication.requirements:
        yield "# No replication rule was found. `ecr-audit baseline example` shows the form of a requirement."
        yield "replication: []"
    else:
        yield "replication:"
    for draft in replication.requirements:
        yield from _requirement(draft, overview)
    yield ""


def _requirement(draft: RequirementDraft, overview: OrganizationOverview) -> Iterator[str]:
    yield f"  - name: {quoted(draft.name)}"
    yield "    sources:"
    if draft.units:
        yield f"      ous: {flow(draft.units)}"
    if draft.accounts:
        yield "      accounts:"
        for account in draft.accounts:
            yield f"        - {quoted(account)}{_comment(overview.described(account))}"
    yield f"      regions: [{', '.join(draft.regions)}]"
    if draft.desired.prefixes != ("",):
        yield f"      repositories: {flow(draft.desired.prefixes)}"
    yield "    destinations:"
    for account, region in draft.desired.destinations:
        comment = "" if account == "same" else _comment(overview.described(account))
        name = account if account == "same" else quoted(account)
        yield f"      - {{account: {name}, region: {region}}}{comment}"
    if draft.desired.delete is None:
        yield "    # delete_replication: false   # current rules have both for the same names; decide"
    else:
        follows = "deletions at the source are replicated: not suitable for a backup"
        meaning = follows if draft.desired.delete else "deletions at the source are not replicated"
        yield f"    delete_replication: {'true' if draft.desired.delete else 'false'}   # {meaning}"


def _comment(text: str) -> str:
    return f"   # {remark(text)}" if text else ""


def _counted(what: str, clauses: tuple[str, ...]) -> Iterator[str]:
    """Clauses as comments: each once, at most `_SHOWN`, then the number of the rest."""
    distinct = list(Counter(clauses))
    for clause in distinct[:_SHOWN]:
        yield f"#   {what}: {remark(clause)}"
    if len(distinct) > _SHOWN:
        yield f"#   {what}: {len(distinct) - _SHOWN} more"


def _allowed(replication: Replication, overview: OrganizationOverview) -> Iterator[str]:
    yield "# forbidden: a link that is neither required above nor allowed below is a finding."
    yield "undeclared_replication: forbidden"
    yield ""
    receiving = {account for draft in replication.requirements for account, _ in draft.desired.destinations} - {"same"}
    accounts = sorted(account for account in receiving if overview.members is None or overview.usable(account))
    regions = sorted({region for _, region in replication.destinations})
    yield "# Other allowed destinations. Restrict the list, or remove it to allow only what is required."
    if overview.members is None and accounts:
        yield "# The organization's accounts could not be listed: remove the `#` for those that are yours."
    mark = "# " if overview.members is None or not accounts else ""
    yield f"{mark}allowed_destinations:"
    yield f"{mark}  accounts:"
    for account in accounts or ["111111111111"]:
        yield f"{mark}    - {quoted(account)}{_comment(overview.described(account))}"
    yield f"{mark}  regions: [{', '.join(regions or ['eu-west-1'])}]"
    yield ""


def _limits(evidence: Evidence) -> Iterator[str]:
    limits = LimitSettings()
    read = sum(part.registry.destinations_limit is not None for part in evidence.registries)
    yield "# AWS limits as of the date below, used where Service Quotas cannot be read."
    yield f"# Service Quotas were read for {read} of {len(evidence.registries)} registries."
    yield "limits:"
    yield f"  as_of: {limits.as_of.isoformat()}"
    for name in ("unique_destinations", "rules", "filters_per_rule", "registry_policy_characters"):
        limit = getattr(limits, name)
        yield f"  {name}: {{maximum: {limit.maximum}, warn_at_percent: {limit.warn_at_percent}}}"
    yield ""


def _unknown_accounts(
    evidence: Evidence, overview: OrganizationOverview, replication: Replication
) -> dict[str, tuple[str, ...]]:
    """External accounts that take part in replication → where: policies that allow them, or rules that replicate to
    them."""
    found = candidates(evidence, overview)
    for account in {account for account, _ in replication.destinations}:
        if overview.members is not None and account not in overview.members:
            found[account] = ("destination of current rules", *found.get(account, ()))
    return dict(sorted(found.items()))


def _grants(unknown_accounts: dict[str, tuple[str, ...]], overview: OrganizationOverview) -> Iterator[str]:
    yield "grants:"
    yield "  # The only actions that a registry policy may allow other accounts."
    yield f"  allowed_actions: [{', '.join(Grants().allowed_actions)}]"
    if unknown_accounts:
        whose = "outside the organization" if overview.members is not None else "that are not known to be yours"
        yield f"  # Accounts {whose} that take part now. Each is a finding until it is listed here:"
        yield "  # remove the `#` from this line and from the account's, and state the reason."
        yield "  # external_accounts:"
        for account, places in unknown_accounts.items():
            yield f"  #   {quoted(account)}: reason for the trust   # {remark(some_of(places, 2))}"
    yield ""


def _settings(found: tuple[SettingsEntry, ...]) -> Iterator[str]:
    yield "# Required settings of replicas: what more than half of them have now, with counts. AWS defaults are not"
    yield "# required; remove a `#` to require more. The longest matching prefix applies; null: not evaluated."
    if not any(suggestion.lines for entry in found for suggestion in entry.suggestions):
        yield "settings: []" if found else "settings: []   # no replica was found"
        yield from (line for entry in found for line in ("# settings:", *_entry(entry, "# ")))
    else:
        yield "settings:"
        for entry in found:
            yield from _entry(entry, "" if any(suggestion.lines for suggestion in entry.suggestions) else "# ")
    yield ""


def _entry(entry: SettingsEntry, mark: str) -> Iterator[str]:
    """One entry of `settings`, commented out completely by *mark*, or only the fields that require nothing."""
    lines = [f"repositories: {flow(entry.prefixes)}"] if entry.prefixes else []
    for suggestion in sorted(entry.suggestions, key=lambda suggestion: not suggestion.lines):
        first, *others = suggestion.lines or (
            f"{'' if mark else '# '}{suggestion.field}: {SUGGESTED[suggestion.field]}",
        )
        lines += [f"{first}   # now: {remark(suggestion.current)}", *others]
    yield from (f"  {mark}{'-' if number == 0 else ' '} {line}" for number, line in enumerate(lines))


def _rest() -> Iterator[str]:
    yield "# Images that were pushed more recently than this are in flight, not missing."
    yield "replication_delay_minutes: 60"
    yield ""
    yield "# Check id → severity that replaces the check's default."
    yield "severity: {}"
    yield ""
    yield "# Waivers: exceptions with reason and end date. `until`: at most 366 days ahead."
    yield "# Waived findings stay in every report."
    yield "waivers: []"
    yield "# waivers:"
    yield "#   - checks: [settings.lifecycle-policy-present]"
    yield '#     repositories: ["base/*"]'
    yield "#     reason: why this is accepted"
    yield "#     owner: accountable person or team"
    yield "#     until: 2027-06-30"
