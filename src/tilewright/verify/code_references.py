"""Naive references of the nodes that act on codes: one number after the other, in Python's integers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.spec import CodeMove, CodeProduct, CodeTable, IntArray


def reference_move(node: CodeMove, *operands: IntArray) -> npt.NDArray[np.int64]:
    """The code that stands at each place of the operands, or the fill."""
    sums = np.full((len(operands[0]), *node.index.shape), node.fill, np.int64)
    for oc, oh, ow in np.ndindex(*node.index.shape):
        place = int(node.index[oc, oh, ow])
        for codes in operands if place >= 0 else ():
            _, channels, height, width = codes.shape
            if place < channels * height * width:
                channel, pixel = divmod(place, height * width)
                row, column = divmod(pixel, width)
                sums[:, oc, oh, ow] = codes[:, channel, row, column]
                break
            place -= channels * height * width
    return sums


def reference_product(
    node: CodeProduct, first: IntArray, second: IntArray
) -> npt.NDArray[np.int64]:
    """Products of the codes at the same place, less their zero-points; an axis of size 1 has one for all."""
    sums = np.zeros((len(first), *node.output_shape), np.int64)
    for place in np.ndindex(*node.output_shape):
        one, other = (
            codes[:, *(min(at, size - 1) for at, size in zip(place, codes.shape[1:], strict=True))]
            for codes in (first, second)
        )
        zero, other_zero = node.zero_points
        sums[:, *place] = (one.astype(np.int64) - zero) * (other.astype(np.int64) - other_zero)
    return sums


def reference_table(node: CodeTable, codes: IntArray) -> npt.NDArray[np.int64]:
    """The entry of each code, found by comparing it with every one."""
    sums = np.zeros(codes.shape, np.int64)
    for entry, value in enumerate(node.table.tolist()):
        sums[codes == node.act_format.min_code + entry] = value
    return sums
