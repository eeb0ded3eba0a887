"""The scripts behind make and CI: what they look for is found, what they set up is installed or named as missing."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "harmless.py").write_text('"""Nothing."""\nfingerprint = "3f2a9c1b7e5d4a60"\npassword = "hunter2"\n')
    return tmp_path


def find_secrets(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts/find-secrets", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_a_checkout_without_secrets_passes(checkout: Path) -> None:
    assert find_secrets(checkout).returncode == 0


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        ("key = 'AKIA" + "Q3EGXA4DYPLKM2ZC'", "AWS Access Key"),
        ("smtp_password = 'Tr0ub4dor" + "-and-3'", "Secret Keyword"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "Private Key"),
        ("store: postgresql://audit:Tr0ub4dor" + "@db/x", "Basic Auth Credentials"),
        ("https://hooks.slack.com/services/" + "T1A2B3C4D/B1A2B3C4D/abcdefghijklmnopqrstuvwx", "Slack Token"),
        ("ghp_" + "0123456789abcdefghijABCDEFGHIJ012345", "GitHub Token"),
    ],
)
def test_a_planted_secret_fails_and_is_not_repeated(checkout: Path, planted: str, kind: str) -> None:
    (checkout / "settings.py").write_text(f"\n{planted}\n")
    ended = find_secrets(checkout)
    assert ended.returncode == 1
    assert f"settings.py:2: possible secret ({kind})" in ended.stderr
    assert planted not in ended.stderr + ended.stdout


def test_what_was_looked_at_passes_and_the_next_one_does_not(checkout: Path) -> None:
    (checkout / "settings.py").write_text("key = 'AKIA" + "Q3EGXA4DYPLKM2ZC'\n")
    assert find_secrets(checkout, "--accept").returncode == 0
    assert find_secrets(checkout).returncode == 0
    assert "Q3EGXA4DYPLKM2ZC" not in (checkout / ".secrets.baseline").read_text()
    (checkout / "settings.py").write_text("key = 'AKIA" + "Q3EGXA4DYPLKM2ZD'\n")
    assert find_secrets(checkout).returncode == 1


def test_an_entry_that_nobody_called_harmless_fails(checkout: Path) -> None:
    (checkout / "settings.py").write_text("key = 'AKIA" + "Q3EGXA4DYPLKM2ZC'\n")
    find_secrets(checkout, "--accept")
    baseline = checkout / ".secrets.baseline"
    baseline.write_text(baseline.read_text().replace('"is_secret": false', '"is_secret": true'))
    assert find_secrets(checkout).returncode == 1


# --- vulnerabilities --------------------------------------------------------------------------------------------------


class Osv(http.server.BaseHTTPRequestHandler):
    """Answers as https://google.github.io/osv.dev/post-v1-query/ says; `vulnerable` names a package."""

    vulnerable = ""
    asked: list[str]

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = query["package"]["name"]
        self.asked.append(name)
        found = {
            "vulns": [
                {
                    "id": "GHSA-test-test-test",
                    "summary": "bad",
                    "aliases": [],
                    "affected": [
                        {
                            "package": {"name": name, "ecosystem": "PyPI"},
                            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
                        }
                    ],
                }
            ]
        }
        body = json.dumps(found if name == self.vulnerable else {}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def osv() -> Iterator[tuple[str, type[Osv]]]:
    handler = type("Handler", (Osv,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query", handler
    server.shutdown()
    thread.join()
    server.server_close()


def audit(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts/audit-dependencies", "--service", "osv", *arguments]
    env = {**os.environ, "OSV_URL": url}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)


def test_every_locked_package_is_asked_about(osv: tuple[str, type[Osv]]) -> None:
    url, handler = osv
    ended = audit(url)
    assert ended.returncode == 0, ended.stderr
    assert "no known vulnerability" in ended.stdout
    locked = {
        re.sub("[-_.]+", "-", name).lower()
        for lock in (ROOT / "requirements").glob("*.txt")
        for name in re.findall(r"(?m)^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==", lock.read_text())
    }
    assert {re.sub("[-_.]+", "-", name).lower() for name in handler.asked} == locked


def test_a_vulnerable_package_fails_and_is_named(osv: tuple[str, type[Osv]]) -> None:
    url, handler = osv
    handler.vulnerable = "weasyprint"
    ended = audit(url)
    assert ended.returncode == 1
    assert re.search(r"weasyprint [0-9.]+: GHSA-test-test-test, fixed in: 99\.1", ended.stderr)


def test_nobody_to_ask_is_a_note_and_no_pass() -> None:
    ended = audit("http://127.0.0.1:1/v1/query")
    assert ended.returncode == 0
    assert ended.stderr.startswith("NOTE: vulnerabilities of ")
    assert "no known" not in ended.stdout + ended.stderr
    assert audit("http://127.0.0.1:1/v1/query", "--must").returncode == 3


# --- set-up -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder to be the whole PATH: what a script needs to run, and an `apt-get` that writes down what it is asked."""
    for name in (
        "sh",
        "id",
        "cat",
        "ls",
        "dirname",
        "mktemp",
        "rm",
        "tail",
        "env",
        "mkdir",
        "tee",
        "uname",
        "find",
        "head",
    ):
        found = shutil.which(name)
        assert found, name
        (tmp_path / name).symlink_to(found)
    (tmp_path / "id").unlink()
    program(tmp_path, "id", "echo 0")
    program(
        tmp_path,
        "apt-get",
        f'echo "$@" >> {tmp_path}/asked; case "$*" in *unknown*) echo "E: no unknown"; exit 100; esac',
    )
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def script(machine: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(machine), "HOME": str(machine), "ECR_AUDIT_CLUSTERS": str(machine / "createcluster.conf")}
    command = ["/bin/sh", ROOT / "scripts" / name, *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def asked(machine: Path) -> list[str]:
    log = machine / "asked"
    return (
        [line.split()[-1] for line in log.read_text().splitlines() if " install " in f" {line}"] if log.exists() else []
    )


def test_a_package_that_is_not_to_be_had_keeps_no_other_out(machine: Path) -> None:
    ended = script(machine, "apt-install", "unknown", "tini")
    assert ended.returncode == 1
    assert asked(machine) == ["unknown", "tini"]
    assert ended.stderr.endswith("Not installed: unknown\n")
    assert "E: no unknown" in ended.stderr


def test_without_root_the_command_is_named(machine: Path) -> None:
    program(machine, "id", "echo 1000")
    ended = script(machine, "apt-install", "tini", "chromium")
    assert ended.returncode == 1
    assert "As root, run:  apt-get update && apt-get install tini chromium" in ended.stderr
    assert asked(machine) == []
    program(machine, "sudo", '[ "$1" = -n ] || exit 9; shift; exec "$@"')
    assert script(machine, "apt-install", "tini", "chromium").returncode == 0
    assert asked(machine) == ["tini", "chromium"]


def test_what_tests_use_is_installed_or_named(machine: Path) -> None:
    program(machine, "google-chrome", "")
    program(machine, "initdb", "")
    assert script(machine, "viewers").returncode == 0
    assert asked(machine) == ["libreoffice-calc-nogui"]
    (machine / "apt-get").unlink()
    ended = script(machine, "viewers")
    assert ended.returncode == 0
    assert "Not installed: libreoffice-calc-nogui" in ended.stderr
    assert "Tests that need the missing programs are skipped." in ended.stderr
    program(machine, "soffice", "")
    ended = script(machine, "viewers")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_postgresql_is_installed_without_a_server_that_runs(machine: Path) -> None:
    assert script(machine, "apt-install", "postgresql").returncode == 0
    assert (machine / "createcluster.conf").read_text() == "create_main_cluster = false\n"
    (machine / "createcluster.conf").write_text("the owner's\n")
    script(machine, "apt-install", "postgresql")
    assert (machine / "createcluster.conf").read_text() == "the owner's\n"


@pytest.mark.parametrize(
    "hidden",
    ["harfbuzz_subset = None", 'harfbuzz = type("Old", (), {"hb_version_atleast": lambda *_: False})'],
    ids=["missing", "old"],
)
def test_weasyprint_without_its_subsetter_is_not_enough(machine: Path, hidden: str) -> None:
    """The subsetter is asked for through WeasyPrint; here it is one that never finds it."""
    program(
        machine,
        "python",
        f"exec {sys.executable} -c 'import sys, weasyprint; weasyprint.text.ffi.{hidden}; exec(sys.stdin.read())'",
    )
    ended = script(machine, "native-libraries", "python")
    assert ended.returncode != 0
    assert "libharfbuzz-subset0" in asked(machine)
    assert "WeasyPrint finds no HarfBuzz subsetter" in ended.stderr
    assert "WeasyPrint cannot load them" in ended.stderr


def test_native_libraries_that_are_there_are_left_alone(machine: Path) -> None:
    assert script(machine, "native-libraries", sys.executable).returncode == 0
    assert asked(machine) == []


def test_ci_knows_no_more_than_make() -> None:
    """Every line of .ci/run that does something is a target of the Makefile that README or `make help` names."""
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make lint", "make test", "make secrets"]


@pytest.mark.parametrize("place", ["README.md", "Dockerfile", "docs/troubleshooting.md"])
def test_the_libraries_of_the_pdf_are_named_everywhere(place: str) -> None:
    [packages] = re.findall(r'packages="([^"]+)"', (ROOT / "scripts/native-libraries").read_text())
    libraries = [name for name in packages.split() if name.startswith("lib")]
    assert len(libraries) == 3
    assert [name for name in libraries if name not in (ROOT / place).read_text()] == []
