"""A pause of the garbage collector, for work that makes millions of small objects and few cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MOST_HELD = 4_000_000
"""Objects that may be there before a pause ends with a collection."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected before the end, unless nothing was before; as a decorator, while a call runs.

    What was made then counts as old: it is not gone through at once, unless there is very much of it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_freeze_count() == 0:
                gc.freeze()
                held = gc.get_freeze_count()
                gc.unfreeze()
                if held > _MOST_HELD:
                    gc.collect()
            gc.enable()
