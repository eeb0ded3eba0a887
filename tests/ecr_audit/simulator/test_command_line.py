"""The real AWS CLI, and the simulator as a program of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from ecr_audit.simulator import PortInUseError, Simulation, World, exports, serve
from ecr_audit.simulator.__main__ import main
from tests.ecr_audit.simulator.worlds import MANAGEMENT, SOURCE, TARGET, rule, world_document

AWS = shutil.which("aws", path=sysconfig.get_path("scripts"))
pytestmark = pytest.mark.skipif(AWS is None, reason="the AWS CLI is not installed in this environment")


def aws(simulation: Simulation, account: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(AWS), *arguments],
        env={**os.environ, **simulation.environment(account)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_cli_puts_delete_replication(simulation: Simulation, tmp_path: Path) -> None:
    rules = {"rules": [rule((TARGET, "eu-west-1"), prefix="app/", delete=True)]}
    (tmp_path / "replication.json").write_text(json.dumps(rules))
    put = aws(
        simulation, SOURCE, "ecr", "put-replication-configuration",
        "--replication-configuration", f"file://{tmp_path}/replication.json",
    )  # fmt: skip
    assert put.returncode == 0, put.stderr
    assert simulation.world.registry(SOURCE, "eu-west-1").rules == rules["rules"]
    seen = aws(
        simulation, SOURCE, "ecr", "describe-registry", "--query", "replicationConfiguration", "--output", "json"
    )
    assert json.loads(seen.stdout) == rules


def test_the_cli_knows_backfills_thanks_to_the_data_path(simulation: Simulation) -> None:
    started = aws(
        simulation,
        SOURCE,
        "ecr",
        "start-replication-backfill",
        "--destination",
        f"region=eu-west-1,registryId={TARGET}",
    )
    assert started.returncode == 0, started.stderr
    assert json.loads(started.stdout)["status"] == "PREPARING"


def test_the_cli_shows_errors_and_identity(simulation: Simulation) -> None:
    identity = aws(simulation, TARGET, "sts", "get-caller-identity", "--query", "Account", "--output", "text")
    assert identity.stdout.strip() == TARGET
    denied = aws(simulation, SOURCE, "organizations", "list-accounts")
    assert denied.returncode != 0
    assert "AccessDeniedException" in denied.stderr


def test_exports_are_shell(simulation: Simulation) -> None:
    lines = exports(simulation.endpoint, SOURCE)
    shown = subprocess.run(
        ["sh", "-c", f'{lines}\necho "$AWS_ACCESS_KEY_ID $AWS_ENDPOINT_URL ${{AWS_PROFILE-none}}"'],
        env={**os.environ, "AWS_PROFILE": "somebody"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == f"AKIASIMU{SOURCE} {simulation.endpoint} none"


def test_the_program_serves_until_it_is_interrupted() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ecr_audit.simulator", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_a_port_in_use_is_a_clear_error(simulation: Simulation, capsys: pytest.CaptureFixture[str]) -> None:
    port = int(simulation.endpoint.rpartition(":")[2])
    message = f"cannot listen on 127.0.0.1:{port}"
    with pytest.raises(PortInUseError, match=message), serve(World.from_document(world_document()), port):
        pass
    assert main(["--port", str(port)]) == 2
    assert message in capsys.readouterr().err


def test_a_bad_world_is_a_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "world.yaml").write_text("version: 2\naccounts: []\n")
    assert main(["--world", str(tmp_path / "world.yaml")]) == 2
    assert "world.yaml:1: version: " in capsys.readouterr().err


def test_the_environment_has_the_management_account_by_default(simulation: Simulation) -> None:
    assert simulation.environment()["AWS_ACCESS_KEY_ID"] == f"AKIASIMU{MANAGEMENT}"
