"""The files that go with a delivery: each report format is rendered once, by the first delivery that needs it."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import structlog

from audit.store import Store
from reports.commands import SCRIPT_FOLDER
from reports.formats import render
from reports.run_view import rendered
from reports.sanitize import one_line
from schedules.deliveries.settings import DeliverySettings
from schedules.notifications.model import NotificationContext


class Attachments:
    """Reports of one run, made when they are needed. Safe to share between threads."""

    def __init__(self, context: NotificationContext, store: Store | None) -> None:
        """Without *store* nothing is put aside, and formats that show evidence tables say so."""
        self._facts, self._store = context, store
        self._lock = threading.Lock()
        self._made: dict[str, Mapping[str, bytes]] = {}
        self._broken: dict[str, str] = {}

    def of(self, settings: DeliverySettings) -> tuple[dict[str, bytes], tuple[str, ...]]:
        """Files by name, and a sentence for each format that could not be made: people must hear all the same."""
        files: dict[str, bytes] = {}
        without = []
        for format in settings.attach if self._facts.run is not None else ():
            made, problem = self._format(format)
            files.update(made)
            if problem:
                without.append(problem)
        if self._facts.run is not None and getattr(settings, "scripts", False):
            files |= {f"{SCRIPT_FOLDER}/{one.name}": one.text.encode() for one in self._facts.run.scripts}
        return files, tuple(without)

    def _format(self, format: str) -> tuple[Mapping[str, bytes], str]:
        with self._lock:
            if format not in self._made and format not in self._broken:
                try:
                    self._made[format] = self._render(format)
                except Exception as error:  # a report is somebody else's program; what broke is told
                    structlog.get_logger().exception("report-failed", format=format)
                    why = one_line(f"{type(error).__name__}: {error}")[:300]
                    self._broken[format] = f"The {format} report is missing: it could not be made ({why})."
            return self._made.get(format, {}), self._broken.get(format, "")

    def _render(self, format: str) -> Mapping[str, bytes]:
        run, view = self._facts.run, self._facts.view
        if run is None or view is None:
            raise ValueError("the run could not be read")
        if self._store is None:
            return render(format, run, view)
        try:
            return rendered(self._store, run, view, format)
        except OSError:
            # The store's disk is full; what is sent needs none of it.
            return render(format, run, view)
