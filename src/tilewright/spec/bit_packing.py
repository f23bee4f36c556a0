"""Codes and thresholds in as few bytes as they need."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ArtifactError
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.requantization import NEVER

BYTE = 8


def pack_codes(codes: npt.NDArray[np.int8], number_format: NumberFormat) -> npt.NDArray[np.uint8]:
    """Codes of up to 8 bits, `bits` bits each, highest first, one after the other; zeros fill the last byte.

    What is stored is ``code - min_code``.

    >>> pack_codes(np.array([-7, 7], np.int8), NumberFormat(4, is_signed=True, is_narrow=True)).tolist()
    [14]
    """
    offsets = (codes.reshape(-1).astype(np.int16) - number_format.min_code).astype(np.uint8)
    bits = np.unpackbits(offsets[:, None], axis=1)[:, BYTE - number_format.bits :]  # code bit
    return np.packbits(bits.reshape(-1))


def unpack_codes(
    packed: npt.NDArray[np.uint8], number_format: NumberFormat, shape: tuple[int, ...]
) -> npt.NDArray[np.int8]:
    """The inverse of `pack_codes`; raises `ArtifactError` if the number of codes differs."""
    width, count = number_format.bits, int(np.prod(shape))
    if packed.dtype != np.uint8 or packed.shape != (-(-count * width // BYTE),):
        raise ArtifactError(
            f"{count:,} codes of {width} bits must be packed in {-(-count * width // BYTE):,} bytes, "
            f"not {packed.shape} of {packed.dtype}"
        )
    bits = np.zeros((count, BYTE), np.uint8)
    bits[:, BYTE - width :] = np.unpackbits(packed, count=count * width).reshape(count, width)
    offsets = np.packbits(bits, axis=1)[:, 0].astype(np.int16)
    return (offsets + number_format.min_code).astype(np.int8).reshape(shape)


def pack_thresholds(thresholds: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Thresholds in the narrowest signed type that holds them; its largest value stands for `NEVER`."""
    real = thresholds[thresholds != NEVER]
    for dtype in (np.int8, np.int16, np.int32):
        limits = np.iinfo(dtype)
        if not real.size or (limits.min <= real.min() and real.max() < limits.max):
            return np.where(thresholds == NEVER, limits.max, thresholds).astype(dtype)
    return thresholds


def unpack_thresholds(packed: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The inverse of `pack_thresholds`."""
    if packed.dtype.kind != "i":
        raise ArtifactError(f"thresholds must be signed integers, not {packed.dtype}")
    highest = np.iinfo(packed.dtype).max
    thresholds: npt.NDArray[np.int64] = np.where(packed == highest, NEVER, packed).astype(np.int64)
    return thresholds
