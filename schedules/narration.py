"""The progress of an audit as log events that name account and Region."""

from __future__ import annotations

import structlog

from audit.progress import Progress, ProgressEvent, Step
from reports.words import progress_text

log = structlog.get_logger()


def narrate(progress: Progress) -> Progress:
    """*progress*, with a log event for each phase (info), registry read (debug) and registry lost (warning)."""

    def logged(event: ProgressEvent) -> None:
        match event.step:
            case Step.PLANNED:
                log.info("reads-ahead", registries=event.count)
            case Step.READ:
                log.debug("registry-read", account=event.account, region=event.region)
            case Step.LOST:
                log.warning("registry-lost", account=event.account, region=event.region, reason=event.reason)
            case _:
                log.info("phase", doing=progress_text(event))
        progress(event)

    return logged
