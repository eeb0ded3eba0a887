"""Cases that share one simulated organization: each has accounts of its own, and one audit looks at them all.

An audit costs nearly the same for fifty accounts as for two. Side by side, a case has its own account ids and its own
word in place of `prod`, so that one baseline can require of each what its own does. The organization has a management
account in which nothing is; the accounts of every case are members.

What a case asks of a whole organization (limits, quotas, allowed Regions …) is asked of the others beside it too. Those
that ask for nothing of the kind are by themselves. Who cannot share is alone, in the accounts that its file names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from tests.closed_loop.case_files import Case
from tests.closed_loop.estate import HEALTHY, SOURCE, merged

MANAGEMENT, ROLE = "100000000000", "ecr-audit"
LARGEST = 20
"""Cases of one batch: so few that there is a batch for every worker."""
ALONE: Mapping[str, str] = {
    "limits.growth-within-limit: more accounts may receive replicas than a registry can have destinations": (
        "counts them"
    ),
    "organization.scan-policy-permits: an Inspector policy of the organization sets how replicas are scanned": (
        "its person acts in the management account"
    ),
    "rules.link-declared: a rule replicates to an undeclared destination": "forbids registries that others have",
    "rules.prefixes-bounded: a filter that ends in the middle of a word": "its filter is `prod`, for `production` too",
    "rules.required-link-present: no room for another destination": "what others are warned of would be new here",
    "settings.scan-type: the source is scanned by more, and a filter of the replica's registry contains part of the "
    "name": "its filter is a part of `prod/api`",
    "settings.scanned: nothing is scanned": "wants every repository scanned, and `*` as the filter",
    "waivers.in-force: an exception that expired": "an exception lies in no account",
    "waivers.matches: an exception that excuses nothing": "an exception lies in no account",
}
"""Cases that cannot share an organization for what their worlds and baselines do not show, each with the reason."""
_MOVED = re.compile(r"(?<![\d-])(\d{3})(?=\d{9}(?!\d))|(?<![\w-])prod(?![\w-])")
_APART = frozenset({"accounts", "registries", "keys"})
"""Parts of a world of which each account has its own."""
_BOUND = frozenset({"replication", "resilience", "environments", "settings", "source_settings", "waivers"})
"""Keys of a baseline that require something of the accounts, or of the repositories, that their entries name."""


@dataclass(frozen=True)
class Batch:
    """Cases in one organization."""

    cases: tuple[Case, ...]
    shared: bool

    def world(self) -> dict[str, Any]:
        """The organization before anything is remedied."""
        if not self.shared:
            return merged(HEALTHY, self.cases[0].world)
        parts = [_as_members(merged(_like(HEALTHY, case), case.world)) for case in self.cases]
        together = {part: [entry for one in parts for entry in one.get(part, ())] for part in _APART}
        wide = _joined(*({key: one[key] for key in one.keys() - HEALTHY.keys() - _APART} for one in parts))
        management = {"id": MANAGEMENT, "name": "management", "regions": ["eu-west-1"]}
        return {
            **HEALTHY,
            **(wide or {}),
            **together,
            "organization": {**HEALTHY["organization"], "management_account": MANAGEMENT},
            "accounts": [management, *together["accounts"]],
        }

    def after_people(self, world: Mapping[str, Any]) -> dict[str, Any]:
        """*world* with what people change in it by other means than ECR's commands."""
        after = dict(world)
        for case in self.cases:
            more = _as_members(case.person_changes) if self.shared else case.person_changes
            if self.shared and "keys" in more:
                named = {key["arn"] for key in more["keys"]}
                more = {**more, "keys": [*(key for key in after["keys"] if key["arn"] not in named), *more["keys"]]}
            after = merged(after, more)
        return after

    def baseline(self) -> str:
        """What the organization requires, as the text of a baseline."""
        return self._text([case.baseline for case in self.cases])

    def baseline_after(self) -> str:
        """The same for the second audit."""
        return self._text([_after(case) for case in self.cases])

    def _text(self, baselines: Sequence[Mapping[str, Any]]) -> str:
        if not self.shared:
            return json.dumps({"version": 1, **baselines[0]})
        bound = {key: _entries([one.get(key, ()) for one in baselines]) for key in _BOUND}
        return json.dumps({"version": 1, **(_joined(*map(_wide, baselines)) or {}), **bound})


