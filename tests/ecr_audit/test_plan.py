"""`ecr-audit plan` on kept runs: what it writes, says and leaves out."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.store import open_store
from checks.model import CheckResult, Finding, Status, WaiverMark
from ecr_audit.cli.plan import plan
from tests.audit.store.test_store import TABLES, a_run
from tests.checks.remediation.words import OTHER, REGION, SOURCE, adding, change, finding, granting, registry, rule

TO_OTHER = f"{OTHER}/{REGION}"
FULL = [rule(*(f"4000000000{number:02}/eu-west-1" for number in range(25)))]
WAIVER = WaiverMark("reason", "owner", "2027-01-01")
FINDINGS = (
    finding(adding(TO_OTHER, prefixes=["prod/"]), check="rules.required-link-present", resource="the link"),
    finding(granting(SOURCE, "prod/"), check="grants.replication-allowed", resource="the grant"),
    finding(
        change("repository.tags", OTHER, repository="prod/api", tags={"team": "a"}),
        check="settings.tags-present",
        resource="prod/api",
        safe=True,
    ),
    finding(manual=["Look at $(touch owned)."], check="settings.encryption", resource="prod/secret\x1b[31m"),
    finding(adding(TO_OTHER, prefixes=["old/"]), check="rules.required-link-present", waiver=WAIVER),
    finding(adding(TO_OTHER), check="rules.required-link-present", status=Status.UNKNOWN),
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return keep(tmp_path, FINDINGS, registry(rules=[rule("111111111111/eu-central-1")]), registry(OTHER))


def keep(folder: Path, findings: tuple[Finding, ...], *rows: dict[str, object]) -> Path:
    results = tuple(
        CheckResult(check, dict.fromkeys(Status, 0), tuple(one for one in findings if one.check == check))
        for check in dict.fromkeys(one.check for one in findings)
    )
    documents = {(str(row["account"]), str(row["region"])): row for row in rows}
    run = replace(a_run(), results=results, documents=documents, scripts=())
    open_store(str(folder / "store")).save(run, TABLES)
    return folder


def planned(kept: Path, *words: str) -> Result:
    return CliRunner().invoke(plan, [*words, "--store", str(kept / "store"), "--output", str(kept / "plan")])


def written(kept: Path) -> set[str]:
    return {str(path.relative_to(kept / "plan")) for path in (kept / "plan").rglob("*") if path.is_file()}


def test_scripts_order_and_readme_are_written_and_summed_up(kept: Path) -> None:
    result = planned(kept)
    assert result.exit_code == 0, result.output
    scripts = [
        f"10-grants-and-templates-{OTHER}-{REGION}.sh",
        f"20-rules-{SOURCE}-{REGION}.sh",
        f"40-repositories-{OTHER}-{REGION}.sh",
    ]
    assert written(kept) == {*scripts, f"60-manual-{SOURCE}-{REGION}.sh", "README.txt", "order.txt"}
    assert [line.split()[2] for line in (kept / "plan/order.txt").read_text().splitlines()] == scripts
    assert all(os.access(kept / "plan" / name, os.X_OK) for name in scripts)
    assert "4 failures: 3 can be fixed by the scripts here, 1 needs manual steps." in result.output
    assert "Safe to run without review\n  40-repositories-" in result.output
    assert "not included: 1 failure" in result.output
    readme = (kept / "plan/README.txt").read_text()
    assert "1. Look at $(touch owned)." in readme
    assert "\x1b" not in readme + result.output


def test_options_narrow_the_plan_and_say_so(kept: Path) -> None:
    planned(kept)
    result = planned(kept, "latest", "--account", SOURCE)
    assert written(kept) == {
        f"20-rules-{SOURCE}-{REGION}.sh",
        f"60-manual-{SOURCE}-{REGION}.sh",
        "README.txt",
        "order.txt",
    }
    assert "Excluded from this plan by its options: 2 failures of the run" in result.output
    assert "1 script" in planned(kept, "--check", "GRT-01").output
    assert planned(kept, "--region", "us-east-1").output.count("Nothing to fix") == 1


def test_safe_only_keeps_nothing_that_needs_a_reader(kept: Path) -> None:
    result = planned(kept, "--safe-only")
    assert written(kept) == {f"40-repositories-{OTHER}-{REGION}.sh", "README.txt", "order.txt"}
    assert "need manual steps" not in result.output
    assert "by its options: 3 failures of the run" in result.output


def test_waived_findings_are_taken_in_where_asked_for(kept: Path) -> None:
    result = planned(kept, "--waived")
    assert "5 failures" in result.output
    assert "old/" in (kept / f"plan/20-rules-{SOURCE}-{REGION}.sh").read_text()


def test_what_aws_would_refuse_is_left_out_with_the_split(tmp_path: Path) -> None:
    result = planned(keep(tmp_path, FINDINGS[:1], registry(rules=FULL)))
    assert "1 left out because AWS would reject the fix" in result.output
    assert "26 unique destinations, AWS allows 25" in result.output
    assert "keep 25 here" in (tmp_path / "plan/README.txt").read_text()


def test_code_is_written_instead_and_scripts_of_before_go(kept: Path) -> None:
    planned(kept)
    (kept / "plan/mine.sh").write_text("echo mine\n")
    assert planned(kept, "--format", "terraform").exit_code == 0
    assert written(kept) == {f"{SOURCE}-{REGION}/ecr.tf", f"{OTHER}-{REGION}/ecr.tf", "README.txt", "mine.sh"}
    result = planned(kept, "--format", "cloudformation")
    stems = [f"{SOURCE}-{REGION}", f"{OTHER}-{REGION}"]
    assert written(kept) == {
        *(f"{stem}{ending}" for stem in stems for ending in (".json", ".sh")),
        *(f"{stems[0]}{ending}" for ending in (".import.json", ".resources.json")),
        "README.txt",
        "mine.sh",
    }
    assert "WARNING: cloudformation cannot express the complete plan." in result.output
    assert "Resource tags of prod/api: team: an API call, not a document" in result.output
    readme = (kept / "plan/README.txt").read_text()
    assert readme.index(f"1. {OTHER}") < readme.index(f"2. {SOURCE}")
    assert json.loads((kept / f"plan/{stems[0]}.json").read_text())["Resources"]["Replication"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("20250101",), "20250101"),
        (("--check", "no.such-check"), "check 'no.such-check' does not exist"),
        (("--account", "12"), "12-digit account ID"),
        (("--format", "pulumi"), "pulumi"),
    ],
)
def test_mistakes_are_reported_with_exit_code_2(kept: Path, words: tuple[str, ...], said: str) -> None:
    result = planned(kept, *words)
    assert result.exit_code == 2
    assert said in result.output


def test_a_run_with_a_change_that_is_not_valid_here_is_another_versions(tmp_path: Path) -> None:
    result = planned(keep(tmp_path, (finding(change("replication.remove-rule", rule=0)),), registry()))
    assert result.exit_code == 2
    assert "another version" in result.output


def test_the_order_file_is_one_that_a_shell_can_read(kept: Path) -> None:
    planned(kept)
    loop = 'while read -r account region script; do test -x "$script" || exit 1; done < order.txt'
    assert subprocess.run(["bash", "-c", loop], cwd=kept / "plan", check=False).returncode == 0
