"""A first baseline, written from what the organization does today."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from audit.baseline_generator.organization import OrganizationOverview, candidates, organization_overview
from audit.baseline_generator.requirements import Replication, RequirementDraft, today
from audit.baseline_generator.settings import SUGGESTED, SettingsEntry, entries
from audit.baseline_generator.yaml_text import flow, quoted, remark, some_of
from audit.evidence import Evidence, all_gaps
from checks.baseline.schema import Grants, LimitSettings
from checks.model import Gap, utc_text

__all__ = ["generate_baseline"]

_SHOWN = 20
"""Remarks of one kind that are written out; the rest is counted."""


def generate_baseline(evidence: Evidence) -> str:
    """A commented baseline that requires what the rules of *evidence* do today, and forbids other links.

    The same evidence gives the same text. It loads without error, and every link that a rule has today is declared by
    it, save those that no baseline can express; these are named in comments, as is what could not be read.
    """
    known = organization_overview(evidence)
    replication = today(evidence, known)
    lines = [
        *_head(evidence),
        *_unread(evidence),
        "version: 1",
        "",
        *_requirements(replication, known),
        *_allowed(replication, known),
        *_limits(evidence),
        *_grants(_unknown_accounts(evidence, known, replication), known),
        *_settings(entries(evidence)),
        *_rest(),
    ]
    return "\n".join(lines) + "\n"


def _head(evidence: Evidence) -> Iterator[str]:
    whose = f"account {evidence.caller_account}"
    if evidence.organization:
        whose = f"organization {evidence.organization.id} {remark(evidence.organization.name)}".rstrip()
    when = utc_text(dt.datetime.fromtimestamp(evidence.started_at, dt.UTC))
    yield f"# What {whose} does today: {len(evidence.registries)} registries, read at {when}."
    yield "#"
    yield "# It says what is, not what should be. Read it, keep what you want to hold, change the rest:"
    yield "#   replication            delete what should not be; a missing backup is not in here"
    yield "#   settings               ask for more than most copies have today"
    yield "#   external_accounts      trust partners by name, or do not"
    yield "# `ecr-audit baseline validate FILE` checks it; `ecr-audit baseline example` shows and explains every key."
    yield ""


def _unread(evidence: Evidence) -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in all_gaps(evidence):
        groups.setdefault((gap.operation, gap.kind.value, gap.code), []).append(gap)
    if not groups and not evidence.unaccounted:
        return
    yield "# What was not read is not in this file:"
    for (operation, kind, code), gaps in sorted(groups.items()):
        places = sorted(
            {"/".join(part for part in (gap.account, gap.region) if part) or "the organization" for gap in gaps}
        )
        yield f"#   could not be read: {remark(operation)} in {remark(some_of(places, 5))} ({kind}: {remark(code)})"
    for place in sorted(evidence.unaccounted):
        yield f"#   could not be read: {remark(str(place))} (planned, and missing from the result)"
    yield ""


def _requirements(replication: Replication, known: OrganizationOverview) -> Iterator[str]:
    yield "# What must be replicated, and where to: today's rules, those of equal meaning together."
    yield from _counted("left out, because no baseline can say it", replication.left_out)
    if not replication.requirements:
        yield "# No rule was found. `ecr-audit baseline example` shows the form of a requirement."
        yield "replication: []"
    else:
        yield "replication:"
    for draft in replication.requirements:
        yield from _requirement(draft, known)
    yield ""


def _requirement(draft: RequirementDraft, known: OrganizationOverview) -> Iterator[str]:
    yield f"  - name: {quoted(draft.name)}"
    yield "    sources:"
    if draft.units:
        yield f"      ous: {flow(draft.units)}"
    if draft.accounts:
        yield "      accounts:"
        for account in draft.accounts:
            yield f"        - {quoted(account)}{_comment(known.described(account))}"
    yield f"      regions: [{', '.join(draft.regions)}]"
    if draft.desired.prefixes != ("",):
        yield f"      repositories: {flow(draft.desired.prefixes)}"
    yield "    destinations:"
    for account, region in draft.desired.destinations:
        told = "" if account == "same" else _comment(known.described(account))
        name = account if account == "same" else quoted(account)
        yield f"      - {{account: {name}, region: {region}}}{told}"
    if draft.desired.delete is None:
        yield "    # delete_replication: false   # today rules say both for the same names; decide"
    else:
        follows = "copies follow deletions at the source: wrong for a backup"
        meaning = follows if draft.desired.delete else "copies survive deletions at the source"
        yield f"    delete_replication: {'true' if draft.desired.delete else 'false'}   # {meaning}"


def _comment(text: str) -> str:
    return f"   # {remark(text)}" if text else ""


def _counted(what: str, clauses: tuple[str, ...]) -> Iterator[str]:
    """Clauses as comments, repeated ones once, the rest beyond a few as a number."""
    distinct = list(Counter(clauses))
    for clause in distinct[:_SHOWN]:
        yield f"#   {what}: {remark(clause)}"
    if len(distinct) > _SHOWN:
        yield f"#   {what}: {len(distinct) - _SHOWN} more"


def _allowed(replication: Replication, known: OrganizationOverview) -> Iterator[str]:
    yield "# forbidden: a link that is neither required above nor allowed below is a finding."
    yield "undeclared_replication: forbidden"
    yield ""
    receiving = {account for draft in replication.requirements for account, _ in draft.desired.destinations} - {"same"}
    accounts = sorted(account for account in receiving if known.members is None or known.usable(account))
    regions = sorted({region for _, region in replication.destinations})
    yield "# Where replication may go besides. Narrow it, or remove it to allow only what is required."
    if known.members is None and accounts:
        yield "# The organization's accounts could not be listed: remove the `#` for those that are yours."
    mark = "# " if known.members is None or not accounts else ""
    yield f"{mark}allowed_destinations:"
    yield f"{mark}  accounts:"
    for account in accounts or ["111111111111"]:
        yield f"{mark}    - {quoted(account)}{_comment(known.described(account))}"
    yield f"{mark}  regions: [{', '.join(regions or ['eu-west-1'])}]"
    yield ""


def _limits(evidence: Evidence) -> Iterator[str]:
    limits = LimitSettings()
    read = sum(part.registry.destinations_limit is not None for part in evidence.registries)
    yield "# AWS's limits as of the day below, used where Service Quotas cannot be read."
    yield f"# Service Quotas answered for {read} of {len(evidence.registries)} registries."
    yield "limits:"
    yield f"  as_of: {limits.as_of.isoformat()}"
    for name in ("unique_destinations", "rules", "filters_per_rule", "registry_policy_characters"):
        limit = getattr(limits, name)
        yield f"  {name}: {{maximum: {limit.maximum}, warn_at_percent: {limit.warn_at_percent}}}"
    yield ""


def _unknown_accounts(
    evidence: Evidence, known: OrganizationOverview, replication: Replication
) -> dict[str, tuple[str, ...]]:
    """Accounts that may need trust → what they have to do with us: policies admit them, or rules send them copies."""
    found = candidates(evidence, known)
    for account in {account for account, _ in replication.destinations}:
        if known.members is not None and account not in known.members:
            found[account] = ("destination of today's rules", *found.get(account, ()))
    return dict(sorted(found.items()))


def _grants(unknown_accounts: dict[str, tuple[str, ...]], known: OrganizationOverview) -> Iterator[str]:
    yield "grants:"
    yield "  # The only actions that a registry policy may allow other accounts."
    yield f"  allowed_actions: [{', '.join(Grants().allowed_actions)}]"
    if unknown_accounts:
        whose = "outside the organization" if known.members is not None else "that are not known to be yours"
        yield f"  # Accounts {whose} that take part today. Each is a finding until you trust it:"
        yield "  # remove the `#` from this line and from the account's, and write down why."
        yield "  # external_accounts:"
        for account, places in unknown_accounts.items():
            yield f"  #   {quoted(account)}: why is it trusted?   # {remark(some_of(places, 2))}"
    yield ""


def _settings(found: tuple[SettingsEntry, ...]) -> Iterator[str]:
    yield "# How copies must be set up: what more than half of them have today, with the counts. AWS's defaults are"
    yield "# required of nobody; remove a `#` to ask for more. The longest prefix decides; null: not judged."
    if not any(suggestion.lines for entry in found for suggestion in entry.suggestions):
        yield "settings: []" if found else "settings: []   # no copy was found"
        yield from (line for entry in found for line in ("# settings:", *_entry(entry, "# ")))
    else:
        yield "settings:"
        for entry in found:
            yield from _entry(entry, "" if any(suggestion.lines for suggestion in entry.suggestions) else "# ")
    yield ""


def _entry(entry: SettingsEntry, mark: str) -> Iterator[str]:
    """One entry of `settings`, all of it commented out by *mark* or only the fields that ask for nothing."""
    lines = [f"repositories: {flow(entry.prefixes)}"] if entry.prefixes else []
    for suggestion in sorted(entry.suggestions, key=lambda suggestion: not suggestion.lines):
        first, *others = suggestion.lines or (
            f"{'' if mark else '# '}{suggestion.field}: {SUGGESTED[suggestion.field]}",
        )
        lines += [f"{first}   # today {remark(suggestion.today)}", *others]
    yield from (f"  {mark}{'-' if number == 0 else ' '} {line}" for number, line in enumerate(lines))


def _rest() -> Iterator[str]:
    yield "# Images pushed more recently than this are in flight, not missing."
    yield "replication_delay_minutes: 60"
    yield ""
    yield "# Check id → severity that replaces the check's own."
    yield "severity: {}"
    yield ""
    yield "# Dated, reasoned exceptions; findings stay in every report, marked. `until` is at most 366 days ahead."
    yield "waivers: []"
    yield "# waivers:"
    yield "#   - checks: [settings.lifecycle-policy-present]"
    yield '#     repositories: ["base/*"]'
    yield "#     reason: why this is accepted"
    yield "#     owner: who answers for it"
    yield "#     until: 2027-06-30"
