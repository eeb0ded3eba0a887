"""Every remedy, proven: a world with the failure, the audit, the printed command, the audit again."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from checks.engine.findings import DEFECT
from checks.model import Change, Finding, Script, Status
from checks.remediation import plan, script_for
from ecr_audit.simulator import Simulation, World, serve
from tests.closed_loop.audits import CHECK_BY_ID, Audit, audited
from tests.closed_loop.batches import ALONE, MANAGEMENT, Batch, accounts_of, batch_of, groups, like
from tests.closed_loop.case_files import Case, case_files, read_cases
from tests.closed_loop.estate import HEALTHY, STRANGER, differences, run
from tests.closed_loop.tampering import tamper

CASES = [case for path in case_files() for case in read_cases(path)]
GROUP_OF = {at: group for group in groups(CASES) for at in group}
PENDING: frozenset[str] = frozenset()
"""Checks whose case is still to be written."""
UNLOOPED: Mapping[str, str] = {}
"""Checks without a case, each with the reason."""


@dataclass(frozen=True)
class Played:
    """What became of one case: the worlds just before its remedies and just after them, with those of all others."""

    case: Case
    selected: Sequence[Finding]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class Round:
    """One batch: an audit of its organization, the remedies of its cases one after another, and the audit again."""

    batch: Batch
    first: Audit
    second: Audit
    played: Sequence[Played | AssertionError]
    """In the order of the batch; what did not go as the case says is raised by the test of that case."""


@pytest.fixture(scope="session")
def round_of(
    request: pytest.FixtureRequest, aws: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Round]:
    """The round of a case, played when the first of its batch asks for it; cases that are not to run are not in it."""
    chosen = {item.callspec.params["at"] for item in request.session.items if item.name.startswith(THE_TEST)}
    made: dict[tuple[int, ...], Round] = {}

    def find(at: int) -> Round:
        group = GROUP_OF[at]
        if group not in made:
            made[group] = play(batch_of(CASES, group, chosen), aws, tmp_path_factory.mktemp("round"))
        return made[group]

    return find


THE_TEST = "test_the_remedy_mends_the_finding_and_nothing_else"


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(at, id=f"{case.check}: {case.name}", marks=pytest.mark.xdist_group(f"round {GROUP_OF[at][0]}"))
        for at, case in enumerate(CASES)
    ],
)
def test_the_remedy_mends_the_finding_and_nothing_else(at: int, round_of: Callable[[int], Round]) -> None:
    one = round_of(at)
    index = [(case.check, case.name) for case in one.batch.cases].index((CASES[at].check, CASES[at].name))
    played = one.played[index]
    if isinstance(played, AssertionError):
        raise played
    case, selected = played.case, played.selected
    assert_changed(case, played.before, played.after)
    assert_mended(case, selected, one.second)
    assert_no_worse(case, selected, own(case, one.first, one.batch), own(case, one.second, one.batch))
    assert unknown_accounts(one) == []


def play(batch: Batch, aws: str, folder: Path) -> Round:
    played: list[Played | AssertionError] = []
    tried: set[str] = set()
    with serve(World.from_document(batch.world())) as simulation:
        first = audited(simulation, batch.baseline())
        after = simulation.snapshot()
        for case in batch.cases:
            before = after
            try:
                selected = remedied(case, own(case, first, batch), simulation, before, tried, aws, folder)
            except AssertionError as error:
                after = simulation.snapshot()
                played.append(error)
            else:
                after = simulation.snapshot()
                played.append(Played(case, selected, before, after))
    with serve(World.from_document(batch.after_people(after))) as simulation:
        second = audited(simulation, batch.baseline_after())
    return Round(batch, first, second, played)


def remedied(
    case: Case,
    audit: Audit,
    simulation: Simulation,
    before: dict[str, Any],
    tried: set[str],
    aws: str,
    folder: Path,
) -> list[Finding]:
    """Carry out what is printed, as printed; the findings that it was printed for.

    *tried*: the kinds of edit whose commands were shown to refuse another account, and to leave a changed document
    alone. Each is shown once in a batch.
    """
    selected = chosen(case, audit)
    scripts = printed(selected, audit)
    assert_printed(case, scripts)
    commands = [script for script in scripts if script.findings]
    if commands:
        requested = [
            change for finding in selected for change in (finding.remediation.changes if finding.remediation else ())
        ]
        if not {change.kind for change in requested} <= tried:
            refuses_strangers(commands, like(STRANGER, case), simulation, aws, folder)
            leaves_changed_documents_alone(commands, requested, before, aws, folder)
            tried |= {change.kind for change in requested}
        runs(commands, simulation, aws, folder, case.exit)
        once = simulation.snapshot()
        runs(commands, simulation, aws, folder, case.exit)
        assert differences(once, simulation.snapshot()) == {}, "a second run changes something"
    manual_steps(case, simulation, aws, folder)
    return selected


def own(case: Case, audit: Audit, batch: Batch) -> Audit:
    """What *audit* found in the accounts of *case*."""
    if not batch.shared:
        return audit
    mine = accounts_of(case)
    return replace(audit, findings=tuple(one for one in audit.findings if one.account in mine))


def unknown_accounts(one: Round) -> list[tuple[str, str]]:
    """Findings in accounts of no case of the batch."""
    known = {account for case in one.batch.cases for account in accounts_of(case)}
    found = (*one.first.findings, *one.second.findings) if one.batch.shared else ()
    return [(finding.check, finding.resource) for finding in found if finding.account not in known]


def chosen(case: Case, audit: Audit) -> list[Finding]:
    """The failing findings that the case is about."""
    failing = [finding for finding in audit.failures if finding.check == case.check]
    selected = [one for one in failing if case.finding in f"{one.resource}: {one.message}"]
    assert selected, f"nothing fails, only {[(one.check, one.status, one.message) for one in audit.findings]}"
    return selected


def printed(selected: Sequence[Finding], audit: Audit) -> list[Script]:
    """What a report prints for one finding, or the plan of several."""
    if len(selected) == 1:
        return [script_for(selected[0], audit.context)]
    return list(plan(selected, audit.context))


def assert_printed(case: Case, scripts: Sequence[Script]) -> None:
    steps = [step for script in scripts for step in (*script.manual, *script.refused)]
    told = "\n".join(steps)
    assert bool([one for one in scripts if one.findings]) == (case.by == "script"), told or "no steps, no command"
    assert steps or case.by == "script", "neither a command nor a step"
    for text in case.steps_contain:
        assert text in told
    lines = [line.strip() for hand in case.person for line in hand.run.splitlines()]
    for command in re.findall("`(aws [^`]+)`", told):
        # A word in capitals is for the reader to fill in.
        pattern = " ".join(r"\S+" if word.isupper() else re.escape(word) for word in command.split())
        assert any(re.match(pattern, line) for line in lines), f"nobody tries the step {command}"


def accounts(script: Script) -> list[str]:
    """In whose accounts *script* has parts, in order."""
    parts = re.findall(r"^# Part \d+ of \d+: account (\d{12}), ", script.text, re.MULTILINE)
    return list(dict.fromkeys(parts)) or [script.account]


def refuses_strangers(scripts: Sequence[Script], stranger: str, simulation: Simulation, aws: str, folder: Path) -> None:
    done = run(scripts[0].text, simulation, stranger, aws, folder)
    assert done.code == 2, done
    assert "Wrong account" in done.errors


def leaves_changed_documents_alone(
    scripts: Sequence[Script], requested: Sequence[Change], world: dict[str, Any], aws: str, folder: Path
) -> None:
    """Whatever the edits touch was changed by another user: the script reports it and does not overwrite it."""
    tampered = json.loads(json.dumps(world))
    if not tamper(tampered, requested):
        return
    changed = World.from_document(tampered)
    others = differences(world, changed.to_document())
    with serve(changed) as simulation:
        ended = [
            run(script.text, simulation, account, aws, folder) for script in scripts for account in accounts(script)
        ]
        after = differences(world, simulation.snapshot())
    assert 3 in {done.code for done in ended}, ended
    assert any("changed since the audit. Run the audit again." in done.errors for done in ended), ended
    assert {place: after.get(place) for place in others} == others, "another change was overwritten"


def runs(scripts: Iterable[Script], simulation: Simulation, aws: str, folder: Path, code: int) -> None:
    for script in scripts:
        for account in accounts(script):
            done = run(script.text, simulation, account, aws, folder)
            assert (done.code, done.errors == "") == (code, code == 0), (script.name, done)


def manual_steps(case: Case, simulation: Simulation, aws: str, folder: Path) -> None:
    for hand in case.person:
        text = f"set -euo pipefail\nexport AWS_REGION={hand.region} AWS_DEFAULT_REGION={hand.region}\n{hand.run}\n"
        done = run(text, simulation, hand.account, aws, folder)
        assert (done.code, done.errors) == (0, ""), (hand, done)


def assert_changed(case: Case, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    found = differences(before, after)
    assert set(found) == set(case.changes)
    for place, value in case.changes.items():
        assert value is ... or plain(found[place]) == plain(value)


def plain(value: Any) -> Any:
    """JSON texts as what they say; without the times that AWS writes."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return plain(json.loads(value))
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items() if key not in ("createdAt", "updatedAt")}
    return [plain(part) for part in value] if isinstance(value, list) else value


