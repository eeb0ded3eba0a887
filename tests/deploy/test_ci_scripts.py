"""What CI looks for besides tests: a planted secret and a vulnerable package are found, and silence is no pass."""

from __future__ import annotations

import http.server
import json
import os
import re
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
    assert f"settings.py:2: looks like a secret ({kind})" in ended.stderr
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
