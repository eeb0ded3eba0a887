"""Every remedy, proven: a world with the failure, the audit, the printed command, the audit again."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.simulator import Simulation, World, serve
from checks.findings import DEFECT
from checks.model import Finding, Script, Status
from checks.remedies import plan, script_for
from tests.closed_loop.audits import CHECK_BY_ID, Audit, audited
from tests.closed_loop.case_files import Case, case_files, read_cases
from tests.closed_loop.estate import HEALTHY, STRANGER, changes, merged, run
from tests.closed_loop.tampering import tamper

CASES = [case for path in case_files() for case in read_cases(path)]
PENDING: frozenset[str] = frozenset()
"""Checks whose case is still to be written."""
UNLOOPED: Mapping[str, str] = {}
"""Checks without a case, each with the reason."""


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.check}: {case.name}") for case in CASES])
def test_the_remedy_mends_the_finding_and_nothing_else(case: Case, aws: str, tmp_path: Path) -> None:
    document = merged(HEALTHY, case.world)
    with serve(World.from_document(document)) as simulation:
        first = audited(simulation, baseline_text(case.baseline))
        selected = chosen(case, first)
        scripts = printed(selected, first)
        assert_printed(case, scripts)
        commands = [script for script in scripts if script.findings]
        before = simulation.snapshot()
        if commands:
            refuses_strangers(commands, simulation, aws, tmp_path)
            leaves_changed_documents_alone(commands, selected, before, aws, tmp_path)
            runs(commands, simulation, aws, tmp_path, case.exit)
            once = simulation.snapshot()
            runs(commands, simulation, aws, tmp_path, case.exit)
            assert changes(once, simulation.snapshot()) == {}, "a second run changes something"
        by_hand(case, simulation, aws, tmp_path)
        after = simulation.snapshot()
    assert_changed(case, before, after)
    changed = merged(after, case.person_changes) if case.person_changes else after
    with serve(World.from_document(changed)) as simulation:
        baseline = case.baseline if case.baseline_after is None else case.baseline_after
        second = audited(simulation, baseline_text(baseline))
    assert_mended(case, selected, second)
    assert_no_worse(case, selected, first, second)


def baseline_text(baseline: Mapping[str, Any]) -> str:
    return json.dumps({"version": 1, **baseline})


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


def refuses_strangers(scripts: Sequence[Script], simulation: Simulation, aws: str, folder: Path) -> None:
    done = run(scripts[0].text, simulation, STRANGER, aws, folder)
    assert done.code == 2, done
    assert "Wrong account" in done.errors


def leaves_changed_documents_alone(
    scripts: Sequence[Script], findings: Sequence[Finding], world: dict[str, Any], aws: str, folder: Path
) -> None:
    """Whatever the edits touch was changed by somebody: the script says so and does not overwrite it."""
    edits = [edit for finding in findings for edit in (finding.remedy.edits if finding.remedy else ())]
    tampered = json.loads(json.dumps(world))
    if not tamper(tampered, edits):
        return
    somebodys = changes(world, World.from_document(tampered).to_document())
    with serve(World.from_document(tampered)) as simulation:
        ended = [
            run(script.text, simulation, account, aws, folder) for script in scripts for account in accounts(script)
        ]
        after = changes(world, simulation.snapshot())
    assert 3 in {done.code for done in ended}, ended
    assert any("somebody changed it. Audit again." in done.errors for done in ended), ended
    assert {place: after.get(place) for place in somebodys} == somebodys, "somebody's change was overwritten"


def runs(scripts: Iterable[Script], simulation: Simulation, aws: str, folder: Path, code: int) -> None:
    for script in scripts:
        for account in accounts(script):
            done = run(script.text, simulation, account, aws, folder)
            assert (done.code, done.errors == "") == (code, code == 0), (script.name, done)


def by_hand(case: Case, simulation: Simulation, aws: str, folder: Path) -> None:
    for hand in case.person:
        text = f"set -euo pipefail\nexport AWS_REGION={hand.region} AWS_DEFAULT_REGION={hand.region}\n{hand.run}\n"
        done = run(text, simulation, hand.account, aws, folder)
        assert (done.code, done.errors) == (0, ""), (hand, done)


def assert_changed(case: Case, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    found = changes(before, after)
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


def newly(first: Audit, second: Audit, mended: Sequence[Finding]) -> list[Finding]:
    """Findings that are new, or worse than before.

    Statements and rules are named by their text. One that was rewritten may keep its other faults under a new name: in
    its registry, no more failures of a check are expected than there were.
    """
    before = {finding.fingerprint: finding for finding in first.findings}
    after = {finding.fingerprint for finding in second.findings}
    gone = Counter(map(_family, (one for one in first.findings if one.fingerprint not in after)))
    gone -= Counter(map(_family, mended))
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
        audit = audited(simulation, baseline_text({}))
    assert [(finding.check, finding.status, finding.message) for finding in audit.findings] == []


def test_every_check_has_a_case_or_a_reason() -> None:
    with_cases = {case.check for case in CASES}
    assert with_cases <= set(CHECK_BY_ID)
    assert not with_cases & set(UNLOOPED)
    assert not with_cases & PENDING
    assert set(CHECK_BY_ID) - with_cases - set(UNLOOPED) <= PENDING
