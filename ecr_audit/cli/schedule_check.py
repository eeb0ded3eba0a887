"""Errors and warnings of a configuration that can be read."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ecr_audit.cli.errors import UserError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from schedules.configuration.service import Configuration, Schedule

CLOSE_MINUTES = 15
"""Occasions closer together than this are rarely intended: a minute field was left as `*`."""


def problems(configuration: Configuration) -> tuple[str, ...]:
    """Errors in the referenced files, which would make an audit fail."""
    found: dict[str, None] = {}
    for one in configuration.schedules.values():
        for file, read in ((one.baseline, _baseline), (one.waivers, _waivers), (one.custom_checks, _custom_checks)):
            if file and Path(file).exists():
                found |= dict.fromkeys(_problems(read, file))
    return tuple(found)


def _problems(read: Callable[[str], tuple[str, ...]], file: str) -> tuple[str, ...]:
    from checks.baseline.yaml_reader import BaselineError

    try:
        return read(file)
    except BaselineError as error:
        return tuple(map(str, error.problems[: error.SHOWN]))
    except UserError as error:
        return (error.message,)


def _baseline(file: str) -> tuple[str, ...]:
    from checks.baseline.loading import load_baseline
    from checks.catalog import CHECKS
    from ecr_audit.cli.options import utf8_file

    load_baseline(utf8_file(file), file, known_checks={check.id: check.aliases for check in CHECKS})
    return ()


def _waivers(file: str) -> tuple[str, ...]:
    from checks.baseline.loading import load_waivers
    from checks.catalog import CHECKS
    from ecr_audit.cli.options import utf8_file

    load_waivers(utf8_file(file), file, known_checks={check.id: check.aliases for check in CHECKS})
    return ()


def _custom_checks(folder: str) -> tuple[str, ...]:
    from checks.custom.files import custom_checks, read_custom_checks
    from ecr_audit.cli.options import given_custom_checks

    custom_checks_files = read_custom_checks((one.name, one.text) for one in given_custom_checks(folder))
    return tuple(
        f"{folder}/{one.file}: {one.id}: {one.error}" for one in custom_checks(custom_checks_files) if one.error
    )


def remarks(configuration: Configuration, now: dt.datetime) -> Iterator[str]:
    """Settings that are valid but may not be intended."""
    used: set[str] = set()
    for name, one in configuration.schedules.items():
        used.update(one.deliveries)
        if one.paused:
            yield f"{name} is paused"
        if not one.deliveries:
            yield f"{name} sends no notifications: it has no delivery"
        yield from _crowded(name, one, now)
    for name, delivery in configuration.deliveries.items():
        if name not in used:
            yield f"the delivery {name} is not used by any schedule"
        yield from _absent(f"deliveries.{name}", delivery)
    if configuration.web.proxy is not None:
        yield from _absent("web.proxy", configuration.web.proxy)


def _crowded(name: str, one: Schedule, now: dt.datetime) -> Iterator[str]:
    from schedules.calendar.occasions import occasions, words

    due = occasions(one, now, now + dt.timedelta(days=366), 100)
    nearest = min((later - earlier for earlier, later in pairwise(due)), default=dt.timedelta.max)
    if nearest < dt.timedelta(minutes=CLOSE_MINUTES):
        yield f"{name} is due {words(one)}: at times {nearest.total_seconds() / 60:g} minutes apart"


def _absent(where: str, section: BaseModel) -> Iterator[str]:
    """Secrets that cannot be found here; the service may run in another environment."""
    from schedules.deliveries.settings import Secret

    for key, value in section:
        if isinstance(value, Secret) and value.env and value.env not in os.environ:
            yield f"{where}.{key}: the variable {value.env} is not set here"
        if isinstance(value, Secret) and value.file and not os.access(value.file, os.R_OK):
            yield f"{where}.{key}: {value.file} cannot be read here"
