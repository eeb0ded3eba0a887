"""A person tries a delivery, or sends a kept run through it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import boto3
import jsonschema
import pytest
from click.testing import CliRunner

from checks.model import Gap, GapKind
from ecr_audit.cli import commands
from schedules.deliveries.folder import FolderDelivery
from schedules.deliveries.manual import trial
from schedules.deliveries.s3 import S3Delivery
from schedules.deliveries.securityhub import SecurityHubDelivery
from schedules.deliveries.webhook import WebhookDelivery
from tests.audit.store.test_store import TABLES, a_run
from tests.schedules.deliveries.receivers import Answer, receiver
from tests.schedules.deliveries.world import NOW, clock, settings, world_in

ROOT = Path(__file__).parents[3]
SECRET = "3f9c1a-not-to-be-told-7c"  # pragma: allowlist secret


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def ask(*arguments: str):
    return CliRunner().invoke(commands, ["send", *arguments], catch_exceptions=False)


def configuration(folder: Path, url: str) -> str:
    file = folder / "service.yaml"
    file.write_text(f"""\
version: 1
store: store
web: {{public_url: "https://audit.example.com/"}}
deliveries:
  hook: {{type: webhook, url: "{url}/x", secret: {{env: HOOK_SECRET}}}}
  archive: {{type: folder, folder: out, attach: [csv]}}
""")
    return str(file)


def test_a_trial_says_that_it_is_one(tmp_path):
    with receiver(Answer()) as web:
        hook = settings(WebhookDelivery, url=web.url, secret={"env": "HOOK_SECRET"})
        assert trial(hook, "on-call", clock=clock)["key_id"] == "1"
    (got,) = web.got
    document = json.loads(got.body)
    assert document["reasons"] == ["Report: this is a test of the delivery on-call."]
    jsonschema.validate(document, json.loads((ROOT / "docs" / "message.schema.json").read_text()))
    assert got.headers["Idempotency-Key"].endswith(".on-call")
    trial(settings(FolderDelivery, folder=str(tmp_path)), "archive", clock=clock)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert "This is a test message." in file.read_text()


def test_a_trial_locks_nothing_and_imports_nothing(monkeypatch):
    moto = pytest.importorskip("moto.server", reason="moto answers for AWS here; it comes with the extra `demo`")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        where = {"region": "eu-west-1", "endpoint_url": endpoint}
        s3 = boto3.client("s3", region_name="eu-west-1", endpoint_url=endpoint)
        made = {"LocationConstraint": "eu-west-1"}
        s3.create_bucket(Bucket="trials", CreateBucketConfiguration=made, ObjectLockEnabledForBucket=True)
        lock = {"mode": "COMPLIANCE", "days": 3_650}
        detail = trial(settings(S3Delivery, bucket="trials", object_lock=lock, **where), "bucket", clock=clock)
        assert "without Object Lock" in detail["without"][0]
        (key,) = (one["Key"] for one in s3.list_objects_v2(Bucket="trials")["Contents"])
        assert "ObjectLockMode" not in s3.head_object(Bucket="trials", Key=key)
        hub = trial(settings(SecurityHubDelivery, **where), "hub", clock=clock)
        assert hub["account"] == "123456789012"
        assert "No test message was sent" in hub["without"][0]
    finally:
        server.stop()


def test_the_command_tries_a_delivery_and_tells_a_refusal(tmp_path):
    with receiver(Answer(), Answer(403, f"no {SECRET}".encode())) as web:
        file = configuration(tmp_path, web.url)
        first, second = ask("test", "hook", "--config", file), ask("test", "hook", "--config", file)
    assert (first.exit_code, second.exit_code) == (0, 2)
    assert "Sent through the delivery hook." in first.output
    assert "answered 403" in second.output
    assert SECRET not in first.output + second.output
    unknown = ask("test", "nobody", "--config", file)
    assert unknown.exit_code == 2
    assert "configured: hook, archive" in unknown.output


def test_the_command_sends_a_kept_run_and_the_store_knows_who(tmp_path):
    world = world_in(tmp_path / "store")
    run = a_run()
    world.store.save(run, TABLES)
    with receiver(Answer()) as web:
        file = configuration(tmp_path, web.url)
        for name in ("hook", "archive"):
            result = ask("run", "latest", "--delivery", name, "--config", file)
            assert result.exit_code == 0, result.output
    document = json.loads(web.got[0].body)
    assert document["run"]["id"] == run.id
    assert document["link"] == f"https://audit.example.com/runs/{run.id}"
    assert (tmp_path / "out" / "manual" / run.id / "findings.csv").is_file()
    acts = world.store.audit_log()
    assert [(one.act, one.subject, one.detail["delivery"]) for one in acts] == [
        ("sent", run.id, "archive"), ("sent", run.id, "hook"),
    ]  # fmt: skip
    missing = ask("run", "nope", "--delivery", "hook", "--config", file)
    assert missing.exit_code == 2


def test_a_run_that_is_sent_is_compared_with_the_run_before_it(tmp_path):
    world = world_in(tmp_path / "store")
    gap = Gap("000000000002", "eu-west-1", "ecr:DescribeImages", GapKind.DENIED, "AccessDenied", "no")
    for number in (1, 2):
        began = NOW + dt.timedelta(days=number)
        run = replace(a_run(f"2026112{number}T020000Z-aaaaaa"), started_at=began, finished_at=began, gaps=(gap,))
        world.store.save(run, TABLES)
    with receiver(Answer()) as web:
        result = ask("run", "latest", "--delivery", "hook", "--config", configuration(tmp_path, web.url))
        assert result.exit_code == 0, result.output
    document = json.loads(web.got[0].body)
    assert document["counts"]["gaps"] == 1
    assert (document["change"]["first"], document["change"]["gaps"]) == (False, 0)
