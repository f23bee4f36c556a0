"""The folds of a run on the time axis of the array, as Perfetto and Chrome's tracing read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

LAYERS, FOLDS = 1, 2
"""Threads of the trace: one row for layers, one for what they consist of."""
MOST_FOLDS = 2_000
"""A layer with more of them is shown by output tiles."""


def timeline(fold_cycles: Mapping[str, npt.NDArray[np.int64]]) -> str:
    """Trace events as JSON; a microsecond of the trace is a cycle of the array.

    fold_cycles: for each layer in the order in which they run, the model's busy cycles of each fold,
    ``otile itile kij``.
    """
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "array (1 us = 1 cycle)"}},
        {"ph": "M", "pid": 1, "tid": LAYERS, "name": "thread_name", "args": {"name": "layer"}},
        {"ph": "M", "pid": 1, "tid": FOLDS, "name": "thread_name", "args": {"name": "folds"}},
    ]
    since = 0
    for layer, cycles in fold_cycles.items():
        total = int(cycles.sum())
        facts = {"folds": int(cycles.size), "cycles": total}
        events.append(_event(layer, since, total, LAYERS) | {"args": facts})
        events += _inner(cycles, since)
        since += total
    return json.dumps({"traceEvents": events}, separators=(",", ":"))


def _inner(cycles: npt.NDArray[np.int64], since: int) -> Iterator[dict[str, Any]]:
    """Folds, or output tiles where there are too many of them, one after the other."""
    is_whole = cycles.size > MOST_FOLDS
    parts = cycles.sum(axis=(1, 2))[:, None, None] if is_whole else cycles
    begins = since + np.cumsum(parts) - parts.reshape(-1)
    for (otile, itile, kij), begin in zip(np.ndindex(parts.shape), begins.tolist(), strict=True):
        name = f"otile {otile}" if is_whole else f"otile {otile} itile {itile} kij {kij}"
        yield _event(name, begin, int(parts[otile, itile, kij]), FOLDS)


def _event(name: str, begin: int, cycles: int, row: int) -> dict[str, Any]:
    return {"ph": "X", "pid": 1, "tid": row, "name": name, "ts": begin, "dur": cycles}