def assert_mended(case: Case, selected: Sequence[Finding], second: Audit) -> None:
    left = {finding.fingerprint for finding in second.findings} & {finding.fingerprint for finding in selected}
    assert bool(left) == bool(case.stays), [one for one in second.findings if one.fingerprint in left]


def assert_no_worse(case: Case, selected: Sequence[Finding], first: Audit, second: Audit) -> None:
    for audit in (first, second):
        assert not audit.of(Status.ERROR)
        assert not [one for one in audit.findings if DEFECT in one.evidence]
    worst = min(finding.severity.rank for finding in selected)
    new = newly(first, second, selected)
    assert {finding.check for finding in new} == case.brings, [(one.check, one.message) for one in new]
    assert not [one for one in new if one.status is Status.FAIL and one.severity.rank <= worst]


def newly(first: Audit, second: Audit, fixed: Sequence[Finding]) -> list[Finding]:
    """Findings that are new, or worse than before.

    Statements and rules are named by their text. One that was rewritten may keep its other faults under a new name: in
    its registry, no more failures of a check are expected than there were.
    """
    before = {finding.fingerprint: finding for finding in first.findings}
    after = {finding.fingerprint for finding in second.findings}
    gone = Counter(map(_family, (one for one in first.findings if one.fingerprint not in after)))
    gone -= Counter(map(_family, fixed))
    found = []
    for finding in second.findings:
        was = before.get(finding.fingerprint)
        if was is not None:
            if _badness(finding) > _badness(was):
                found.append(finding)
        elif CHECK_BY_ID[finding.check].table.identity and gone[_family(finding)] > 0:
            gone[_family(finding)] -= 1
        else:
            found.append(finding)
    return found


