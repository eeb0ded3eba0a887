"""URLs of pages. Every name in them is percent-encoded here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode


def run(run_id: str) -> str:
    """A run's page."""
    return f"/runs/{_part(run_id)}"


def change(run_id: str) -> str:
    """Changes since the previous run."""
    return f"{run(run_id)}/change"


def findings(run_id: str, query: Iterable[tuple[str, str]] = ()) -> str:
    """A run's findings; *query*: pairs of the filters."""
    text = urlencode(list(query), errors="replace")
    return f"{run(run_id)}{f'?{text}' if text else ''}#findings"


def finding(run_id: str, fingerprint: str) -> str:
    """A finding's page."""
    return f"{run(run_id)}/findings/{_part(fingerprint)}"


def script(run_id: str, name: str) -> str:
    """A remediation script of a run."""
    return f"{run(run_id)}/scripts/{_part(name)}"


def report(run_id: str, format: str) -> str:
    """A report of a run, as a file."""
    return f"{run(run_id)}/download/{_part(format)}"


def registries(run_id: str) -> str:
    """The registries of a run."""
    return f"{run(run_id)}/registries"


def registry(run_id: str, account: str, region: str) -> str:
    """One registry of a run."""
    return f"{registries(run_id)}/{_part(account)}/{_part(region)}"


def job(job_id: str) -> str:
    """A job's page."""
    return f"/jobs/{_part(job_id)}"


def job_events(job_id: str) -> str:
    """URL of a job's event stream."""
    return f"/api/v1/jobs/{_part(job_id)}/events"


def check(check_id: str, run_id: str = "") -> str:
    """A check's page; *run_id* for a custom check, whose texts are stored with the run."""
    return f"/checks/{_part(check_id)}{'?' + urlencode({'run': run_id}) if run_id else ''}"


def _part(text: str) -> str:
    """One segment of a path. Segments of dots only would be resolved as folders, and surrogates cannot be encoded."""
    encoded = quote(text, safe="", errors="replace")
    return encoded.replace(".", "%2E") if set(text) == {"."} else encoded
