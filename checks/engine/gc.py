"""Making many objects without Python's search for cycles among them.

The search looks at everything made so far again and again: a third of the whole time where hundreds of thousands of
findings or cells are made and none of them forms a cycle.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Put the search off until the block ends; where it was off already, it stays off."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()
