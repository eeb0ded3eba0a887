"""Requests over the wire: kept alive, replaced when stale, and failing in botocore's words."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore import exceptions as sdk
from botocore.awsrequest import AWSRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from audit.aws.transport import Transport
from tests.audit.endpoint import endpoint


def transport(ca_bundle: str | None = None) -> Transport:
    return Transport(connect_timeout=2.0, read_timeout=0.4, ca_bundle=ca_bundle)


def prepared(url: str, body: bytes | None = b"{}") -> object:
    return AWSRequest("POST", url, data=body, headers={"X-Amz-Target": "Service.Describe"}).prepare()


def test_one_connection_serves_many_requests() -> None:
    with endpoint(lambda request: (200, {"n": 1})) as served:
        sender = transport()
        answers = [sender.send(prepared(f"{served.url}/")) for _ in range(5)]
        assert [answer.content for answer in answers] == [b'{"n": 1}'] * 5
        assert len(served.connections) == 1
        sender.close()


def test_a_connection_closed_meanwhile_is_replaced() -> None:
    with endpoint(lambda request: (200, {})) as served:
        sender = transport()
        sender.send(prepared(f"{served.url}/"))
        served.connections[0].shutdown(socket.SHUT_RDWR)
        assert sender.send(prepared(f"{served.url}/")).status_code == 200
        assert len(served.connections) == 2
        sender.close()


@contextmanager
def raw_server(reply: bytes | None) -> Iterator[str]:
    """Answers every connection's first bytes with *reply* and hangs up; None: says nothing until the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                if reply is None:
                    over.wait(5.0)
                else:
                    connection.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_chunked_answers_are_put_together() -> None:
    reply = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'
    with raw_server(reply) as url:
        assert transport().send(prepared(url)).content == b'{"a":1}'


def test_silence_is_a_read_timeout() -> None:
    with raw_server(None) as url, pytest.raises(sdk.ReadTimeoutError):
        transport().send(prepared(url))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", sdk.ConnectionClosedError),
        (b"nonsense\r\n\r\n", sdk.HTTPClientError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", sdk.HTTPClientError),
    ],
)
def test_broken_answers_are_errors(reply: bytes, error: type[Exception]) -> None:
    with raw_server(reply) as url, pytest.raises(error):
        transport().send(prepared(url))


def test_no_server_is_listening() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(sdk.EndpointConnectionError):
        transport().send(prepared(url))


def test_proxies_are_left_to_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert transport().send(prepared("https://api.ecr.eu-west-1.amazonaws.com/")) is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    bundle, private = folder / "ca.pem", folder / "key.pem"
    bundle.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, private)
    return bundle, context


def test_tls_with_the_organization_s_own_authority(certificate: tuple[Path, ssl.SSLContext]) -> None:
    bundle, context = certificate
    with endpoint(lambda request: (200, {}), context) as served:
        sender = transport(str(bundle))
        assert sender.send(prepared(f"{served.url}/")).status_code == 200
        sender.close()


def test_tls_with_an_unknown_authority_is_refused(certificate: tuple[Path, ssl.SSLContext]) -> None:
    with endpoint(lambda request: (200, {}), certificate[1]) as served, pytest.raises(sdk.SSLError):
        transport().send(prepared(f"{served.url}/"))


def test_headers_cannot_smuggle_lines() -> None:
    request = AWSRequest("POST", "http://127.0.0.1:1/", data=b"", headers={"X": "a\r\nY: b"}).prepare()
    with pytest.raises(ValueError, match="line break"):
        transport().send(request)