def _family(finding: Finding) -> tuple[str, ...]:
    return (finding.check, finding.status, finding.severity, finding.account, finding.region)


def _badness(finding: Finding) -> tuple[bool, int]:
    return finding.status is Status.FAIL, -finding.severity.rank


def test_nothing_is_wrong_with_the_healthy_estate() -> None:
    with serve(World.from_document(HEALTHY)) as simulation:
        audit = audited(simulation, '{"version": 1}')
    assert [(finding.check, finding.status, finding.message) for finding in audit.findings] == []


def test_each_case_is_in_one_round_and_few_are_alone() -> None:
    assert sorted(at for group in groups(CASES) for at in group) == list(range(len(CASES)))
    assert set(ALONE) <= {f"{case.check}: {case.name}" for case in CASES}
    alone = [CASES[group[0]] for group in groups(CASES) if len(group) == 1]
    assert len(alone) <= len(ALONE) + 2, [(case.check, case.name) for case in alone]


def test_cases_side_by_side_share_no_account_and_no_repository() -> None:
    for group in groups(CASES):
        if len(group) == 1:
            continue
        batch = batch_of(CASES, group, group)
        accounts = [account for case in batch.cases for account in accounts_of(case)]
        assert len(accounts) == len(set(accounts)) >= 3 * len(group)
        document = World.from_document(batch.world()).to_document()
        assert {account["id"] for account in document["accounts"]} == {MANAGEMENT, *accounts}
        owners = {(one["name"].partition("/")[0], registry["account"][:3]) for registry in document["registries"]
                  for one in registry.get("repositories", ()) if one["name"].startswith("prod")}  # fmt: skip
        assert len(owners) == len({name for name, _ in owners}), owners


def test_every_check_has_a_case_or_a_reason() -> None:
    with_cases = {case.check for case in CASES}
    assert with_cases <= set(CHECK_BY_ID)
    assert not with_cases & set(UNLOOPED)
    assert not with_cases & PENDING
    assert set(CHECK_BY_ID) - with_cases - set(UNLOOPED) <= PENDING
