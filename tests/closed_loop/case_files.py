"""Cases of the closed loop: a world with one failure, the remedy carried out, the world audited again.

A file `tests/cases/<group>/<slug>.yaml` belongs to the check `<group>.<slug>`. Under `closed_loop` it holds a list of
cases, data only:

`name`
    What fails, in a few words.
`world`
    What differs from the healthy estate of `estate.py`: two member accounts (111111111111, the management account,
    and 222222222222), each with the Regions eu-west-1 and eu-central-1; the first one's eu-west-1 replicates `prod/`
    to the second one's eu-west-1, which grants it, has a template for it, and holds the copy of `prod/api`.
    Keys are those of `ecr_audit/simulator/world.schema.json`. Accounts are merged by `id`, registries by `account` and
    `region`: a key that is written here replaces the estate's, `null` takes it away; others stay. The organization
    is merged by key. Time stands still at 2026-11-23T02:00:00Z; images and repositories without a time are from
    March 2025.
`baseline`
    What the organization requires, without `version`. Absent: an empty baseline.
`finding`
    Text that the finding's resource or message contains, where the check has several findings of which one is meant.
    Absent: every failure of the check; one is mended by its own command, several by their plan.
`by`
    `script` (default): the finding has a command. `hand`: it has none, but steps for a person.
`exit`
    How the command ends: 0 (default), or 5 where it must be put off.
`steps_contain`
    Texts that the printed steps (and the reasons why no command is offered) must contain.
`person`
    What a person does who follows the steps, after the command if there is one: a list of
    `{account, region, run: shell text}`, carried out with the real AWS CLI. An AWS command that a step prints between
    backticks must be the beginning of a command here.
`person_changes`
    What the person changes that no ECR command can: a world as in `world`, merged over the world as it is then (an
    account is reopened, a role gets trust). Used sparingly: it proves only that the audit then agrees.
`baseline_after`
    The baseline of the second audit, where a step is to correct it.
`changes`
    Exactly the places at which the world may differ afterwards, and must: `[account, region, part]`,
    `[account, region, templates, prefix]`, `[account, region, repositories, name]` for one that comes or goes,
    `[account, region, repositories, name, part]` for one that stays, `[accounts, id]`, or `[part of the world]`.
    Instead of a place, `{at: place, is: value}` says what stands there then (policies as objects).
`brings`
    Checks that may newly fail or become undecided, each less severe than the finding. Everything else that is new is
    an error.
`stays`
    Why the finding cannot be gone after one run. It must then still be there.

For every case with a command it is shown too that a second run changes nothing; and once in a batch for each kind of
change that credentials of another account are refused, and that a document changed after the audit is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

FOLDER = Path(__file__).parents[1] / "cases"

Place = tuple[str, ...]


@dataclass(frozen=True)
class Hand:
    """One thing that a person runs."""

    account: str
    region: str
    run: str


@dataclass(frozen=True)
class Case:
    """One case; see the module."""

    check: str
    name: str
    changes: Mapping[Place, Any]
    """What stands at a place afterwards; `...`: anything else than before."""
    world: Mapping[str, Any] = field(default_factory=dict)
    baseline: Mapping[str, Any] = field(default_factory=dict)
    finding: str = ""
    by: Literal["script", "hand"] = "script"
    exit: int = 0
    steps_contain: tuple[str, ...] = ()
    person: tuple[Hand, ...] = ()
    person_changes: Mapping[str, Any] = field(default_factory=dict)
    baseline_after: Mapping[str, Any] | None = None
    brings: frozenset[str] = frozenset()
    stays: str = ""
    number: int = 0
    """Which accounts it has: 0 for those of the estate; see `tests.closed_loop.batches`."""


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases in *path*. TypeError for an unknown key."""
    check = f"{path.parent.name}.{path.stem}"
    entries = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["closed_loop"]
    return tuple(_case(check, {key: value for key, value in entry.items() if key[:2] != "x-"}) for entry in entries)


def _case(check: str, entry: dict[str, Any]) -> Case:
    assert entry.get("by", "script") in ("script", "hand"), entry["name"]
    changes = dict(_change(one) for one in entry.pop("changes"))
    person = tuple(Hand(**one) for one in entry.pop("person", ()))
    texts = {name: tuple(entry.pop(name)) for name in ("steps_contain",) if name in entry}
    brings = frozenset(entry.pop("brings", ()))
    return Case(check=check, changes=changes, person=person, brings=brings, **texts, **entry)


def _change(entry: Any) -> tuple[Place, Any]:
    place, value = (entry["at"], entry["is"]) if isinstance(entry, Mapping) else (entry, ...)
    assert all(isinstance(part, str) for part in place), f"{place}: quote account ids"
    return tuple(place), value


def case_files() -> tuple[Path, ...]:
    """Every file of a check that has such cases, in the order of their names."""
    return tuple(path for path in sorted(FOLDER.glob("*/*.yaml")) if "\nclosed_loop:\n" in path.read_text())
