"""A worker process of `ecr-audit serve`: `schedules.service.worker`, with this program's logs."""

from __future__ import annotations

import os
import sys

from ecr_audit.logs import configure
from schedules.service.worker import main

FORMAT, LEVEL = "ECR_AUDIT_LOG_FORMAT", "ECR_AUDIT_LOG_LEVEL"
"""Variables by which a service hands its workers the form of its logs."""

if __name__ == "__main__":
    configure(json=os.environ.get(FORMAT) == "json", level=os.environ.get(LEVEL, "info"), stream=sys.stderr)
    sys.exit(main())
