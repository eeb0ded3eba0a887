"""Every command that a document shows is run, in order, in an empty folder, against a simulated organization."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ecr_audit.simulator import DEMO_WORLD, serve
from ecr_audit.simulator.world import World
from tests.closed_loop.quick_aws import quick_aws
from tests.docs.blocks import blocks_of, script_of
from tests.docs.quick_ecr_audit import quick_ecr_audit

ROOT = Path(__file__).parents[2]
FROM_NOTHING = ("README.md", "docs/guide.md", "docs/getting-started.md")
"""What people read first; the other documents are read by those who did what the last of these says."""
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    if any(True for _ in blocks_of(path.read_text(encoding="utf-8")))
)
ACCOUNTS = ("210000000001", "210000000011", "210000000012", "210000000021", "210000000031", "210000000034")
"""Of the demo organization, enough for every command; fingerprints are those that readers of the demo see."""
REPOSITORIES = ("shipping/api", "shipping/booking", "mobile")
DAY, PORT = "2027-01-31", "8180"
"""What documents say where a day ahead, or the service's port, is meant."""
PLACEHOLDER = re.compile(r"(?<![$\w{])(RUN|FINGERPRINT|ACCOUNT|REGION|FILE|NAME)\b(?!=)|…")
SECONDS = 600


def small_world() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(Path(DEMO_WORLD))
    document["accounts"] = [one for one in document["accounts"] if one["id"] in ACCOUNTS]
    document["registries"] = [one for one in document["registries"] if one["account"] in ACCOUNTS]
    for registry in document["registries"]:
        kept = [one for one in registry.get("repositories", ()) if one["name"].startswith(REPOSITORIES)]
        registry["repositories"] = kept
    return document


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a shell whose AWS is simulated."""
    document = small_world()
    world = tmp_path_factory.mktemp("world") / "world.yaml"
    YAML(typ="safe").dump(document, world)  # for documents that start a simulation themselves
    with serve(World.from_document(document)) as simulation, quick_ecr_audit() as ours, quick_aws() as theirs:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ECR_AUDIT_"))}
        usual = os.pathsep.join((str(ROOT / ".venv" / "bin"), os.environ["PATH"]))
        paths = {"PATH": os.pathsep.join((ours, theirs, usual))}
        kept["ECR_AUDIT_WORLD"] = str(world)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        yield {**kept, **simulation.environment(), **paths, "LC_ALL": "C.UTF-8", "PORT": port}


def follow(document: str, folder: Path, environment: dict[str, str]) -> None:
    """Do in *folder*/here what *document* says, with a home of its own beside it."""
    here, home, aside = (folder / name for name in ("here", "home", "aside"))
    for place in (here, home, aside):
        place.mkdir(exist_ok=True)
    if not (here / ".venv").exists():  # readers stand in a checkout
        _environment_in(here / ".venv" / "bin")
        shutil.copytree(ROOT / "docs", here / "docs")
    text = (ROOT / document).read_text(encoding="utf-8")
    text = text.replace(DAY, (dt.date.today() + dt.timedelta(days=30)).isoformat())
    text = text.replace(PORT, environment["PORT"])  # somebody may use the documented one
    script = aside / "all.sh"
    script.write_text(script_of(list(blocks_of(text)), aside))
    homes = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "GIT_CONFIG_GLOBAL": str(home / "gitconfig")}
    (home / "gitconfig").write_text("[user]\nemail = jane@example.com\n")
    with (aside / "said").open("wb") as said:
        process = subprocess.Popen(
            ["bash", str(script)], cwd=here, env={**environment, **homes}, stdin=subprocess.DEVNULL,
            stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(SECONDS)
        finally:
            _end(process.pid)
    assert code == 0, f"{document}: exit code {code}\n{(aside / 'said').read_text(errors='replace')[-4000:]}"


def _environment_in(folder: Path) -> None:
    """A virtual environment as a reader has it, that leaves the programs which start quickly before its own."""
    folder.mkdir(parents=True)
    for program in (ROOT / ".venv" / "bin").iterdir():
        if program.name != "activate":
            (folder / program.name).symlink_to(program)
    real = ROOT / ".venv" / "bin" / "activate"
    (folder / "activate").write_text(f"quick=$PATH\n. {shlex.quote(str(real))}\nPATH=$quick\n")


def _end(group: int) -> None:
    """End what a document left running, as it would end with its shell, and wait: the next one has the same port."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        for _ in range(600):
            os.killpg(group, 0)
            time.sleep(0.1)
        os.killpg(group, signal.SIGKILL)


@pytest.fixture(scope="session")
def after_first_night(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lies on the disk of somebody who did what docs/getting-started.md says."""
    folder = tmp_path_factory.mktemp("first-night")
    follow("docs/getting-started.md", folder, environment)
    return folder


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != "docs/getting-started.md"])
def test_the_commands_of_a_document_work(
    document: str, environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "reader"
    if document in FROM_NOTHING:
        folder.mkdir()
    else:
        shutil.copytree(request.getfixturevalue("after_first_night"), folder, symlinks=True)
    follow(document, folder, environment)


def test_the_commands_of_the_first_night_work(after_first_night: Path) -> None:
    assert (after_first_night / "here" / "service.yaml").is_file()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_not_run_says_why(document: str) -> None:
    blocks = list(blocks_of((ROOT / document).read_text(encoding="utf-8")))
    for block in blocks:
        assert block.how != "not run" or re.search(r"[a-z]+ [a-z]+ [a-z]+", block.why), f"{document}:{block.line}"
        assert not PLACEHOLDER.search(block.text) or block.how == "not run", (
            f"{document}:{block.line} shows a placeholder, which nobody can run"
        )


def test_blocks_are_found_with_what_is_said_of_them() -> None:
    text = "a\n```sh\none\n```\n\n<!-- not run: needs a\nreal cluster -->\n\n```sh\ntwo\n```\n```json\n{}\n```\n"
    text += "- x\n\n  <!-- kept running, pasted until: up -->\n  ```sh\n  three\n    four\n  ```\n"
    one, two, three = blocks_of(text)
    assert (one.line, one.text, one.how) == (2, "one\n", "")
    assert (two.text, two.how, two.why) == ("two\n", "not run", "needs a real cluster")
    assert (three.text, three.how, three.why) == ("three\n  four\n", "kept running, pasted until", "up")
