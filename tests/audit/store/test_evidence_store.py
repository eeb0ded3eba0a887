"""Evidence in a folder of its own or in a bucket: found again by everybody, checked, and never another store's."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from audit.store import Store, StoreError, open_store
from audit.store.evidence_store import MARK
from tests.audit.store.test_store import TABLES, a_run

BUCKET = "evidence-of-audits"
LATER = "20261124T020000Z-bbbbbb"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of a server that answers for S3."""
    server = pytest.importorskip("moto.server", reason="moto answers for S3; it comes with the extra `demo`")
    threaded = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    threaded.start()
    host, port = threaded.get_host_and_port()
    yield f"http://{host}:{port}"
    threaded.stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """`s3://…` of an empty bucket; the environment says where it is."""
    settings = {"AWS_ENDPOINT_URL_S3": s3, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "not-to-be-seen"}
    for name, value in {**settings, "AWS_DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    location = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    boto3.client("s3").create_bucket(Bucket=BUCKET, **location)
    yield f"s3://{BUCKET}/audits/nightly"
    urllib.request.urlopen(urllib.request.Request(f"{s3}/moto-api/reset", method="POST")).close()


@pytest.fixture(params=["folder", "bucket"])
def evidence(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What `--evidence` would be given."""
    return str(tmp_path / "apart") if request.param == "folder" else request.getfixturevalue("bucket")


def problems(store: Store) -> list[tuple[str, str]]:
    return [(one.file, one.problem) for one in store.verify(0) if one.problem]


def overwrite(store: Store, name: str, data: bytes | None) -> None:
    """Change a kept file behind the store's back; None deletes it."""
    at = f"{store.at(a_run().id)}/{name}"
    if at.startswith("s3://"):
        where, _, key = at.removeprefix("s3://").partition("/")
        client = boto3.client("s3")
        client.put_object(Bucket=where, Key=key, Body=data) if data else client.delete_object(Bucket=where, Key=key)
    elif data:
        Path(at).write_bytes(data)
    else:
        Path(at).unlink()


def test_evidence_is_found_again_without_being_named(url: str, evidence: str):
    run = a_run()
    open_store(url, evidence=evidence).save(run, TABLES)
    store = open_store(url)
    assert store.evidence_store.name == evidence
    assert store.load(run.id) == run
    assert store.table(run.id, "accounts").equals(TABLES["accounts"])
    assert set(store.files(run.id)) == {"run.json.gz", "validations.json", "accounts.parquet"}
    assert open_store(url, evidence=evidence + "/").evidence_store.name == evidence
    assert problems(store) == []
    assert not list((store.folder / "runs").glob("*")) or evidence.startswith("/")


def test_another_place_is_refused(url: str, evidence: str, tmp_path: Path):
    store = open_store(url, evidence=evidence)
    for other in (str(tmp_path / "other"), "s3://another-bucket"):
        with pytest.raises(StoreError, match="cannot be changed"):
            open_store(url, evidence=other)
    store.save(a_run(), TABLES)
    assert open_store(url).evidence_store.name == evidence


def test_a_store_with_runs_does_not_move(url: str, tmp_path: Path):
    open_store(url).save(a_run(), TABLES)
    with pytest.raises(StoreError, match="cannot be changed"):
        open_store(url, evidence=str(tmp_path / "apart"))
    assert open_store(url).load(a_run().id) == a_run()


def test_two_stores_never_share_their_evidence(tmp_path: Path, evidence: str):
    open_store(str(tmp_path / "one"), evidence=evidence).save(a_run(), TABLES)
    with pytest.raises(StoreError, match="another store"):
        open_store(str(tmp_path / "two"), evidence=evidence)
    other = open_store(str(tmp_path / "two"))
    assert other.evidence_store.name == str(tmp_path / "two")
    assert problems(open_store(str(tmp_path / "one"))) == []


@pytest.mark.parametrize(("data", "said"), [(b"x", "was altered after the run was stored"), (None, "is missing")])
def test_what_was_changed_is_not_believed(tmp_path: Path, evidence: str, data: bytes | None, said: str):
    store = open_store(str(tmp_path / "store"), evidence=evidence)
    store.save(a_run(), TABLES)
    overwrite(store, "accounts.parquet", data)
    with pytest.raises(StoreError, match=r"altered|does not exist"):
        store.table(a_run().id, "accounts")
    assert store.load(a_run().id) == a_run()
    assert [(file, problem.split(" since")[0]) for file, problem in problems(store)] == [("accounts.parquet", said)]
    overwrite(store, "run.json.gz", data)
    with pytest.raises(StoreError):
        store.load(a_run().id)


def test_a_run_that_is_kept_is_not_kept_again(tmp_path: Path, evidence: str, monkeypatch: pytest.MonkeyPatch):
    store = open_store(str(tmp_path / "store"), evidence=evidence)
    store.save(a_run(), TABLES)
    with pytest.raises(StoreError, match="is already stored"):
        store.save(a_run(), TABLES)
    # Nor where two save it at the same moment, and both have looked.
    looks = iter([False, True])
    with monkeypatch.context() as patch:
        patch.setattr("audit.store.integrity.has_row", lambda _engine, _run: next(looks))
        with pytest.raises(StoreError, match="could not be stored"):
            store.save(a_run(), TABLES)
    assert store.load(a_run().id) == a_run()
    assert problems(store) == []


def test_an_added_file_is_reported(tmp_path: Path, evidence: str):
    store = open_store(str(tmp_path / "store"), evidence=evidence)
    store.save(a_run(), TABLES)
    overwrite(store, "extra.parquet", b"x")
    assert problems(store) == [("extra.parquet", "was added after the run was stored")]
    assert store.repair(0) == ()


def test_nothing_is_kept_where_the_bucket_vanishes(bucket: str, tmp_path: Path, s3: str):
    store = open_store(str(tmp_path), evidence=bucket)
    urllib.request.urlopen(urllib.request.Request(f"{s3}/moto-api/reset", method="POST")).close()
    with pytest.raises(StoreError, match=f"the bucket {BUCKET} does not exist"):
        store.save(a_run(), TABLES)
    assert store.list() == ()
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("s3://no-such-bucket/x", "the bucket no-such-bucket does not exist"),
        ("s3://", "is not a valid bucket name"),
        ("s3://Capital/x", "is not a valid bucket name"),
        ("s3://bucket/../x", "prefix"),
        ("s3://bucket/a b", "prefix"),
        ("s3://bucket/" + "x" * 200, "prefix"),
        ("gs://bucket/x", "to a folder or s3"),
        ("/" + "x" * 300, "cannot be|could not|longer"),
        ("/dev/null/x", "could not be stored"),
    ],
)
def test_a_place_that_cannot_be_is_refused(bucket: str, tmp_path: Path, evidence: str, said: str):
    with pytest.raises(StoreError, match=said) as caught:
        open_store(str(tmp_path), evidence=evidence)
    assert "not-to-be-seen" not in str(caught.value)
    assert open_store(str(tmp_path)).evidence_store.name == str(tmp_path)


