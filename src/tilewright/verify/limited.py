"""The naive reference of psums that a narrow register limits after every addition.

Where a sum saturates, it depends on the order of its additions. An order is plain data: folds, which the
accumulator adds up; each fold is a sequence of additions down a column of PEs; each addition takes the
products of one PE, named by input channel and tap ``(ic, kij)``.
"""

from __future__ import annotations

import numpy as np

from tilewright.errors import ShapeError
from tilewright.spec import ConvShape, IntArray, IntegerLayer, Ints, OverflowRule, PsumRegister

Fold = list[list[tuple[int, int]]]


def column_order(shape: ConvShape, *, lanes: int, channels_per_pe: int = 1) -> list[Fold]:
    """Weight stationary: tiles of `lanes` input channels outer, taps inner, one fold each."""
    channels = shape.ic_per_group
    folds = []
    for first in range(0, channels, lanes):
        last = min(first + lanes, channels)
        for kij in range(shape.taps):
            pes = range(first, last, channels_per_pe)
            folds.append(
                [[(ic, kij) for ic in range(pe, min(pe + channels_per_pe, last))] for pe in pes]
            )
    return folds


def step_order(shape: ConvShape) -> list[Fold]:
    """Output stationary: one fold, input channels outer, taps inner, all added in one PE."""
    channels = shape.ic_per_group
    return [[[(ic, kij)] for ic in range(channels) for kij in range(shape.taps)]]


def reference_limited_psums(
    codes: IntArray,
    layer: IntegerLayer,
    folds: list[Fold],
    *,
    overflow: OverflowRule,
    pe_bits: int | None,
    fold_bits: int | None = None,
    psum_bits: int | None,
) -> Ints:
    """Psums of a layer in narrow registers: codes ``n ic ih iw`` to int64 ``n oc oh ow``.

    folds: the order of the additions. The rule `overflow` limits every sum in a PE (to `pe_bits`), the
    finished sum of a fold (to `fold_bits`), and the accumulator after each fold (to `psum_bits`); None is
    wide enough for all. The registers hold sums of plain products; a start value is added behind them.
    Raises `ShapeError` if the order does not take every product once.
    """
    shape = layer.shape
    _require_each_product(folds, shape, layer.name)
    plane = _padded(codes, shape, layer.zero_point)  # n ic ih iw
    psums = np.zeros((len(codes), shape.oc, shape.oh, shape.ow), np.int64)
    for oc in range(shape.oc):
        first_ic = oc // shape.oc_per_group * shape.ic_per_group
        total = np.zeros((len(codes), shape.oh, shape.ow), np.int64)
        for fold in folds:
            column = np.zeros_like(total)
            for products in fold:
                for ic, kij in products:
                    weight = int(layer.weight[oc, ic].reshape(-1)[kij])
                    column = column + weight * _seen(plane[:, first_ic + ic], kij, shape)
                column = _limited(column, pe_bits, overflow)
            total = _limited(total + _limited(column, fold_bits, overflow), psum_bits, overflow)
        start = 0 if layer.bias is None else int(layer.bias[oc])
        for weight in layer.weight[oc].reshape(-1).tolist():
            start -= weight * layer.zero_point
        psums[:, oc] = total + start
    return psums


def reference_register_psums(codes: IntArray, layer: IntegerLayer, register: PsumRegister) -> Ints:
    """Psums of a layer limited as `PsumRegister` says: codes ``n ic ih iw`` to int64 ``n oc oh ow``."""
    folds = column_order(layer.shape, lanes=register.rows)
    if register.place == "tile":
        taps = layer.shape.taps
        tiles = [folds[start : start + taps] for start in range(0, len(folds), taps)]
        folds = [[addition for fold in tile for addition in fold] for tile in tiles]
    return reference_limited_psums(
        codes,
        layer,
        folds,
        overflow=register.overflow,
        pe_bits=register.bits if register.place == "column" else None,
        fold_bits=register.bits,
        psum_bits=register.bits,
    )


def _padded(codes: IntArray, shape: ConvShape, border: int) -> Ints:
    (pad_h, pad_w) = shape.padding
    sizes = (len(codes), shape.ic, shape.padded_h, shape.padded_w)
    plane = np.full(sizes, border, np.int64)
    plane[:, :, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = codes
    return plane


def _seen(plane: Ints, kij: int, shape: ConvShape) -> Ints:
    """The pixel that tap `kij` takes for each ofmap pixel: ``n oh ow``, of one channel's plane."""
    row, column = divmod(kij, shape.kw)
    rows = [oh * shape.stride[0] + row for oh in range(shape.oh)]
    columns = [ow * shape.stride[1] + column for ow in range(shape.ow)]
    return plane[:, rows][:, :, columns]


def _limited(sums: Ints, bits: int | None, overflow: OverflowRule) -> Ints:
    if bits is None or overflow == "error":
        return sums
    lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    if overflow == "wrap":
        limited: Ints = (sums - lowest) % 2**bits + lowest
    else:
        limited = np.minimum(np.maximum(sums, lowest), highest)
    return limited


def _require_each_product(folds: list[Fold], shape: ConvShape, name: str) -> None:
    taken = sorted(product for fold in folds for addition in fold for product in addition)
    if taken != list(np.ndindex(shape.ic_per_group, shape.taps)):
        raise ShapeError(
            f"layer {name}: an order of additions must take each of the "
            f"{shape.ic_per_group * shape.taps} products of a psum once, but takes {len(taken)}"
        )
