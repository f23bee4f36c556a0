"""How a layer's psums are computed exactly: the choice among the ways of convolving."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from tilewright.engine import onednn, winograd
from tilewright.engine.kernels import Array
from tilewright.engine.matrix_product import FLOAT32_EXACT, MatrixProduct, exact_dtype
from tilewright.engine.narrow import NarrowLayer, wrap
from tilewright.engine.popcount import PopcountProduct
from tilewright.engine.units import FusedConvolution, Pack, UnitConvolution
from tilewright.errors import ToolError
from tilewright.spec import IntegerLayer, PsumRegister, signed_bits_needed
from tilewright.spec.op import Operation

EngineKind = Literal["auto", "winograd", "int8", "popcount", "blas", "int64"]
ENGINE_KINDS: tuple[EngineKind, ...] = ("auto", "winograd", "int8", "popcount", "blas", "int64")


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """An operation, the type of its sums, the name of its arithmetic; pack: for units, what packs weights."""

    operation: Operation
    dtype: np.dtype[np.generic]
    arithmetic: str
    pack: Pack | None = None


class Prepared:
    """What engines made ready for layers, for those of other networks that share these layers.

    A convolution depends on all of a layer but its links, and on the kind, batch and register of the engine;
    a fused one on its link too. Arrays and links are known by their identity, so the layers are kept.
    """

    def __init__(self) -> None:
        self._chosen: dict[tuple[Hashable, ...], tuple[IntegerLayer, Convolution]] = {}
        self._fused: dict[tuple[Hashable, ...], tuple[IntegerLayer, FusedConvolution | None]] = {}

    def choose(
        self, layer: IntegerLayer, kind: EngineKind, *, samples: int, register: PsumRegister | None
    ) -> Convolution:
        """As `choose_convolution`, once for layers that share their weights."""
        key = (*_identity(layer), kind, samples, register)
        if key not in self._chosen:
            choice = choose_convolution(layer, kind, samples=samples, register=register)
            self._chosen[key] = (layer, choice)
        return self._chosen[key][1]

    def fuse(self, layer: IntegerLayer, pack: Pack, *, samples: int) -> FusedConvolution | None:
        """A layer with one link and the link in one, of the units that `pack` belongs to; None: not exact."""
        (link,) = layer.requantizations
        key = (*_identity(layer), id(link), pack, samples)
        if key not in self._fused:
            fused = None
            with suppress(ToolError):
                fused = FusedConvolution(layer.as_dense(), link, pack, samples=samples)
            self._fused[key] = (layer, fused)
        return self._fused[key][1]


def _identity(layer: IntegerLayer) -> tuple[Hashable, ...]:
    formats = (layer.weight_format, layer.act_format, layer.zero_point)
    return (id(layer.weight), id(layer.bias), layer.shape, *formats)


def choose_convolution(
    grouped: IntegerLayer, kind: EngineKind, *, samples: int, register: PsumRegister | None
) -> Convolution:
    """The operation of a layer, groups filled up with zeros, for batches of `samples`.

    kind, register: as in `Engine`; the register holds sums of plain products, and a start value is added
    behind it. Raises `ToolError` if "int8" is asked for and does not work here.
    """
    layer = grouped.as_dense()
    limit = max(map(abs, layer.psum_range()))
    choice = _choose_plain(layer.plain(), kind, limit, samples=samples, register=register)
    return _from_start(layer, choice) if layer.has_start else choice


def _choose_plain(
    layer: IntegerLayer,
    kind: EngineKind,
    limit: int,
    *,
    samples: int,
    register: PsumRegister | None,
) -> Convolution:
    """For a layer without start values; limit: largest |psum|, start values included."""
    if register is not None and signed_bits_needed(*layer.psum_range()) > register.bits:
        return Convolution(_narrow(layer, register), np.dtype(np.int32), "int32")
    units = _units(layer, kind, samples=samples) if limit < FLOAT32_EXACT else ()
    for arithmetic, pack in units:
        try:
            convolution = UnitConvolution(layer, pack, samples=samples)
        except ToolError:
            if kind == "int8":
                raise
        else:
            return Convolution(convolution, convolution.packed.dtype, arithmetic, pack)
    if kind in ("auto", "winograd", "popcount") and PopcountProduct.fits(layer):
        return Convolution(PopcountProduct(layer), np.dtype(np.int32), "popcount")
    dtype = np.dtype(np.int64) if kind == "int64" else exact_dtype(limit)
    return Convolution(MatrixProduct(layer, dtype=dtype), dtype, dtype.name)


def _units(layer: IntegerLayer, kind: EngineKind, *, samples: int) -> Iterator[tuple[str, Pack]]:
    """The name of the arithmetic, and what packs weights, of the units that a kind tries, in its order."""
    if kind == "winograd" or (kind == "auto" and winograd.pays(layer)):
        yield "winograd", winograd.WinogradWeights
    if kind in ("auto", "winograd", "int8"):
        yield "int8", partial(onednn.PackedWeights, samples=samples)


def _from_start(layer: IntegerLayer, plain: Convolution) -> Convolution:
    """Plain products with the start values of `layer` added, over a plane with the padding written out."""
    dtype = np.dtype(np.int64) if plain.dtype.kind == "i" else plain.dtype
    start = layer.start().astype(dtype)  # oc
    around = layer.shape.edges if layer.zero_point else ((0, 0), (0, 0))
    edges = ((0, 0), *around, (0, 0))

    def convolve(codes: Array) -> Array:
        padded = np.pad(codes, edges, constant_values=layer.zero_point)  # n ih iw ic
        psums: Array = plain.operation(padded) + start
        return psums

    return Convolution(convolve, dtype, plain.arithmetic)


def _narrow(layer: IntegerLayer, register: PsumRegister) -> Operation:
    """A layer that can overflow. Wrapping commutes with addition, so it is done once, at the end."""
    if register.overflow == "saturate":
        return NarrowLayer(layer, register, place=register.place, rows=register.rows)
    exact = MatrixProduct(layer, dtype=exact_dtype(max(map(abs, layer.psum_range()))))
    return lambda codes: wrap(exact(codes), register.bits)
