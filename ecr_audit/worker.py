"""A worker process of `ecr-audit serve`: `schedules.service.worker`, with the logging of this program."""

from __future__ import annotations

import os
import sys

from ecr_audit.logs import configure
from schedules.service.worker import main

FORMAT, LEVEL = "ECR_AUDIT_LOG_FORMAT", "ECR_AUDIT_LOG_LEVEL"
"""Environment variables that pass the log format and level of a service to its workers."""

if __name__ == "__main__":
    configure(json=os.environ.get(FORMAT) == "json", level=os.environ.get(LEVEL, "info"), stream=sys.stderr)
    sys.exit(main())
