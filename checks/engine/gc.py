"""Suspends Python's garbage collector while many objects are made.

The collector traverses all objects again and again: a third of the time where hundreds of thousands of findings or
cells are made, of which none is part of a cycle.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Disable the collector until the block ends; if it was disabled before, it stays disabled."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()
