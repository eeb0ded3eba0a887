"""Logs: one line an event, no secret, no way for a name to forge a line."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ecr_audit import logs
from ecr_audit.logs import redacted


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def written(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_what_the_work_is_bound_to() -> None:
    stream = io.StringIO()
    logs.configure(json=True, level="info", stream=stream)
    with structlog.contextvars.bound_contextvars(job="j1", run="r1", schedule="nightly"):
        structlog.get_logger("schedules.service.worker").info(
            "registry read", region="eu-west-1", account="111122223333", n=3
        )
    structlog.get_logger().info("after")
    first, second = written(stream)
    assert list(first)[:8] == ["time", "level", "event", "job", "run", "schedule", "account", "region"]
    assert (first["event"], first["level"], first["n"], first["job"]) == ("registry read", "info", 3, "j1")
    assert str(first["time"]).endswith("Z")
    assert "job" not in second


def test_levels_hold_for_both_kinds_of_loggers() -> None:
    stream = io.StringIO()
    logs.configure(json=True, level="warning", stream=stream)
    structlog.get_logger().info("too quiet")
    logging.getLogger("uvicorn.error").info("too quiet")
    structlog.get_logger().warning("one")
    logging.getLogger("uvicorn.error").warning("two %s", "args")
    assert [line["event"] for line in written(stream)] == ["one", "two args"]


def test_debug_does_not_let_botocore_show_signatures() -> None:
    stream = io.StringIO()
    logs.configure(json=True, level="debug", stream=stream)
    logging.getLogger("botocore.auth").debug("CanonicalRequest: …")
    logging.getLogger("apscheduler.scheduler").info("Looking for jobs to run")
    logging.getLogger("apscheduler.scheduler").warning("missed by 3 s")
    assert [line["event"] for line in written(stream)] == ["missed by 3 s"]


def test_warnings_are_logged() -> None:
    stream = io.StringIO()
    logs.configure(json=True, level="info", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "DeprecationWarning: old" in str(written(stream)[0]["event"])


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot open postgresql://audit:hunter2@db.example/x", "hunter2"),
        ("cannot open postgresql+psycopg://audit:hun/ter@2@db.example/x", "hun/ter"),
        ("smtp://hunter2token@mail.example", "hunter2token"),
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("sent bearer abcdef123456 to it", "abcdef123456"),
        ("Cookie: session=abcdef; other=zzz", "zzz"),
        ("host=db user=a password=hunter2 dbname=x", "hunter2"),
        ('{"password": "hunter2"}', "hunter2"),
        ("GET /?X-Amz-Credential=AKIDEXAMPLE&X-Amz-Signature=aeeed9bbccd4d02e", "aeeed9bbccd4d02e"),
        ("GET /?X-Amz-Security-Token=FwoGZXIvYXdzEBYaD", "FwoGZXIvYXdzEBYaD"),
        ("key AKIA" + "IOSFODNN7EXAMPLE is bad", "IOSFODNN7EXAMPLE"),
        ("key wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY is bad", "bPxRfiCYEXAMPLEKEY"),
        ("https://hooks.slack.com/services/T000/B000/XXXX failed", "XXXX"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghi", "eyJzdWIiOiIxIn0"),
        ("signed in with ecra_" + "AbCdEfGh1234567890abcdefGHIJKLMNOPQRSTUVWXY.", "AbCdEfGh1234567890"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "MIIabc"),
    ],
)
def test_secrets_are_hidden_wherever_they_stand(text: str, secret: str) -> None:
    stream = io.StringIO()
    logs.configure(json=True, level="info", stream=stream)
    logger = structlog.get_logger()
    logger.info(text)
    logger.info("nested", deep={"list": [{"x": text}]})
    logging.getLogger("uvicorn").info("%s", text)
    try:
        raise RuntimeError(text)
    except RuntimeError:
        logger.exception("failed")
    assert len(written(stream)) == 4
    assert secret not in stream.getvalue()
    assert "***" in stream.getvalue()


@pytest.mark.parametrize(
    "name", ["password", "smtp_password", "SecretAccessKey", "sessionToken", "X-Api-Key", "cookie"]
)
def test_values_are_hidden_by_what_they_are_called(name: str) -> None:
    stream = io.StringIO()
    logs.configure(json=True, level="info", stream=stream)
    structlog.get_logger().info("event", **{name: "open sesame"}, inside={name: b"open sesame"})
    assert "sesame" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0",
        "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "http://127.0.0.1:8180/runs/20261123T020000Z-abcdef",
        "arn:aws:ecr:eu-west-1:111122223333:repository/team/service",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app@sha256:9834876dcfb05cb1",
        "3 tokens were made by ann@example.com",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert redacted(text) == text


HOSTILE = "team\r\n2026-01-01T00:00:00Z info forged job=1\x1b[2J\u202egnp.exe\u2028\x00\u200b"


def test_a_name_cannot_begin_a_line_or_turn_it_round() -> None:
    for json_lines in (True, False):
        stream = io.StringIO()
        logs.configure(json=json_lines, level="info", stream=stream)
        structlog.get_logger().info("read", repository=HOSTILE, account=HOSTILE, **{HOSTILE: 1})
        logging.getLogger("uvicorn.access").info("GET %s", HOSTILE)
        text = stream.getvalue()
        assert text.count("\n") == 2
        assert text.isascii()
        assert not any(mark in text for mark in "\r\x1b\x00\u202e\u200b")


def test_text_lines_read_well_and_quote_what_could_be_mistaken() -> None:
    stream = io.StringIO()
    logs.configure(json=False, level="info", stream=stream)
    structlog.get_logger("s").info("job began", job="j1", note="a b", empty="", forged='x job=9 "')
    line = stream.getvalue()
    assert ' info    job began job=j1 forged="x job=9 \\"" note="a b" logger=s' in line


def test_no_line_of_a_traceback_looks_like_an_event() -> None:
    stream = io.StringIO()
    logs.configure(json=False, level="info", stream=stream)
    try:
        raise RuntimeError("x\n2026-01-01T00:00:00Z info forged")
    except RuntimeError:
        structlog.get_logger().exception("failed")
    first, *rest = stream.getvalue().splitlines()
    assert "failed" in first
    assert rest
    assert all(line.startswith("    ") for line in rest)


def test_local_variables_never_reach_a_log() -> None:
    stream = io.StringIO()
    logs.configure(json=True, level="info", stream=stream)

    def connect(opener: str) -> None:
        raise RuntimeError("refused")

    try:
        connect("open " + "sesame")
    except RuntimeError:
        structlog.get_logger().exception("failed")
    assert "open sesame" not in stream.getvalue()


class Broken(io.StringIO):
    full = False

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_full_disk_ends_nothing_and_is_reported_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    stream = Broken()
    logs.configure(json=True, level="info", stream=stream)
    logger = structlog.get_logger()
    stream.full = True
    logger.info("one", password="sesame")
    logger.info("two")
    stream.full = False
    logger.info("three")
    logger.info("four")
    assert [line["event"] for line in written(stream)] == ["2 log lines could not be written", "three", "four"]
    assert capsys.readouterr().err == ""


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | st.tuples(inner),
    max_leaves=12,
)


@given(
    event=st.text(),
    values=st.dictionaries(st.text(min_size=1).filter(lambda k: k not in {"event", "self"}), JSON_LIKE),
    as_json=st.booleans(),
)
def test_any_value_makes_one_line(event: str, values: dict[str, object], as_json: bool) -> None:
    stream = io.StringIO()
    logs.configure(json=as_json, level="info", stream=stream)
    values.pop("exception", None)
    logging.getLogger("x").info("%s", event)
    structlog.get_logger("x").info("e", **{f"k{key}": value for key, value in values.items()})
    text = stream.getvalue()
    assert text.count("\n") == 2
    assert len(text.splitlines()) == 2
    if as_json:
        assert all(isinstance(json.loads(line), dict) for line in text.splitlines())


def test_long_values_are_cut_without_cutting_a_secret_open() -> None:
    stream = io.StringIO()
    logs.configure(json=True, level="info", stream=stream)
    structlog.get_logger().info(
        "long", text="x" * 7_990 + " postgresql://audit:" + "hunter2" * 40 + "@db " + "y" * 1_000_000
    )
    assert "hunter2" not in stream.getvalue()
    assert len(stream.getvalue()) < 9_000