def test_a_bucket_that_denies_says_what_it_needs(bucket: str, tmp_path: Path, s3: str):
    store = open_store(str(tmp_path / "one"), evidence=bucket)
    store.save(a_run(), TABLES)
    # From now on moto asks for keys that it has given out, and knows none.
    plain = {"Content-Type": "text/plain"}
    auth = urllib.request.Request(f"{s3}/moto-api/reset-auth", data=b"0", method="POST", headers=plain)
    urllib.request.urlopen(auth).close()
    try:
        for attempt in (
            lambda: store.save(a_run(LATER), TABLES),
            lambda: store.load(a_run().id),
            lambda: list(store.verify()),
            lambda: store.repair(0),
            lambda: open_store(str(tmp_path / "two"), evidence=f"{bucket}/two"),
        ):
            with pytest.raises(StoreError, match="s3:PutObject") as caught:
                attempt()
            assert "not-to-be-seen" not in str(caught.value)
    finally:
        auth.data = b"inf"
        urllib.request.urlopen(auth).close()
    assert [line.id for line in store.list()] == [a_run().id]
    assert problems(store) == []


def test_an_endpoint_that_does_not_answer_is_reported(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = open_store(str(tmp_path), evidence=bucket)
    store.save(a_run(), TABLES)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(StoreError, match="Could not connect"):
        open_store(str(tmp_path)).load(a_run().id)


def test_s3_gets_every_hash(bucket: str, tmp_path: Path):
    store = open_store(str(tmp_path), evidence=bucket)
    store.save(a_run(), TABLES)
    client = boto3.client("s3")
    for name, digest in store.sums(a_run().id).items():
        key = f"audits/nightly/runs/{a_run().id}/{name}"
        checksum = client.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")["ChecksumSHA256"]
        assert base64.b64decode(checksum).hex() == digest


def test_a_killed_upload_leaves_nothing_that_counts(bucket: str, tmp_path: Path):
    open_store(str(tmp_path), evidence=bucket)
    code = (
        "import os, sys, signal; import audit.store; from tests.audit.store.test_store import TABLES, a_run\n"
        "audit.store.insert_rows = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "audit.store.open_store(sys.argv[1]).save(a_run(), TABLES)"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, env=environment)
    assert killed.returncode == -9
    store = open_store(str(tmp_path))
    assert store.list() == ()
    store.save(a_run(LATER), TABLES)
    # The upload, and the local folder in which it was completed.
    assert len(problems(store)) == 2
    assert [one.run for one in store.repair(0)] == [a_run().id] * 2
    assert problems(store) == []
    assert [line.id for line in store.list()] == [LATER]


def test_a_folder_that_cannot_be_written_can_be_read(tmp_path: Path):
    """A mark is made where it can be; a store of before, or one mounted for reading, has none."""
    store = open_store(str(tmp_path / "store"), evidence=str(tmp_path / "apart"))
    store.save(a_run(), TABLES)
    (tmp_path / "apart" / "runs" / MARK).unlink()
    assert open_store(str(tmp_path / "store")).load(a_run().id) == a_run()
    assert (tmp_path / "apart" / "runs" / MARK).exists()
