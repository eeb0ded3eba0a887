"""The report view of a stored run, and a cache of its rendered files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from audit.describe import program_version
from audit.model import Run
from audit.store import Store
from audit.store.files import write_atomically
from reports.formats import render
from reports.topology import topology_of
from reports.view import ReportView, build_view


def kept_view(store: Store, run: Run, *, against: str = "") -> ReportView:
    """The report view of a stored run, with history, ages and evidence from the store.

    *against*: id of the earlier run to compare with; empty: the run before.
    """
    topology = None
    if store.has_tables(run.id, "links", "registries"):
        links, registries = (store.table(run.id, name) for name in ("links", "registries"))
        topology = topology_of(links, registries, run.account_names)
    return build_view(
        run,
        store.history(run, against=against),
        store.ages(run.id),
        topology=topology,
        evidence_sum=store.evidence_sum(run.id),
    )


def rendered_folder(store: Store, run_id: str, format: str) -> Path:
    """Folder of the cached files of one format of a run; each version of the program has its own."""
    return store.folder / "rendered" / run_id / f"{program_version()}-{format}"


def rendered(store: Store, run: Run, view: ReportView, format: str) -> Mapping[str, bytes]:
    """The files of one format of a stored run by name: from the cache, else rendered now and cached.

    Raises ValueError for an unknown format, OSError where the cache cannot be written.
    """
    folder = rendered_folder(store, run.id, format)
    whole = folder / ".whole"
    if whole.exists():
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path != whole}
    files = render(format, run, view, tables=partial(store.table, run.id))
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomically(folder / name, data)
    write_atomically(whole, b"")
    return files


KEPT_DAYS = 7
"""Cached files older than this are removed: they can be rendered again at any time."""


def sweep_rendered(store: Store, now: float) -> int:
    """Remove cached files of deleted runs and old ones. *now*: epoch seconds. Returns the number of runs cleaned."""
    root = store.folder / "rendered"
    if not root.is_dir():
        return 0
    kept = {line.id for line in store.list()}
    gone = [one for one in root.iterdir() if one.name not in kept or now - one.stat().st_mtime > KEPT_DAYS * 86_400]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)  # a process may be reading them; the next sweep removes the rest
    return len(gone)
