"""Append a waiver to a waivers file, completely or not at all, also when several processes do so at once.

The command line and the web application both use this module, so that both apply the same rules.
"""

from __future__ import annotations

import codecs
import datetime as dt
import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.model import Run
from audit.store.files import write_atomically
from checks.baseline.check_names import NEVER_WAIVED
from checks.baseline.loading import load_baseline, waiver_lines
from checks.baseline.schema import Baseline
from checks.baseline.waiver_entry import NEW_FILE, CannotAppendError, with_waiver
from checks.baseline.yaml_reader import BaselineError
from checks.model import Finding, Status

SHORTEST_PREFIX = 8
"""Digits of a fingerprint that must be given."""
LOCK_SECONDS = 15.0
"""How long to wait while another process writes the same file; one waiver takes milliseconds."""


class CannotWaiveError(Exception):
    """The waiver was not written; the message says why and what to do. The file is as it was."""


@dataclass(frozen=True, slots=True)
class Waived:
    """A waiver that was written."""

    finding: Finding
    owner: str
    """The person or team that is accountable for it."""
    until: dt.date
    """The last day on which it is valid."""
    path: Path
    """The file that contains it, symbolic links resolved."""


def waivable(run: Run, fingerprint: str) -> Finding:
    """The one finding of *run* whose fingerprint begins with *fingerprint*, in either case, if it may be waived.

    Raises CannotWaiveError: not a fingerprint, no or several such findings, a check error, a finding about waivers.
    """
    wanted = fingerprint.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_PREFIX},16}}", wanted):
        raise CannotWaiveError(
            f"{fingerprint[:40]!r} is not a valid fingerprint: give eight to sixteen hex digits, as reports print them"
        )
    found = [one for one in run.findings if one.fingerprint.startswith(wanted)]
    if not found:
        raise CannotWaiveError(f"run {run.id} has no finding {wanted}; `ecr-audit runs list` lists the other runs")
    if len(found) > 1:
        raise CannotWaiveError(f"{wanted} matches {len(found)} findings of run {run.id}; give more digits")
    _refuse_unwaivable(found[0])
    return found[0]


def stated(text: str) -> str:
    """*text* without surrounding whitespace. Raises CannotWaiveError where it is empty or not valid in UTF-8."""
    if not text.strip():
        raise CannotWaiveError("it is empty")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise CannotWaiveError("it contains characters that cannot be encoded in UTF-8")
    return text.strip()


def append_waiver(
    path: Path, run: Run, finding: Finding, *, reason: str, until: dt.date, owner: str, today: dt.date
) -> Waived:
    """Append to the file *path* a waiver for *finding* of *run* that is valid through *until*.

    The file contains only waivers, and is created if it does not exist; its content stays, including comments, byte
    order mark and mode. A symbolic link is followed, not replaced. Readers see the old file or the new one, and
    processes that append at the same time do not overwrite each other.
    Raises CannotWaiveError.
    """
    _refuse_unwaivable(finding)
    reason, owner = _required_text("the reason", reason), _required_text("the owner", owner)
    real = Path(os.path.realpath(path))
    try:
        with _exclusive(real, path):
            marked, text = _read(real, path)
            baseline = _loaded(text, str(path))
            _refuse_requirements(baseline, path)
            _refuse_wrong_day(until, today, _loaded(run.baseline_text, run.baseline_name).longest_waiver_days)
            _refuse_duplicate(finding, baseline, text, path, until)
            new = with_waiver(text, _fields(finding, reason, owner, until), str(path))
            _write(real, new.encode("utf-8-sig" if marked else "utf-8"))
    except CannotAppendError as error:
        raise CannotWaiveError(str(error)) from error
    except OSError as error:
        raise CannotWaiveError(f"{path}: {error.strerror or error}") from error
    return Waived(finding, owner, until, real)


def _refuse_unwaivable(finding: Finding) -> None:
    if finding.status is Status.ERROR:
        raise CannotWaiveError(
            f"the check {finding.check} ended in an error; an error is fixed, not waived: {finding.message}"
        )
    if finding.check.startswith(NEVER_WAIVED):
        raise CannotWaiveError(
            f"{finding.check}: findings about waivers cannot be waived; fix the waiver: {finding.message}"
        )


