"""`ecr-audit` without its start-up time, for tests of many short commands; see `tests.forking`.

Its PDFs end after some pages: setting them is most of an audit's time, and other tests look at whole ones.
"""

from __future__ import annotations

import contextlib
import functools
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.forking import answer, executable


def quick_ecr_audit() -> contextlib.AbstractContextManager[str]:
    """A folder for PATH that contains an executable `ecr-audit`."""
    return executable("ecr-audit", __file__, others=[WORKER])


WORKER = "ecr-audit-worker"
"""The executable that a service starts its workers with, in place of Python."""
LONGEST = 40_000
"""Characters of a PDF's page that are set: the cover, the summary and some findings."""
_kept = contextlib.ExitStack()


@functools.cache
def kept_ecr_audit() -> str:
    """The executable, started at the first call and kept until `end`."""
    return str(Path(_kept.enter_context(quick_ecr_audit())) / "ecr-audit")


def end() -> None:
    """End what `kept_ecr_audit` started."""
    _kept.close()
    kept_ecr_audit.cache_clear()


def _prepare(folder: str) -> None:
    import importlib
    import os
    import types

    # Reading in several processes is for other tests: each of them would import everything again.
    os.cpu_count = lambda: 1

    import boto3  # noqa: F401 - what most commands import first
    import pandas as pd  # noqa: F401
    import weasyprint  # noqa: F401

    from checks.engine.great_expectations import load_engine
    from ecr_audit.cli import COMMANDS, command_of
    from reports.formats import pdf

    for name in COMMANDS:
        command_of(name)
    for module in (
        "audit.run",
        "audit.store",
        "reports.view",
        "reports.run_view",
        "audit.baseline_generator",
        "schedules.configuration.loading",
        "schedules.service.main",
        "schedules.service.worker",
        "ecr_audit.simulator",
        "ecr_audit.web.app",
        "ecr_audit.web.serving",
    ):
        importlib.import_module(module)
    load_engine()
    from schedules.service import processes

    processes.sys = types.SimpleNamespace(executable=str(Path(folder) / WORKER))  # type: ignore[attr-defined]
    set_whole = pdf.to_pdf
    pdf.to_pdf = lambda html, **more: set_whole(html[:LONGEST], **more)


def _ecr_audit(arguments: list[str]) -> None:
    """Be the program of the caller, or a worker of it. Ends with SystemExit."""
    if arguments[:1] == [WORKER]:
        runpy.run_module("ecr_audit.worker", run_name="__main__")
    from ecr_audit.cli import main

    sys.argv = ["ecr-audit", *arguments]
    main()


if __name__ == "__main__":
    _prepare(sys.argv[2])
    answer(sys.argv[1], _ecr_audit)
