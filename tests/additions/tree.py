"""A copy of the source tree, in which a test does what CONTRIBUTING says, and runs what uses it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("audit", "checks", "reports", "schedules", "ecr_audit", "tests", "docs", "scripts", "deploy")


@dataclass
class Tree:
    """A contributor's tree."""

    folder: Path
    touched: set[str] = field(default_factory=set)
    """Paths that were written or changed."""

    def write(self, path: str, text: str) -> None:
        """A new file."""
        place = self.folder / path
        assert not place.exists(), path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        self.touched.add(path)

    def add_line(self, path: str, line: str, *, below: str) -> None:
        """One more line, with the indentation of the one *below* which it goes: the first that begins so."""
        place = self.folder / path
        lines = place.read_text().splitlines(keepends=True)
        number = next(number for number, one in enumerate(lines) if one.strip().startswith(below))
        indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        lines.insert(number + 1, f"{indent}{line}\n")
        place.write_text("".join(lines))
        self.touched.add(path)

    def passes(self, *arguments: str) -> None:
        """Run tests of this tree (files below `tests/`, `-k` …) in a process of its own; some must be there."""
        files = [f"tests/{one}" if one.endswith(".py") else one for one in arguments]
        done = self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *files)
        # Without any test pytest ends with 5.
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Python with *arguments*, which imports this tree."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTEST_ADDOPTS": ""}
        for name in [name for name in environment if name.startswith("PYTEST_XDIST")]:
            del environment[name]
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip


def copied(folder: Path) -> Tree:
    """The tree, as it is here, below *folder*."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, symlinks=True)
    for name in ("pyproject.toml", "CONTRIBUTING.md", "README.md"):
        shutil.copy2(ROOT / name, folder / name)
    return Tree(folder)


def steps(title: str, **names: str) -> set[str]:
    """The files that CONTRIBUTING names as the steps of *title*, with `<name>` and its like replaced."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, title
    paths = re.findall(r"^\d+\. `([^`]+)`", section[1], re.MULTILINE)
    for name, value in names.items():
        paths = [path.replace(f"<{name}>", value) for path in paths]
    return set(paths)
