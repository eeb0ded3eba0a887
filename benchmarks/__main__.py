"""`python -m benchmarks`: every measurement, each in processes of its own."""

from __future__ import annotations

import subprocess
import sys

PARTS = {
    "Start": "benchmarks.start",
    "Collection compared with plain boto3": "benchmarks.collection",
    "Evaluation of a million replicas": "benchmarks.judgement",
    "Reports of 100,000 findings": "benchmarks.reports",
    "The web interface with 2,000 runs": "benchmarks.web",
}


def main() -> None:
    for title, module in PARTS.items():
        print(f"\n== {title}", flush=True)
        subprocess.run([sys.executable, "-m", module], check=True)


if __name__ == "__main__":
    main()
