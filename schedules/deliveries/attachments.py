"""The files attached to deliveries: each report format is rendered once, for the first delivery that needs it."""

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
    """Reports of one run, rendered when they are needed. Safe to share between threads."""

    def __init__(self, context: NotificationContext, store: Store | None) -> None:
        """Without *store*, nothing is cached, and formats that show evidence tables say that these are missing."""
        self._context, self._store = context, store
        self._lock = threading.Lock()
        self._made: dict[str, Mapping[str, bytes]] = {}
        self._broken: dict[str, str] = {}

    def of(self, settings: DeliverySettings) -> tuple[dict[str, bytes], tuple[str, ...]]:
        """Files by name, and a sentence for each format that could not be rendered; it does not stop the delivery."""
        files: dict[str, bytes] = {}
        without = []
        for format in settings.attach if self._context.run is not None else ():
            made, problem = self._format(format)
            files.update(made)
            if problem:
                without.append(problem)
        if self._context.run is not None and getattr(settings, "scripts", False):
            files |= {f"{SCRIPT_FOLDER}/{one.name}": one.text.encode() for one in self._context.run.scripts}
        return files, tuple(without)

    def _format(self, format: str) -> tuple[Mapping[str, bytes], str]:
        with self._lock:
            if format not in self._made and format not in self._broken:
                try:
                    self._made[format] = self._render(format)
                except Exception as error:  # any defect of a report format: the message names it
                    structlog.get_logger().exception("report-failed", format=format)
                    why = one_line(f"{type(error).__name__}: {error}")[:300]
                    self._broken[format] = f"The {format} report is missing: it could not be rendered ({why})."
            return self._made.get(format, {}), self._broken.get(format, "")

    def _render(self, format: str) -> Mapping[str, bytes]:
        run, view = self._context.run, self._context.view
        if run is None or view is None:
            raise ValueError("the run could not be read")
        if self._store is None:
            return render(format, run, view)
        try:
            return rendered(self._store, run, view, format)
        except OSError:
            # For example, the store's disk is full: sending does not need its cache.
            return render(format, run, view)
