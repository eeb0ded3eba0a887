"""The collector compared with a plain boto3 thread pool that makes exactly the same calls, alternating, in one run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from benchmarks.measure import Figures, measure

SIZES = ((40, 100), (4, 2_000))
ROUNDS = 3
PROCESSES = 2
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
    "AWS_ACCESS_KEY_ID": "AKIA100000000000AAAA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def served(registries: int, repositories: int, recording: str | None = None) -> Iterator[str]:
    """The fast server in its own process; yields its endpoint."""
    command = [sys.executable, "-m", "benchmarks.server", str(registries), str(repositories)]
    process = subprocess.Popen(command + ([recording] if recording else []), stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def ours(endpoint: str, processes: int = PROCESSES) -> Figures:
    """One run of the collector."""
    return measure([sys.executable, "-m", "benchmarks.ours", endpoint, str(processes)], ENVIRONMENT)


def bare(endpoint: str, recording: str) -> Figures:
    """One run of the reference."""
    return measure([sys.executable, "-m", "benchmarks.bare", endpoint, recording], ENVIRONMENT)


def compare(registries: int, repositories: int) -> None:
    """Measure one size and print it."""
    with tempfile.NamedTemporaryFile() as recording:
        with served(registries, repositories, recording.name) as endpoint:
            ours(endpoint)
        with served(registries, repositories) as endpoint:
            pairs = [(ours(endpoint), bare(endpoint, recording.name)) for _ in range(ROUNDS)]
    print(f"\n{registries} registries x {repositories} repositories, {ROUNDS} rounds, medians")
    print(f"  {'':<22}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}   output")
    for name, side in ((f"ecr-audit, {PROCESSES} processes", 0), ("plain boto3, 32 threads", 1)):
        runs = [pair[side] for pair in pairs]
        print(f"  {name:<22}{median(r.wall_seconds for r in runs):>9.2f}{median(r.cpu_seconds for r in runs):>9.2f}"
              f"{median(r.peak_mib for r in runs):>10.0f}   {runs[-1].output.strip()}")  # fmt: skip
    wall = median(a.wall_seconds / b.wall_seconds for a, b in pairs)
    cpu = median(a.cpu_seconds / b.cpu_seconds for a, b in pairs)
    print(f"  ratio to plain boto3   {wall:>9.2f}{cpu:>9.2f}      (aim: wall <= 0.60, CPU <= 0.90)")


def main() -> None:
    """All sizes."""
    for registries, repositories in SIZES:
        compare(registries, repositories)


if __name__ == "__main__":
    main()
