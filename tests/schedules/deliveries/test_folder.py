"""Files lie whole in SCHEDULE/RUN below the folder, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from schedules.deliveries.channels import deliver
from schedules.deliveries.folder import FolderDelivery
from schedules.notifications.model import DeliveryError
from tests.schedules.deliveries.world import content, message, settings

FILES = {"report.pdf": b"%PDF", "findings.csv": b"a,b\r\n", "remediation/1.sh": b"#!/bin/sh\n"}


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_and_the_message_lie_in_the_runs_folder(tmp_path):
    one = content(FILES)
    detail = deliver(settings(FolderDelivery, folder=str(tmp_path / "out")), one)
    below = tmp_path / "out" / "nightly" / one.run.id
    assert detail == {"folder": str(below), "written": 4}
    assert {name: (below / name).read_bytes() for name in FILES} == FILES
    assert os.access(below / "remediation" / "1.sh", os.X_OK)
    assert (below / "message.txt").read_text().startswith("ECR audit nightly: 2 new critical findings\n\n2 critical")


def test_a_repetition_changes_nothing(tmp_path):
    where = settings(FolderDelivery, folder=str(tmp_path))
    deliver(where, content(FILES))
    before = snapshot(tmp_path)
    assert deliver(where, content(FILES))["written"] == 0
    assert snapshot(tmp_path) == before


def test_a_file_that_was_cut_short_is_written_anew(tmp_path):
    where = settings(FolderDelivery, folder=str(tmp_path))
    folder = deliver(where, content(FILES))["folder"]
    with open(f"{folder}/report.pdf", "wb") as file:
        file.write(b"%P")
    assert deliver(where, content(FILES))["written"] == 1
    assert (Path(folder) / "report.pdf").read_bytes() == b"%PDF"


def test_a_job_without_a_run_has_a_folder_of_its_own(tmp_path):
    one = content(run=None, view=None, schedule="")
    deliver(settings(FolderDelivery, folder=str(tmp_path)), one)
    assert (tmp_path / "manual" / one.job.id / "message.txt").is_file()


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "a\\b", "", ".hidden", "a//b", "a\nb", "a\x00", "x" * 300, "remediation/.."]
)
def test_names_cannot_leave_the_folder(tmp_path, name):
    with pytest.raises(DeliveryError) as caught:
        deliver(settings(FolderDelivery, folder=str(tmp_path / "out")), content({name: b""}))
    assert not caught.value.again
    assert list(tmp_path.rglob("*")) == []


def test_a_schedule_that_is_a_link_elsewhere_is_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "nightly").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DeliveryError, match="is a symbolic link out of the folder"):
        deliver(settings(FolderDelivery, folder=str(tmp_path / "out")), content(FILES))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_that_is_a_link_is_replaced_not_followed(tmp_path):
    where = settings(FolderDelivery, folder=str(tmp_path / "out"))
    (tmp_path / "victim").write_bytes(b"%PDF")
    one = content(FILES)
    below = tmp_path / "out" / "nightly" / one.run.id
    below.mkdir(parents=True)
    (below / "report.pdf").symlink_to(tmp_path / "victim")
    deliver(where, one)
    assert not (below / "report.pdf").is_symlink()


def test_a_folder_that_cannot_be_written_may_be_tried_again(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DeliveryError, match="cannot be written") as caught:
        deliver(settings(FolderDelivery, folder=str(tmp_path / "out")), content(FILES))
    assert caught.value.again


def test_unencodable_names_do_not_break_the_message(tmp_path):
    one = content(message=message(changed=("repository \ud800",)))
    deliver(settings(FolderDelivery, folder=str(tmp_path)), one)
