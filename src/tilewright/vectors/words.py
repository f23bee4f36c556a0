"""Codes to the digits of words, and back: bits of a field, highest first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.spec import IntArray


def to_digits(codes: IntArray, bits: int) -> npt.NDArray[np.uint8]:
    """Codes ``line lane`` to digits 0 or 1, ``line digit``; two's complement, leftmost lane first.

    Every code must fit `bits` bits (the caller has checked): the rest would be cut off.
    """
    container = _container_bits(bits)
    fields = codes.astype(f">u{container // 8}", order="C")  # line lane
    fields <<= fields.dtype.type(container - bits)  # the field to the top
    octets = fields[..., None].view(np.uint8)  # line lane octet
    digits = np.unpackbits(octets, axis=-1, count=bits)  # line lane bit
    return digits.reshape(len(codes), -1)  # line (lane bit)


def from_digits(digits: npt.NDArray[np.uint8], bits: int, *, is_signed: bool) -> npt.NDArray[Any]:
    """Inverse of `to_digits`, in the smallest integer type that holds `bits` bits."""
    container = _container_bits(bits)
    fields = digits.reshape(len(digits), -1, bits)  # line lane bit
    octets = np.zeros((*fields.shape[:2], container // 8), np.uint8)
    packed = np.packbits(fields, axis=-1)  # the field at the top, zeros below
    octets[..., : packed.shape[-1]] = packed
    letter = "i" if is_signed else "u"
    codes: npt.NDArray[Any] = octets.view(f">{letter}{container // 8}")[..., 0]  # line lane
    codes = codes.astype(codes.dtype.newbyteorder("="))
    codes >>= codes.dtype.type(container - bits)  # back down; arithmetic where signed
    return codes


def _container_bits(bits: int) -> int:
    return next(width for width in (8, 16, 32, 64) if bits <= width)
