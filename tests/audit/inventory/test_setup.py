"""Failures before anything is read are reported to the user: what is wrong, what to do, and no secret."""

import socket
from pathlib import Path

import pytest

from audit.aws import AwsSettings, AwsSetupError
from audit.evidence import Scope
from audit.inventory import collect
from checks.baseline.schema import Baseline
from tests.audit.endpoint import Answer, endpoint


def refusal(settings: AwsSettings) -> str:
    with pytest.raises(AwsSetupError) as caught:
        collect(settings, Scope(), Baseline(), now=0.0)
    message = str(caught.value)
    assert "secret-of-the-caller" not in message
    assert "\n" not in message
    return message


def sts(code: str, status: int = 403, message: str = "text of AWS") -> Answer:
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return status, text.encode()


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no AWS credentials found" in refusal(AwsSettings(endpoint_url="http://127.0.0.1:1"))


@pytest.mark.parametrize("by_environment", [False, True])
def test_no_such_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by_environment: bool) -> None:
    config = tmp_path / "config"
    config.write_text("[profile security]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    if by_environment:
        monkeypatch.setenv("AWS_PROFILE", "secuirty")
    message = refusal(AwsSettings(profile=None if by_environment else "secuirty"))
    assert "'secuirty'" in message
    assert "security" in message.replace("secuirty", "")


def test_a_broken_configuration_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile a\nnonsense")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert str(config) in refusal(AwsSettings())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sts("ExpiredToken"), "Sign in again"),
        (sts("InvalidClientTokenId"), "does not accept the credentials"),
        (sts("SignatureDoesNotMatch"), "does not accept the credentials"),
        (sts("AccessDenied"), "refused sts:GetCallerIdentity"),
        (sts("TokenRefreshRequired"), "Sign in again"),
        ((200, b"<html>welcome</html>"), "--endpoint-url"),
        ((200, b"{}"), "--endpoint-url"),
        ((404, b"not here"), "--endpoint-url"),
    ],
)
def test_what_sts_may_say(answer: Answer, words: str) -> None:
    with endpoint(lambda request: answer) as served:
        assert words in refusal(AwsSettings(endpoint_url=served.url, max_attempts=1))


def test_no_server_at_the_endpoint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    message = refusal(AwsSettings(endpoint_url=url, max_attempts=1))
    assert url in message
    assert "cannot be reached" in message


@pytest.mark.parametrize("url", ["not a url", "http://", "ftp://127.0.0.1:1"])
def test_an_endpoint_that_is_no_url(url: str) -> None:
    assert "--endpoint-url" in refusal(AwsSettings(endpoint_url=url, max_attempts=1))
