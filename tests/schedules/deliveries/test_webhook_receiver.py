"""The verification that we ship takes what the service sends, and nothing else."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schedules.deliveries.webhook import signed

DOCS = Path(__file__).parents[3] / "docs"
KEY = "0123456789abcdef0123"  # pragma: allowlist secret
NOW = 1_795_401_600


def _example() -> ModuleType:
    specification = importlib.util.spec_from_file_location(
        "webhook_receiver", DOCS / "examples" / "webhook_receiver.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _from_the_guide():
    block = re.search(r"```python\n(.*?)```", (DOCS / "webhooks.md").read_text(), re.DOTALL)
    assert block is not None
    names: dict = {}
    exec("import hashlib, hmac\n" + block[1], names)
    return names["genuine"]


VERIFIERS = {"example": _example().genuine, "guide": _from_the_guide()}


@pytest.fixture(params=VERIFIERS)
def genuine(request):
    return VERIFIERS[request.param]


def received(body: bytes, *, key: str = KEY, key_id: str = "1", at: int = NOW) -> dict[str, str]:
    return {name.lower(): value for name, value in signed(body, key, key_id, at, "job.hook").items()}


@given(st.binary(max_size=300), st.text(min_size=16, max_size=40, alphabet=st.characters(codec="utf-8")))
def test_what_the_service_signs_is_genuine_and_one_bit_more_is_not(body, key):
    for verify in VERIFIERS.values():
        headers = received(body, key=key)
        assert verify({"1": key}, headers, body, NOW)
        assert not verify({"1": key}, headers, body + b" ", NOW)
        assert not verify({"1": key + "x"}, headers, body, NOW)


@given(st.dictionaries(st.sampled_from(sorted(received(b""))), st.text(max_size=80)), st.binary(max_size=50))
def test_no_invented_request_is_genuine(headers, body):
    assume(headers.get("ecr-audit-signature") != received(body)["ecr-audit-signature"])
    for verify in VERIFIERS.values():
        assert verify({"1": KEY}, headers, body, NOW) is False


@pytest.mark.parametrize(("seconds", "expected"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)])
def test_a_recorded_request_grows_old(genuine, seconds, expected):
    assert genuine({"1": KEY}, received(b"{}"), b"{}", NOW + seconds) is expected


def test_a_key_is_replaced_without_a_gap(genuine):
    keys = {"1": KEY, "2": "another-key-of-enough-length"}
    assert genuine(keys, received(b"{}"), b"{}", NOW)
    assert genuine(keys, received(b"{}", key=keys["2"], key_id="2"), b"{}", NOW)
    assert not genuine(keys, received(b"{}", key_id="2"), b"{}", NOW)


def test_the_timestamp_cannot_be_moved(genuine):
    headers = received(b"{}") | {"ecr-audit-timestamp": str(NOW + 100)}
    assert not genuine({"1": KEY}, headers, b"{}", NOW + 100)
