"""Buckets, SES, topics and Security Hub, asked through real clients of a simulated AWS."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import json
import logging

import boto3
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pydantic import ValidationError

from schedules.deliveries import s3 as s3_module
from schedules.deliveries import sns as sns_module
from schedules.deliveries.channels import deliver
from schedules.deliveries.s3 import S3Delivery
from schedules.deliveries.securityhub import SecurityHubDelivery
from schedules.deliveries.ses import SesDelivery
from schedules.deliveries.sns import SnsDelivery, structured, subject
from schedules.notifications.model import DeliveryError
from tests.reports import runs
from tests.schedules.deliveries.receivers import Answer, receiver
from tests.schedules.deliveries.world import clock, content, message, settings

moto = pytest.importorskip("moto.server", reason="moto answers for AWS here; it comes with the extra `demo`")
REGION = "eu-west-1"
SECRET_KEY = "wJalr-a-secret-key-that-nobody-may-see"  # pragma: allowlist secret
TOKEN = "FwoGZXIvYXdzE-a-session-token-that-nobody-may-see"  # pragma: allowlist secret
FILES = {"report.pdf": b"%PDF-1.7", "findings.csv": b"a,b\r\n", "remediation/1.sh": b"#!/bin/sh\n"}


@pytest.fixture(scope="module")
def aws():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)


def ask(aws, service):
    return boto3.client(service, region_name=REGION, endpoint_url=aws)


@pytest.fixture
def bucket(aws, request):
    name = "reports-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    where = {"LocationConstraint": REGION}
    ask(aws, "s3").create_bucket(Bucket=name, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True)
    return name


def to_bucket(aws, bucket, **more):
    return settings(S3Delivery, bucket=bucket, region=REGION, endpoint_url=aws, **more)


def versions(aws, bucket):
    listed = ask(aws, "s3").list_object_versions(Bucket=bucket).get("Versions", ())
    return {(one["Key"], one["VersionId"]) for one in listed}


@pytest.fixture
def requests_made(monkeypatch):
    """What was asked of S3: (operation, headers)."""
    made = []
    real = s3_module.client

    def watched(*arguments, **named):
        client = real(*arguments, **named)
        client.meta.events.register(
            "before-call.s3", lambda model, params, **_: made.append((model.name, params["headers"]))
        )
        return client

    monkeypatch.setattr(s3_module, "client", watched)
    return made


def test_files_lie_below_prefix_schedule_and_run(aws, bucket):
    detail = deliver(to_bucket(aws, bucket, prefix="audits/ecr"), content(FILES), clock=clock)
    below = f"audits/ecr/nightly/{content().run.id}"
    assert detail == {"place": f"s3://{bucket}/{below}/", "written": 4}
    s3 = ask(aws, "s3")
    for name, data in FILES.items():
        there = s3.get_object(Bucket=bucket, Key=f"{below}/{name}")
        assert there["Body"].read() == data
    assert s3.head_object(Bucket=bucket, Key=f"{below}/report.pdf")["ContentType"] == "application/pdf"
    assert b"2 critical" in s3.get_object(Bucket=bucket, Key=f"{below}/message.txt")["Body"].read()


@pytest.mark.parametrize("lock", [None, {"mode": "COMPLIANCE", "days": 3_650}])
def test_a_repetition_writes_no_second_version(aws, bucket, lock):
    where = to_bucket(aws, bucket, object_lock=lock)
    deliver(where, content(FILES), clock=clock)
    before = versions(aws, bucket)
    assert deliver(where, content(FILES), clock=clock)["written"] == 0
    assert versions(aws, bucket) == before
    assert len(before) == 4


def test_another_content_is_a_new_version_and_the_locked_one_stays(aws, bucket):
    where = to_bucket(aws, bucket, object_lock={"mode": "GOVERNANCE", "days": 1})
    deliver(where, content({"report.pdf": b"one"}), clock=clock)
    before = versions(aws, bucket)
    assert deliver(where, content({"report.pdf": b"two"}), clock=clock)["written"] == 1
    assert before < versions(aws, bucket)


def test_encryption_lock_owner_and_checksum_are_asked_for(aws, bucket, requests_made):
    key = f"arn:aws:kms:{REGION}:123456789012:key/0a1b2c3d-0000-0000-0000-000000000000"
    lock = {"mode": "COMPLIANCE", "days": 30}
    where = to_bucket(aws, bucket, kms_key=key, object_lock=lock, expected_bucket_owner="123456789012")
    large = bytes(range(256)) * (9 * 4_096)
    assert len(large) > s3_module.PART_BYTES
    deliver(where, content({"report.pdf": b"%PDF", "findings.csv": large}, run=content().run), clock=clock)
    made = dict(requests_made)
    assert {"HeadObject", "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} <= set(made)
    for operation in ("PutObject", "CreateMultipartUpload"):
        headers = made[operation]
        assert headers["x-amz-server-side-encryption"] == "aws:kms"
        assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == key
        assert headers["x-amz-object-lock-mode"] == "COMPLIANCE"
        assert headers["x-amz-object-lock-retain-until-date"].startswith("2026-12-23T02:40:00")
    assert all(headers["x-amz-expected-bucket-owner"] == "123456789012" for _, headers in requests_made)
    s3 = ask(aws, "s3")
    below = f"ecr-audit/nightly/{content().run.id}"
    assert s3.get_object(Bucket=bucket, Key=f"{below}/findings.csv")["Body"].read() == large
    small = s3.head_object(Bucket=bucket, Key=f"{below}/report.pdf", ChecksumMode="ENABLED")
    assert small["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"%PDF").digest()).decode()
    assert small["ObjectLockMode"] == "COMPLIANCE"


def test_where_nobody_may_look_it_is_written(bucket):
    answers = iter([Answer(403, b"")])
    with receiver(lambda got: next(answers, Answer(200, b"", {"ETag": '"x"'}))) as web:
        detail = deliver(to_bucket(web.url, bucket), content({}), clock=clock)
    assert detail["written"] == 1


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", "a\nb"])
def test_keys_cannot_leave_the_prefix(aws, bucket, name):
    with pytest.raises(DeliveryError, match="is not a valid name"):
        deliver(to_bucket(aws, bucket), content({name: b""}), clock=clock)
    assert versions(aws, bucket) == set()


@pytest.mark.parametrize(
    ("code", "status", "again"),
    [("AccessDenied", 403, False), ("NoSuchBucket", 404, False), ("SlowDown", 503, True), ("InternalError", 500, True),
     ("ExpiredToken", 400, True), ("KMS.DisabledException", 400, False)],
)  # fmt: skip
def test_refusals_of_s3_say_whether_to_try_again(monkeypatch, code, status, again):
    monkeypatch.setattr(s3_module, "_TRIES", 1)
    body = f"<Error><Code>{code}</Code><Message>no, {SECRET_KEY} {TOKEN}\r\n</Message></Error>".encode()
    with receiver(Answer(404, b""), Answer(status, body)) as web, pytest.raises(DeliveryError, match=code) as caught:
        deliver(to_bucket(web.url, "reports"), content({}), clock=clock)
    assert caught.value.again is again
    assert SECRET_KEY not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_without_credentials_it_says_so(monkeypatch, aws, bucket):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(DeliveryError, match="NoCredentials") as caught:
        deliver(to_bucket(aws, bucket), content(FILES), clock=clock)
    assert not caught.value.again
    with pytest.raises(DeliveryError, match="nobody"):
        deliver(to_bucket(aws, bucket, profile="nobody"), content(FILES), clock=clock)


def test_ses_sends_the_mail_with_its_pdf(aws):
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    ask(aws, "ses").verify_email_identity(EmailAddress="audit@example.com")
    where = settings(SesDelivery, region=REGION, endpoint_url=aws, sender="ECR audit <audit@example.com>",
                     to=["Team <team@example.com>", "night@example.com"])  # fmt: skip
    detail = deliver(where, content({"report.pdf": b"%PDF-1.7"}), clock=clock)
    (sent,) = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    assert sent.id == detail["message_id"]
    assert sent.destinations[:2] == ["team@example.com", "night@example.com"]
    read = email.message_from_string(sent.raw_data, policy=email.policy.default)
    assert [part.get_payload(decode=True) for part in read.iter_attachments()] == [b"%PDF-1.7"]
    unknown = where.model_copy(update={"sender": "other@example.com"})
    with pytest.raises(DeliveryError, match="MessageRejected") as caught:
        deliver(unknown, content(), clock=clock)
    assert not caught.value.again


@pytest.fixture
def topic(aws):
    """A topic and the queue that listens to it."""

    def made(name, **attributes):
        arn = ask(aws, "sns").create_topic(Name=name, Attributes=attributes)["TopicArn"]
        sqs = ask(aws, "sqs")
        queue = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        where = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        ask(aws, "sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=where)
        return arn, lambda: [
            json.loads(one["Body"])
            for one in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ())
        ]

    return made


def test_a_topic_gets_json_for_machines_and_attributes_for_filters(aws, topic):
    arn, received = topic("plain")
    detail = deliver(settings(SnsDelivery, topic=arn, endpoint_url=aws), content(run=None, view=None), clock=clock)
    (got,) = received()
    assert got["Subject"] == message().subject
    assert json.loads(got["Message"]) == message().document
    assert {name: one["Value"] for name, one in got["MessageAttributes"].items()} == {
        "severity": "unknown", "event": "new", "schedule": "nightly", "delivery": content().key,
    }  # fmt: skip
    assert detail["message_id"] == got["MessageId"]


def test_a_fifo_topic_drops_the_repetition(aws, topic):
    arn, received = topic("ordered.fifo", FifoTopic="true", FifoQueue="true")
    where = settings(SnsDelivery, topic=arn, endpoint_url=aws)
    for _ in range(2):
        deliver(where, content(), clock=clock)
    assert len(received()) == 1


@given(st.text(max_size=400))
@effort(max_examples=100, deadline=None)
def test_subjects_are_what_sns_takes(text):
    made = subject(text)
    assert 1 <= len(made) <= 100
    assert all(" " <= sign <= "~" for sign in made)
    assert made[0] != " "


@pytest.mark.parametrize("size", [10, 50_000, 100_000, 5_000_000])
def test_a_message_fits_whatever_it_says(size):
    big = message(changed=("ü" * size,), document={"version": 1, "event": "new", "findings": ["\x00" * size]})
    made, without = structured(content(message=big))
    assert len(made.encode()) <= sns_module.MESSAGE_BYTES
    values = json.loads(made)
    assert set(values) == {"default", "email", "sms"}
    document = json.loads(values["default"])
    assert document["event"] == "new"
    if without:
        assert document["left_out"]
        assert document["link"] == message().link


@pytest.mark.parametrize("topic", ["x", "arn:aws:sqs:eu-west-1:123456789012:x", "arn:aws:sns:eu-west-1:1:x", ""])
def test_a_topic_is_named_by_its_arn(topic):
    with pytest.raises(ValidationError):
        settings(SnsDelivery, topic=topic)


def test_findings_reach_security_hub_under_the_account_of_the_credentials(aws):
    run = runs.small_run()
    where = settings(SecurityHubDelivery, region=REGION, endpoint_url=aws)
    detail = deliver(where, content(), clock=clock)
    assert detail == {"account": "123456789012", "region": REGION, "taken": len(run.findings)}
    with pytest.raises(DeliveryError, match="no run"):
        deliver(
            settings(SecurityHubDelivery, region=REGION, endpoint_url=aws), content(run=None, view=None), clock=clock
        )