def _required_text(what: str, text: str) -> str:
    try:
        return stated(text)
    except CannotWaiveError as error:
        raise CannotWaiveError(f"{what}: {error}") from error


@contextmanager
def _exclusive(real: Path, shown: Path) -> Iterator[None]:
    """Hold the lock beside the file *real*, and remove it afterwards. The lock of a process that ends is released."""
    lock = real.with_name(f".{real.name}.lock")
    deadline = time.monotonic() + LOCK_SECONDS
    while (descriptor := _locked(lock)) is None:
        if time.monotonic() > deadline:
            raise CannotWaiveError(
                f"{shown}: another process has been writing to it for {LOCK_SECONDS:.0f} s; try again"
            )
        time.sleep(0.01)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(lock: Path) -> int | None:
    """A descriptor that holds the lock; None where another process has it, or just removed it."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    is_held = False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The previous holder may have removed the file since it was opened: then it locks nothing.
        is_held = os.path.samestat(os.fstat(descriptor), lock.stat())
    except (BlockingIOError, FileNotFoundError):
        return None
    finally:
        if not is_held:
            os.close(descriptor)
    return descriptor if is_held else None


def _read(real: Path, shown: Path) -> tuple[bool, str]:
    """Whether the file begins with a byte order mark, and its text; that of a new file where there is none."""
    try:
        data = real.read_bytes()
    except FileNotFoundError:
        return False, NEW_FILE
    try:
        return data.startswith(codecs.BOM_UTF8), data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CannotWaiveError(f"{shown}:{line}: not valid UTF-8; save the file as UTF-8") from error


def _loaded(text: str, name: str) -> Baseline:
    try:
        return load_baseline(text, name)
    except BaselineError as error:
        raise CannotWaiveError(str(error)) from error


def _refuse_requirements(baseline: Baseline, shown: Path) -> None:
    """A baseline is written and reviewed by people; ecr-audit does not add to it."""
    if baseline.model_fields_set - {"version", "waivers"}:
        raise CannotWaiveError(f"{shown} is a baseline; waivers are added only to a file that contains nothing else")


def _refuse_wrong_day(until: dt.date, today: dt.date, longest: int) -> None:
    if until < today:
        raise CannotWaiveError(f"the last day {until} has passed; today is {today}")
    if (until - today).days > longest:
        last = today + dt.timedelta(days=longest)
        raise CannotWaiveError(
            f"the last day {until} is {(until - today).days} days ahead; at most {longest} are allowed ({last}) by "
            "the baseline's `longest_waiver_days`"
        )


def _refuse_duplicate(finding: Finding, baseline: Baseline, text: str, shown: Path, until: dt.date) -> None:
    for waiver, line in zip(baseline.waivers, waiver_lines(text, str(shown)), strict=True):
        if waiver.fingerprint == finding.fingerprint:
            raise CannotWaiveError(
                f"{shown}:{line}: {finding.fingerprint} is already waived until {waiver.until}; change that waiver"
            )
    mark = finding.waiver
    if mark is not None and mark.until >= until.isoformat():
        raise CannotWaiveError(
            f"{finding.fingerprint} is already waived until {mark.until}: {mark.reason} ({mark.owner})"
        )


def _fields(finding: Finding, reason: str, owner: str, until: dt.date) -> dict[str, str | tuple[str, ...]]:
    fields: dict[str, str | tuple[str, ...]] = {"checks": (finding.check,), "fingerprint": finding.fingerprint}
    # Not needed to match the finding; they show a reader its location, and whether a run with a narrower scope covers
    # it.
    if finding.account:
        fields["accounts"] = (finding.account,)
    if finding.region:
        fields["regions"] = (finding.region,)
    return fields | {"reason": reason, "owner": owner, "until": until.isoformat()}


def _write(real: Path, data: bytes) -> None:
    mode = real.stat().st_mode & 0o7777 if real.exists() else None
    write_atomically(real, data)
    if mode is not None:
        real.chmod(mode)
