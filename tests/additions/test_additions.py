"""What CONTRIBUTING says about adding something is all that there is to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.additions.tree import Tree, copied, steps

FORMAT = '''"""report.sample: the id of the run."""

from collections.abc import Mapping

from audit.model import Run
from reports.view import ReportView


def render(run: Run, view: ReportView) -> Mapping[str, bytes]:
    """`report.sample` as UTF-8."""
    return {"report.sample": f"sample of {run.id}\\n".encode()}
'''


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return copied(tmp_path / "tree")


def test_a_format_is_a_module_and_a_line(tree: Tree):
    tree.write("reports/formats/sample.py", FORMAT)
    line = 'ReportFormat("sample", "Sample, for tests", "report.sample", "application/x-sample"),'
    tree.add_line("reports/formats/__init__.py", line, below='ReportFormat("markdown"')
    assert tree.touched == steps("Add a report format", name="sample")
    _documented(tree)
    tree.passes("with_format.py")


def _documented(tree: Tree) -> None:
    """As `make docs` does."""
    done = tree.run("scripts/generate-docs")
    assert done.returncode == 0, done.stderr