def groups(cases: Sequence[Case]) -> tuple[tuple[int, ...], ...]:
    """Which cases can be side by side, by their positions in *cases*; one that cannot is a group by itself."""
    found: list[tuple[list[int], dict[str, Any]]] = []
    alone: list[list[int]] = []
    for at, case in enumerate(cases):
        asked = _asked(_apart(case, at))
        if asked is None:
            alone.append([at])
            continue
        for members, theirs in found:
            joined = _joined(theirs, asked)
            if joined is not None and bool(theirs) == bool(asked) and len(members) < LARGEST:
                members.append(at)
                theirs.update(joined)
                break
        else:
            found.append(([at], asked))
    return tuple(tuple(members) for members in (*(members for members, _ in found), *alone))


def batch_of(cases: Sequence[Case], group: Sequence[int], chosen: Collection[int]) -> Batch:
    """Those of a *group* that are *chosen*, in one organization."""
    if len(group) == 1:
        return Batch((cases[group[0]],), shared=False)
    return Batch(tuple(_apart(cases[at], at) for at in group if at in chosen), shared=True)


def accounts_of(case: Case) -> frozenset[str]:
    """The accounts of a case's world, strangers included."""
    return frozenset(account["id"] for account in merged(_like(HEALTHY, case), case.world)["accounts"])


def like(account: str, case: Case) -> str:
    """What the estate's *account* is called where *case* is."""
    return str(_moved(account, case.number))


def _apart(case: Case, at: int) -> Case:
    """The case with accounts and repositories of its own, named by its number."""
    number = at + 101
    moved: Case = _moved(case, number)
    mine = {"repositories": [_moved("prod", number) + "/"]}
    required = [
        {**one, "settings": [{**mine, **entry} for entry in one["settings"]]} if one and "settings" in one else one
        for one in (moved.baseline, moved.baseline_after)
    ]
    return replace(moved, number=number, baseline=required[0] or {}, baseline_after=required[1])


def _like(world: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """*world* with the accounts and repositories of *case*."""
    found: dict[str, Any] = _moved(world, case.number)
    return found


def _moved(value: Any, number: int) -> Any:
    if not number:
        return value
    if isinstance(value, str):
        return _MOVED.sub(lambda found: str(number) if found[1] else f"{found[0]}{number}", value)
    if isinstance(value, Mapping):
        return {_moved(key, number): _moved(one, number) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(one, number) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _moved(getattr(value, field.name), number) for field in fields(value)})
    return value


def _as_members(world: Mapping[str, Any]) -> dict[str, Any]:
    """A case's world where its first account is a member like others, and all are read from the management account."""
    accounts = []
    for account in world.get("accounts", ()):
        roles = account.get("roles", [{"name": ROLE}] if account["id"][3:] == SOURCE[3:] else None)
        trusting = [{**one, "trusts": [MANAGEMENT]} if one["name"] == ROLE else one for one in roles or ()]
        accounts.append({**account, "roles": trusting} if roles else account)
    return {**world, "accounts": accounts} if accounts else dict(world)


def _after(case: Case) -> Mapping[str, Any]:
    return case.baseline if case.baseline_after is None else case.baseline_after


def _asked(case: Case) -> dict[str, Any] | None:
    """What a case asks of a whole organization, before and after its remedies; None where it must be alone."""
    if f"{case.check}: {case.name}" in ALONE or not {*case.world, *case.person_changes} <= {*_APART, "quotas"}:
        return None
    required = (case.baseline, _after(case))
    for entry in (entry for one in required for key in ("replication", "resilience") for entry in one.get(key, ())):
        if "accounts" not in entry.get("sources", {}) or "ous" in entry["sources"]:
            return None
    asked = {"before": _wide(required[0]), "after": _wide(required[1]), "quotas": case.world.get("quotas", {})}
    return {key: one for key, one in asked.items() if one}


def _wide(baseline: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in baseline.items() if key not in _BOUND}


def _joined(*parts: Mapping[str, Any]) -> dict[str, Any] | None:
    """All *parts* in one; None where they contradict each other."""
    joined: dict[str, Any] = {}
    for key, value in (item for part in parts for item in part.items()):
        if isinstance(value, Mapping):
            value = _joined(joined.get(key, {}), value)
        if value is None or (not isinstance(value, Mapping) and joined.get(key, value) != value):
            return None
        joined[key] = value
    return joined


def _entries(lists: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The entries of all *lists*. Names are unique in a baseline: those of environments mean the same, others not."""
    found: list[dict[str, Any]] = []
    for number, entry in ((number, entry) for number, entries in enumerate(lists) for entry in entries):
        same = [one for one in found if "name" in one and one["name"] == entry.get("name")]
        if not same:
            found.append(dict(entry))
        elif "sources" in entry:
            found.append({**entry, "name": f"{entry['name']} {number}"})
        else:
            same[0]["accounts"] = [*same[0]["accounts"], *entry["accounts"]]
    return found
