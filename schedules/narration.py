"""What an audit tells of its progress, as log events that name account and Region."""

from __future__ import annotations

import re

import structlog

from audit.inventory import Progress

log = structlog.get_logger()

_LOST = re.compile(r"(?P<account>[0-9]{12}) (?P<region>[a-z0-9-]*): (?P<reason>.+)", re.DOTALL)
"""A note about one registry that could not be read."""


def narrate(progress: Progress) -> Progress:
    """*progress*, with a log event for each phase (info), registry read (debug) and registry lost (warning)."""
    return _Narrated(progress)


class _Narrated:
    """Tells the log, then whom it wraps."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def started(self, total_registries: int) -> None:
        """So many reads are ahead."""
        log.info("reads-ahead", registries=total_registries)
        self._progress.started(total_registries)

    def finished(self, account: str, region: str) -> None:
        """One is done."""
        log.debug("registry-read", account=account, region=region)
        self._progress.finished(account, region)

    def note(self, text: str) -> None:
        """The next phase, or what was lost."""
        lost = _LOST.fullmatch(text)
        if lost is None:
            log.info("phase", doing=text)
        else:
            log.warning("registry-lost", **lost.groupdict())
        self._progress.note(text)
