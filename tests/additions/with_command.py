"""Run in a tree with the command `sample-command`: it is listed, documented and runs, and is imported lazily."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("pandas", "great_expectations", "boto3", "botocore", "weasyprint", "sqlalchemy")


def test_it_is_listed_without_importing_anything_heavy():
    code = (
        "import sys, contextlib, io\n"
        "from ecr_audit.cli import main\n"
        "sys.argv = ['ecr-audit', '--help']\n"
        "said = io.StringIO()\n"
        "with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit): main()\n"
        "assert 'sample-command  Say something.' in said.getvalue(), said.getvalue()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_runs():
    arguments = [sys.executable, "-m", "ecr_audit", "sample-command", "--twice"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == "something\nsomething\n"


def test_it_is_documented():
    page = (Path.cwd() / "docs" / "cli.md").read_text()
    assert "## ecr-audit sample-command" in page
    assert "--twice" in page
