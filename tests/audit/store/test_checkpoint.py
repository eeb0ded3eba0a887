"""Interrupted collections go on; finished ones leave nothing behind."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from audit.evidence import CallCounts, RegistryEvidence, RegistryRecord
from audit.store.checkpoint import open_collection, request_key

PART = RegistryEvidence(
    RegistryRecord("000000000001", "eu-west-1", "aws"), calls=CallCounts({"ecr:DescribeRegistry": 1})
)


def interrupted(root: Path, key: str = "k", now: float = 100.0) -> None:
    with suppress(KeyboardInterrupt), open_collection(root, key, now, resume=False) as kept:
        kept.save("summary", PART)
        raise KeyboardInterrupt


def test_what_was_kept_is_there_again(tmp_path: Path):
    interrupted(tmp_path)
    with open_collection(tmp_path, "k", 200.0, resume=True) as kept:
        assert kept.resumed == 1
        assert kept.started_at == 100.0
        assert kept.load("summary", "000000000001", "eu-west-1") == PART
        assert kept.load("detail", "000000000001", "eu-west-1") is None
    assert list(tmp_path.iterdir()) == []


def test_a_new_collection_begins_empty(tmp_path: Path):
    interrupted(tmp_path)
    with open_collection(tmp_path, "k", 200.0, resume=False) as kept:
        assert kept.resumed == 0
        assert kept.load("summary", "000000000001", "eu-west-1") is None


def test_another_question_does_not_resume_this_one(tmp_path: Path):
    interrupted(tmp_path, "one")
    with open_collection(tmp_path, "two", 200.0, resume=True) as kept:
        assert kept.resumed == 0
    assert request_key("a", ("b",)) != request_key("a", ("c",))


def test_a_living_collection_is_left_alone(tmp_path: Path):
    with open_collection(tmp_path, "k", 100.0, resume=False) as first:
        first.save("summary", PART)
        with open_collection(tmp_path, "k", 200.0, resume=True) as second:
            assert second.resumed == 0
        assert first.load("summary", "000000000001", "eu-west-1") == PART


def test_a_torn_part_is_read_again_from_aws(tmp_path: Path):
    interrupted(tmp_path)
    (part,) = tmp_path.glob("*/*.json")
    part.write_bytes(part.read_bytes()[:40])
    with open_collection(tmp_path, "k", 200.0, resume=True) as kept:
        assert kept.load("summary", "000000000001", "eu-west-1") is None
