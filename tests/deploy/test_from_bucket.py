"""A configuration in a bucket, fetched as a container does: what arrives, who is refused, who waits."""

from __future__ import annotations

import fcntl
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/docker/from-bucket"
BUCKET = "ecr-audit-configuration"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in environment(endpoint).items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    return client


def environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("from_bucket", str(SCRIPT))
    spec = importlib.util.spec_from_loader("from_bucket", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def put(s3: Any, **objects: str) -> None:
    for key, text in objects.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def run(endpoint: str, folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {
        **environment(endpoint), "PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder / "var"),
        "ECR_AUDIT_CONFIG": str(folder / "etc/service.yaml"), **more,
    }  # fmt: skip
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_the_configuration_and_its_files_arrive_and_the_command_runs(s3: Any, endpoint: str, tmp_path: Path) -> None:
    put(
        s3,
        **{
            "configuration/service.yaml": "version: 1\nschedules:\n  nightly: {every: nightly, baseline: own/b.yaml}\n",
            "configuration/own/b.yaml": "version: 1\n",
            "configuration/": "",
            "elsewhere/service.yaml": "not ours",
        },
    )
    ended = run(endpoint, tmp_path, f"s3://{BUCKET}/configuration", "schedule", "list")
    assert ended.returncode == 0, ended.stderr
    assert "nightly" in ended.stdout
    assert (tmp_path / "etc/own/b.yaml").read_text() == "version: 1\n"
    assert not (tmp_path / "etc/elsewhere").exists()


def test_without_a_configuration_it_says_how_to_put_one_there(s3: Any, endpoint: str, tmp_path: Path) -> None:
    ended = run(endpoint, tmp_path, f"s3://{BUCKET}/configuration/", "schedule", "list")
    assert ended.returncode == 2
    assert f"aws s3 cp service.yaml s3://{BUCKET}/configuration/service.yaml" in ended.stderr


def test_a_bucket_that_is_not_there_is_told(s3: Any, endpoint: str, tmp_path: Path) -> None:
    ended = run(endpoint, tmp_path, "s3://no-such-bucket/configuration", "--version")
    assert ended.returncode == 2
    assert "NoSuchBucket" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_object_is_written_outside(s3: Any, script: ModuleType, tmp_path: Path) -> None:
    put(s3, **{"configuration/../../escaped": "x"})
    with pytest.raises(ValueError, match="outside"):
        script.fetch(f"s3://{BUCKET}/configuration", tmp_path / "etc")
    assert not (tmp_path.parent / "escaped").exists()


def test_a_wrong_prefix_with_a_whole_bucket_below_it_is_stopped(
    s3: Any, script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "MOST_BYTES", 3)
    put(s3, a="xx", b="yy")
    with pytest.raises(ValueError, match="check the prefix"):
        script.fetch(f"s3://{BUCKET}", tmp_path)


def test_one_task_at_a_time_has_the_store(s3: Any, endpoint: str, script: ModuleType, tmp_path: Path) -> None:
    put(s3, **{"c/service.yaml": "version: 1\n"})
    folder = tmp_path / "var/ecr-audit"
    folder.mkdir(parents=True)
    with (folder / ".one-task").open("w") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        code = (
            "import importlib.machinery as m, importlib.util as u, pathlib, sys\n"
            f"l = m.SourceFileLoader('s', {str(SCRIPT)!r}); s = u.module_from_spec(u.spec_from_loader('s', l))\n"
            "l.exec_module(s); s.lock(pathlib.Path(sys.argv[1]), 0.05)"
        )
        waited = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=False)
        assert "TimeoutError: another task" in waited.stderr
    assert run(endpoint, tmp_path, f"s3://{BUCKET}/c", "schedule", "list").returncode == 0


def test_the_lock_lasts_as_long_as_what_the_task_becomes(script: ModuleType, tmp_path: Path) -> None:
    code = (
        "import importlib.machinery as m, importlib.util as u, os, pathlib, sys\n"
        f"l = m.SourceFileLoader('s', {str(SCRIPT)!r}); s = u.module_from_spec(u.spec_from_loader('s', l))\n"
        "l.exec_module(s); s.lock(pathlib.Path(sys.argv[1]), 0.05)\n"
        "os.execv('/bin/sh', ['sh', '-c', 'echo become; read _'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as task:
        assert task.stdout is not None
        assert task.stdout.readline() == "become\n"
        with pytest.raises(TimeoutError):
            script.lock(tmp_path, 0.05)
        task.communicate("\n", timeout=30)
    script.lock(tmp_path, 0.05)
