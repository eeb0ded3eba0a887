"""Start time of the command line."""

from __future__ import annotations

import os
import sys
from statistics import median

from benchmarks.measure import measure

RUNS = 9


def main() -> None:
    for arguments in (["--help"], ["checks", "list"]):
        runs = [measure([sys.executable, "-m", "ecr_audit", *arguments], dict(os.environ)) for _ in range(RUNS)]
        wall, cpu = median(run.wall_seconds for run in runs), median(run.cpu_seconds for run in runs)
        print(f"  ecr-audit {' '.join(arguments):<14} wall {wall:.2f} s, CPU {cpu:.2f} s (median of {RUNS})")


if __name__ == "__main__":
    main()
