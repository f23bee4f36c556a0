"""Convolution of codes -1, 0 and 1 by XNOR and popcount: 64 products at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilewright.engine.kernels import Array
from tilewright.engine.matrix_product import MatrixProduct
from tilewright.loops.compiled import compiled
from tilewright.spec import IntegerLayer

WORD_BYTES = 8


class PopcountProduct(MatrixProduct):
    """One layer whose weights and activations are -1, 0 or 1; psums are int32.

    A code is two bits: whether it is not 0, and whether it is below 0. Where both factors are not 0, a
    product is 1 if their signs agree (XNOR), else -1: the psum is the count of the first, less twice the
    count of those whose signs differ.
    """

    def __init__(self, layer: IntegerLayer) -> None:
        super().__init__(layer, dtype=np.dtype(np.int8))
        self.dtype = np.dtype(np.int32)
        self._weights = _planes(self._matrix.T)

    @staticmethod
    def fits(layer: IntegerLayer) -> bool:
        """Whether the formats of a layer hold -1, 0 and 1 at most."""
        formats = (layer.act_format, layer.weight_format)
        return all(one.min_code >= -1 and one.max_code <= 1 for one in formats)

    def _multiply(self, windows: Array, psums: Array) -> None:
        _count(*_planes(windows), *self._weights, psums)


def _planes(codes: Array) -> tuple[Array, Array]:
    """Codes ``row k`` to bits in uint64 words ``row word``: not 0, and below 0."""
    padded = -(-codes.shape[1] // (8 * WORD_BYTES)) * WORD_BYTES
    planes = []
    for is_set in (codes != 0, codes < 0):
        octets = np.zeros((len(codes), padded), np.uint8)
        packed = np.packbits(is_set, axis=1)
        octets[:, : packed.shape[1]] = packed
        planes.append(octets.view(np.uint64))
    return planes[0], planes[1]


@compiled
def _count(used: Array, below: Array, w_used: Array, w_below: Array, psums: Array) -> None:
    """psums int32 ``row oc`` of planes ``row word`` and ``oc word``."""
    rows, words = used.shape
    for row in range(rows):
        for oc in range(len(w_used)):
            total = 0
            for word in range(words):
                both = used[row, word] & w_used[oc, word]
                differ = both & (below[row, word] ^ w_below[oc, word])
                total += _ones(both) - 2 * _ones(differ)
            psums[row, oc] = total


@compiled
def _ones(word: Any) -> Any:
    """Bits that are set: sums of pairs, of fours, of eights, and of all eight bytes by one product."""
    pairs = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    low = np.uint64(0x3333333333333333)
    fours = (pairs & low) + ((pairs >> np.uint64(2)) & low)
    eights = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((eights * np.uint64(0x0101010101010101)) >> np.uint64(56))
