"""Every report format of a run with 100,000 findings: CPU seconds, peak memory, bytes, and pages of the PDF.

Each format is rendered in a process of its own, which builds the run first; the figures are those of the rendering,
except peak memory, which is that of the whole process:

    python -m benchmarks.reports [--findings 100000] [--checks 80] [--formats pdf,csv] [--store DIR]

With `--store`, the latest run stored there is rendered instead, as `ecr-audit report latest` would.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

AIMS = {"pdf": "20 s, 400 MiB, 80 pages", "csv": "2 s", "xlsx": "15 s"}
_SEVERITIES = ("critical", "high", "medium", "low", "informational")


def main() -> None:
    options = _options()
    if options.one:
        print(json.dumps(_measured(options)))
        return
    where = (
        "run stored in " + options.store
        if options.store
        else f"{options.findings:,} findings of {options.checks} checks"
    )
    print(f"{where}; load of the machine {os.getloadavg()[0]:.1f}")
    print(f"{'format':<10}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}{'of it run':>10}{'bytes':>14}  aim")
    for format in options.formats.split(","):
        command = [sys.executable, "-m", "benchmarks.reports", "--one", format]
        command += ["--findings", str(options.findings), "--checks", str(options.checks), "--store", options.store]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{format}: {done.stderr[-2000:]}")
        one = json.loads(done.stdout.splitlines()[-1])
        pages = f", {one['pages']} pages" if one["pages"] else ""
        print(
            f"{format:<10}{one['wall']:>8.2f}{one['cpu']:>8.2f}{one['peak']:>10,.0f}{one['before']:>10,.0f}"
            f"{one['bytes']:>14,}  {AIMS.get(format, '')}{pages}",
            flush=True,
        )


def _options() -> argparse.Namespace:
    from reports.formats import FORMATS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--checks", type=int, default=80)
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--store", default="", help="render the latest run of this store instead of a generated one")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    from reports.formats import render

    run, view, tables = _kept(options.store) if options.store else _made_up(options.findings, options.checks)
    before = _peak()
    wall, cpu = time.perf_counter(), time.process_time()
    files = render(options.one, run, view, tables=tables)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = _peak()
    return {
        "wall": wall, "cpu": cpu, "before": before, "peak": peak, "bytes": sum(map(len, files.values())),
        "pages": _pages(files["report.pdf"]) if options.one == "pdf" else 0,
    }  # fmt: skip


def _pages(data: bytes) -> int:
    from pypdf import PdfReader

    return len(PdfReader(io.BytesIO(data)).pages)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _kept(folder: str) -> tuple[Any, Any, Any]:
    from functools import partial

    from ecr_audit.cli.options import opened_store
    from ecr_audit.cli.output import kept_view

    store = opened_store(folder)
    run = store.load(store.resolve("latest"))
    return run, kept_view(store, run), partial(store.table, run.id)


def _made_up(count: int, checks: int) -> tuple[Any, Any, Any]:
    """A run with *count* failures of the catalog's first *checks* checks, evenly, over 200 accounts."""
    from audit.model import Age
    from checks.catalog import CHECKS
    from checks.model import CheckResult, Severity, Status
    from reports.view import build_view

    shared = tuple(CHECKS)[:checks]
    share = -(-count // len(shared))
    started = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
    results = []
    for at, check in enumerate(shared):
        severity = Severity(_SEVERITIES[at % 5])
        found = tuple(_finding(check.id, severity, one) for one in range(min(share, count - at * share)))
        results.append(CheckResult(check.id, {Status.FAIL: len(found), Status.PASS: 1000}, found))
    run = _run(tuple(results), started)
    ages = {
        one.fingerprint: Age(started - dt.timedelta(days=at % 90), 1 + at % 30) for at, one in enumerate(run.findings)
    }
    return run, build_view(run, (), ages), None


def _finding(check: str, severity: Any, at: int) -> Any:
    from checks.model import Finding, Remediation, Status, fingerprint

    source, destination = f"2{at % 200:011d}", f"3{at % 25:011d}"
    repository = f"team-{at % 37}/service-{at}"
    key = {
        "source_account": source, "source_region": "eu-central-1", "repository": repository,
        "destination_account": destination, "destination_region": "eu-west-1",
    }  # fmt: skip
    return Finding(
        check=check,
        status=Status.FAIL,
        severity=severity,
        account=destination,
        region="eu-west-1",
        resource=f"{repository}: {source}/eu-central-1 → {destination}/eu-west-1",
        key=key,
        message=f"{repository} at {destination}/eu-west-1 is MUTABLE, and the baseline requires IMMUTABLE",
        evidence={"tag_mutability": "MUTABLE", "expected_tag_mutability": "IMMUTABLE", "mutability_exclusions": "[]"},
        remediation=Remediation(
            f"Make {repository} at {destination}/eu-west-1 IMMUTABLE", manual=("Review it.",), safe=True
        ),
        fingerprint=fingerprint(check, key),
        fact="tag_mutability",
        expected="IMMUTABLE",
        observed="MUTABLE",
    )


def _run(results: tuple[Any, ...], started: dt.datetime) -> Any:
    from audit.evidence import CallCounts, Scope
    from audit.model import Coverage, Run
    from audit.run import check_texts
    from checks.model import Script

    accounts = sorted({finding.account for result in results for finding in result.findings})
    by_account: dict[str, list[str]] = {account: [] for account in accounts}
    for result in results:
        for finding in result.findings:
            by_account[finding.account].append(finding.fingerprint)
    scripts = tuple(
        Script(
            account, "eu-west-1", f"40-repositories-{account}-eu-west-1.sh", "true\n", safe=True, findings=tuple(marks)
        )
        for account, marks in by_account.items()
    )
    return Run(
        id="20261123T020000Z-4f9a1c", started_at=started, finished_at=started + dt.timedelta(minutes=4),
        program_version="0.1.0", versions={}, organization_id="o-exampleorg1", organization_name="Example",
        caller_account="200000000000", partition="aws", scope=Scope(), baseline_name="baseline.yaml",
        baseline_text="version: 1\n", baseline_hash="0" * 64, limits_sources=(),
        coverage=Coverage(225, 225, 225, 225, 0, 0, 40_000), results=results, gaps=(), scripts=scripts,
        calls=CallCounts({"ecr:DescribeRepositories": 240}), validations=(), documents={},
        account_names={account: f"account-{account[-3:]}" for account in accounts}, checks=check_texts(),
    )  # fmt: skip


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
