"""How a layer's psums are computed exactly: the choice among the ways of convolving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tilewright.engine import onednn
from tilewright.engine.matrix_product import FLOAT32_EXACT, MatrixProduct, exact_dtype
from tilewright.engine.narrow import NarrowLayer, wrap
from tilewright.errors import ToolError
from tilewright.spec import IntegerLayer, PsumRegister, signed_bits_needed
from tilewright.spec.op import Operation

EngineKind = Literal["auto", "int8", "blas", "int64"]
ENGINE_KINDS: tuple[EngineKind, ...] = ("auto", "int8", "blas", "int64")


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """An operation, the type of its sums, and the name of its arithmetic."""

    operation: Operation
    dtype: np.dtype[np.generic]
    arithmetic: str


def choose_convolution(
    grouped: IntegerLayer, kind: EngineKind, *, samples: int, register: PsumRegister | None
) -> Convolution:
    """The operation of a layer, groups filled up with zeros, for batches of `samples`.

    kind, register: as in `Engine`. Raises `ToolError` if "int8" is asked for and does not work here.
    """
    layer = grouped.as_dense()
    if register is not None and signed_bits_needed(*layer.psum_range()) > register.bits:
        return Convolution(_narrow(layer, register), np.dtype(np.int32), "int32")
    limit = max(map(abs, layer.psum_range()))
    if kind in ("auto", "int8") and limit < FLOAT32_EXACT:
        try:
            convolution = onednn.Int8Convolution(layer, samples=samples)
        except ToolError:
            if kind == "int8":
                raise
        else:
            return Convolution(convolution, convolution.dtype, "int8")
    dtype = np.dtype(np.int64) if kind == "int64" else exact_dtype(limit)
    return Convolution(MatrixProduct(layer, dtype=dtype), dtype, dtype.name)


def _narrow(layer: IntegerLayer, register: PsumRegister) -> Operation:
    """A layer that can overflow. Wrapping commutes with addition, so it is done once, at the end."""
    if register.overflow == "saturate":
        return NarrowLayer(layer, register, place=register.place, rows=register.rows)
    exact = MatrixProduct(layer, dtype=exact_dtype(max(map(abs, layer.psum_range()))))
    return lambda codes: wrap(exact(codes), register.bits)
