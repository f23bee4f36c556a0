"""How a quantizer rounds, by the names of QONNX and Brevitas, as qonnx's executor computes it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tilewright.interchange.onnx_graph import Operator

Reals = npt.NDArray[np.floating]


def _from_zero(values: Reals) -> Reals:
    return np.sign(values) * np.ceil(np.abs(values))


def _half_from_zero(values: Reals) -> Reals:
    return np.sign(values) * np.floor(np.abs(values) + 0.5)


def _half_to_zero(values: Reals) -> Reals:
    return np.sign(values) * np.ceil(np.abs(values) - 0.5)


ROUNDINGS: dict[str, Callable[[Reals], Reals]] = {
    "ROUND": np.rint,
    "HALF_EVEN": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": _from_zero,
    "DOWN": np.trunc,
    "ROUND_TO_ZERO": np.trunc,
    "HALF_UP": _half_from_zero,
    "HALF_DOWN": _half_to_zero,
}
"""By name; UP and HALF_UP go away from 0, DOWN and HALF_DOWN towards it."""

DEFAULT = "ROUND"


def read_rounding(op: Operator, *, default: str = DEFAULT) -> str:
    """The name of the rounding that an operation states, in capitals; refuses unknown ones."""
    name = str(op.attributes.get("rounding_mode", default)).upper()
    if name not in ROUNDINGS:
        op.refuse(f"rounding_mode must be one of {', '.join(ROUNDINGS)}, not {name}")
    return name
