"""`python -m ecr_audit.simulator --world FILE --port N`: serves a world until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ecr_audit.simulator import DEMO_WORLD, PortInUseError, WorldError, exports, load_world, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM. Exit code 2 for a bad world or a port in use."""
    parser = argparse.ArgumentParser(
        prog="python -m ecr_audit.simulator", description="Serve a simulated AWS Organization."
    )
    parser.add_argument("--world", type=Path, default=DEMO_WORLD, help="world file (default: the demo world)")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--exports", action="store_true", help="print shell lines that point the AWS CLI at it")
    parser.add_argument("--until-stdin-ends", action="store_true", help="exit when standard input is closed")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serve(load_world(options.world), options.port) as simulation:
            print(f"listening on {simulation.endpoint}", flush=True)
            if options.exports:
                print(exports(simulation.endpoint, simulation.world.first_account()), end="", flush=True)
            if options.until_stdin_ends:
                threading.Thread(target=_await_end, args=(stop,), name="standard input", daemon=True).start()
            stop.wait()
    except (WorldError, PortInUseError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _await_end(stop: threading.Event) -> None:
    """Set *stop* when standard input ends. Read past Python's own buffer, whose lock would outlive the program."""
    while os.read(sys.stdin.fileno(), 1024):
        continue
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
