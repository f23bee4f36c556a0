"""Codes to the digits of words, and back: bits of a field, highest first."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.spec import IntArray

TABLE_BITS = 8
"""Fields up to this width are looked up, wider ones are shifted and unpacked."""


def to_digits(codes: IntArray, bits: int) -> npt.NDArray[np.uint8]:
    """Codes ``line lane`` to digits 0 or 1, ``line digit``; two's complement, leftmost lane first.

    Every code must fit `bits` bits (the caller has checked): the rest would be cut off.
    """
    if bits <= TABLE_BITS:
        fields = codes.astype(np.uint8, order="C") & np.uint8((1 << bits) - 1)  # line lane
        looked_up: npt.NDArray[np.uint8] = _table(bits)[fields].view(np.uint8)
        return looked_up.reshape(len(codes), -1)  # line (lane bit)
    container = _container_bits(bits)
    shifted = codes.astype(f">u{container // 8}", order="C")  # line lane
    shifted <<= shifted.dtype.type(container - bits)  # the field to the top
    octets = shifted[..., None].view(np.uint8)  # line lane octet
    if bits == container:
        return np.unpackbits(octets).reshape(len(codes), -1)  # line (lane bit)
    digits = np.unpackbits(octets, axis=-1, count=bits)  # line lane bit
    return digits.reshape(len(codes), -1)  # line (lane bit)


def from_digits(digits: npt.NDArray[np.uint8], bits: int, *, is_signed: bool) -> npt.NDArray[Any]:
    """Inverse of `to_digits`, in the smallest integer type that holds `bits` bits."""
    container = _container_bits(bits)
    letter = "i" if is_signed else "u"
    if 8 % bits == 0:  # one product adds up digit * 2**place, in the highest octet
        fields = np.ascontiguousarray(digits).view(f"<u{bits}")  # line lane
        weights = fields.dtype.type(sum(1 << 9 * place for place in range(bits)))
        values = (fields * weights >> fields.dtype.type(8 * (bits - 1))).astype(np.uint8)
        octets = (values << np.uint8(8 - bits))[..., None]  # line lane octet
    elif bits == container:
        packed = np.packbits(np.ascontiguousarray(digits).reshape(-1))
        octets = packed.reshape(len(digits), -1, bits // 8)  # line lane octet
    else:
        split = digits.reshape(len(digits), -1, bits)  # line lane bit
        octets = np.zeros((*split.shape[:2], container // 8), np.uint8)
        packed = np.packbits(split, axis=-1)  # the field at the top, zeros below
        octets[..., : packed.shape[-1]] = packed
    codes: npt.NDArray[Any] = octets.view(f">{letter}{container // 8}")[..., 0]  # line lane
    codes = codes.astype(codes.dtype.newbyteorder("="))
    codes >>= codes.dtype.type(container - bits)  # back down; arithmetic where signed
    return codes


@cache
def _table(bits: int) -> npt.NDArray[np.void]:
    """Digits of every field of `bits` bits, one item of `bits` octets each."""
    fields = np.arange(1 << bits)[:, None] >> np.arange(bits)[::-1] & 1  # field bit
    kind = f"u{bits}" if bits in (1, 2, 4, 8) else f"V{bits}"
    table: npt.NDArray[np.void] = fields.astype(np.uint8).view(kind)[:, 0]
    return table


def _container_bits(bits: int) -> int:
    return next(width for width in (8, 16, 32, 64) if bits <= width)
