"""Writes a plan into one folder and returns its summary for the screen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from checks.model import utc_text

if TYPE_CHECKING:
    from audit.model import Run
    from checks.model import Finding
    from checks.remediation import Plan

Findings = tuple["Finding", ...]

README = "README.txt"
ORDER = "order.txt"
_SHELL = (
    "Run the scripts in the order of their names, each with credentials of the account in its name; order.txt lists",
    "account, Region and script. DRY_RUN=1 shows the changes without applying them. Each script first checks the",
    "account and the settings, and stops if they have changed since the audit. Running a script twice is safe.",
    "Scripts marked safe need no review: they grant no additional access, delete nothing and cost little.",
)
_CODE_USE = (
    "Apply the code in this order: destination registries before source registries. If your own code already declares",
    "a document, change it there instead: two declarations would overwrite each other. The scripts of",
    "`ecr-audit plan --format shell` do what is left out below. Run them afterwards; they skip what is done already.",
)
_ORDERED = re.compile(r"[0-9]{12} [a-z0-9-]+ [0-9]{2}-[a-z0-9-]+\.sh")
_CODE = re.compile(r"[0-9]{12}-[a-z0-9-]+(\.import|\.resources)?\.json|[0-9]{12}-[a-z0-9-]+/ecr\.tf")


def write_shell(run: Run, findings: Findings, plan: Plan, folder: Path, _form: str) -> list[str]:
    """Write scripts, their order and a README. Returns the summary."""
    from checks.remediation.summary import runnable

    scripts = runnable(plan)
    _tidy(folder)
    for script in plan.scripts:
        _write(folder, {script.name: script.text})
    order = [f"{script.account} {script.region} {script.name}" for script in scripts]
    listing = [
        f"  {script.name}  ({_counted(len(plan.steps[script.name]), 'step')}{', safe' if script.safe else ''})"
        for script in scripts
    ]
    how = [*_SHELL, "", *listing]
    readme = [*_head(run, findings, plan), *_stage_lines(plan), *_section("How to run it", how), *_rest(findings, plan)]
    _write(folder, {README: _text(readme), ORDER: _text(order)})
    where = f"Written to {folder}/: {_counted(len(scripts), 'script')}, {ORDER}, {README} (with all manual steps)."
    safe = _section("Safe to run without review", [script.name for script in scripts if script.safe])
    return [*_head(run, findings, plan), *_stage_lines(plan), *safe, *_rest(findings, plan, steps=False), "", where]


def write_code(run: Run, findings: Findings, plan: Plan, folder: Path, form: str) -> list[str]:
    """Write infrastructure as code and a README. Returns the summary."""
    from checks.remediation.code import FORMATS
    from checks.remediation.code.result import code_lines, in_order, left_out_lines

    codes = [FORMATS[form](registry) for registry in plan.registries]
    _tidy(folder)
    for code in codes:
        _write(folder, code.files)
    how = [
        f"For {form}: the target documents of {_counted(len(in_order(codes)), 'registry', 'registries')}.",
        *_CODE_USE,
    ]
    head = _head(run, findings, plan, by="by the code here and by scripts for what the code leaves out")
    readme = [*head, *_section("How to apply it", [*how, "", *code_lines(codes)]), *_rest(findings, plan)]
    _write(folder, {README: _text(readme)})
    declared = [f"  {code.account} {code.region}: {', '.join(code.declared)}" for code in in_order(codes)]
    warnings = left_out_lines(codes)
    loud = ["", f"WARNING: {form} cannot express the complete plan."] if warnings else []
    files = sum(len(code.files) for code in codes)
    where = f"Written to {folder}/: {_counted(files, 'file')} and {README} (with the commands to apply them)."
    return [*head, *_section("Declared", declared), *loud, *warnings, "", where]


def _head(run: Run, findings: Findings, plan: Plan, *, by: str = "by the scripts here") -> list[str]:
    from checks.remediation.summary import fixed_findings
    from reports.sanitize import one_line
    from reports.text import narrowed_text

    name = one_line(run.organization_name or run.organization_id or run.caller_account)
    done = sum(finding.fingerprint in fixed_findings(plan) for finding in findings)
    refused = sum(finding.fingerprint in plan.refused for finding in findings)
    counts = [f"{done} can be fixed {by}"]
    counts += [f"{refused} left out because AWS would reject the fix"] if refused else []
    left = len(findings) - done - refused
    counts += [f"{left} {'needs' if left == 1 else 'need'} manual steps"] if left else []
    return [
        f"{name}, run {run.id} of {utc_text(run.started_at)}",
        *([one_line(narrowed_text(run))] if run.narrowed else []),
        f"{_counted(len(findings), 'failure')}: {', '.join(counts)}." if findings else "Nothing to fix.",
    ]


def _stage_lines(plan: Plan) -> list[str]:
    from checks.remediation.summary import MEANINGS, stages

    lines = [
        f"  {one.stage.value}  {_counted(one.scripts, 'script')} ({one.safe} safe), {_counted(one.steps, 'step')}, "
        f"{_counted(one.findings, 'finding')}: {MEANINGS[one.stage]}"
        for one in stages(plan)
    ]
    return _section("Stages", lines)


def _rest(findings: Findings, plan: Plan, *, steps: bool = True) -> list[str]:
    """Manual steps, and fixes that are left out."""
    from checks.remediation.summary import refusal_lines, refusals, task_lines, tasks

    all_tasks = tasks(findings, plan)
    alone = [line for task in all_tasks if not task.besides for line in task_lines(task, steps=steps)]
    besides = [line for task in all_tasks if task.besides for line in task_lines(task, steps=steps)] if steps else []
    return [
        *_section("Manual steps", alone),
        *_section("Notes on the scripts", besides),
        *_section(
            "Left out, because AWS would reject the fix or no safe fix is known",
            refusal_lines(refusals(findings, plan)),
        ),
    ]


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}".rstrip() for line in lines)] if lines else []


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _write(folder: Path, files: Mapping[str, str]) -> None:
    from audit.store.files import write_atomically

    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / name, text.encode())
        if name.endswith(".sh"):
            (folder / name).chmod(0o755)


def _tidy(folder: Path) -> None:
    """Delete the files of an earlier plan and nothing else; they are recognized by their content."""
    order = folder / ORDER
    if order.is_file() and all(_ORDERED.fullmatch(line) for line in order.read_text(errors="replace").splitlines()):
        order.unlink()
    for old in (*folder.glob("*.sh"), *folder.glob("*.json"), *folder.glob("*/ecr.tf")):
        name = old.relative_to(folder).as_posix()
        beginning = old.read_text(encoding="utf-8", errors="replace")[:4_000]
        ours = (
            f"# {old.name}: " in beginning
            or "# ECR registry " in beginning
            or "AWS::ECR::" in beginning
            or "EcrAudit" in beginning
        )
        if ours and (old.suffix == ".sh" or _CODE.fullmatch(name)):
            old.unlink()
            if old.parent != folder and not any(old.parent.iterdir()):
                old.parent.rmdir()
