"""The array in motion: its registers as data that the page's script reads."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.report.picture import Motion

_TYPES = (("b", np.int8), ("h", np.int16), ("i", np.int32))


def motion_data(motions: Iterable[Motion]) -> str:
    """JSON for the page: texts and sizes, and each register as the shortest integers that hold it."""
    content = json.dumps([_facts(motion) for motion in motions], separators=(",", ":"))
    return content.replace("<", "\\u003c")  # nothing can end the element that it stands in


def _facts(motion: Motion) -> dict[str, Any]:
    cycles, rows, cols = motion.psums.shape
    return {
        "title": motion.title,
        "layer": motion.layer,
        "sample": motion.sample,
        "array": [motion.rows, motion.cols],
        "shown": [rows, cols],
        "halves": motion.acts.shape[1],
        "grid": motion.grid,
        "cycles": cycles,
        "total": motion.total,
        "stay": motion.psums_stay,
        "first": _first_shown(motion),
        "acts": packed(motion.acts),
        "weights": packed(motion.weights),
        "shadows": None if motion.shadows is None else packed(motion.shadows),
        "psums": packed(motion.psums),
        "valid": packed(motion.valid.astype(np.int64)),
        "words": packed(motion.words),
        "folds": packed(motion.folds),
        "reads": packed(motion.reads),
        "pixels": packed(motion.pixels),
        "vectors": packed(motion.vectors),
    }


def _first_shown(motion: Motion) -> int:
    """The first cycle that is nearly as lively as any: PEs with an activation whose product is not 0."""
    products = (motion.acts * motion.weights).any(axis=1) & motion.valid
    lively = products.reshape(len(products), -1).sum(axis=1)
    return int((lively >= 0.8 * lively.max()).argmax())


def packed(numbers: npt.NDArray[np.int64]) -> dict[str, str]:
    """The numbers in little-endian integers of the shortest of three types, deflated, in base64."""
    low, high = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    name, kind = next(
        (name, kind)
        for name, kind in _TYPES
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )
    content = numbers.astype(np.dtype(kind).newbyteorder("<")).tobytes()
    return {"t": name, "d": base64.b64encode(zlib.compress(content, 9)).decode()}
