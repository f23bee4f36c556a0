"""Arithmetic so plain that it needs no test but reading: what expected values in tests are made with."""

from __future__ import annotations

import numpy as np

from tilewright.spec import ConvShape


def convolve(weight: np.ndarray, codes: np.ndarray, shape: ConvShape) -> np.ndarray:
    """One product after the other: weight ``oc ic kh kw``, codes ``ic ih iw`` to int64 ``oc oh ow``."""
    psums = np.zeros((shape.oc, shape.oh, shape.ow), np.int64)
    weights, plane = weight.astype(np.int64).tolist(), codes.astype(np.int64).tolist()
    for oc, oh, ow in np.ndindex(*psums.shape):
        psum = 0
        for kh, kw in np.ndindex(shape.kh, shape.kw):
            ih = oh * shape.stride[0] + kh - shape.padding[0]
            iw = ow * shape.stride[1] + kw - shape.padding[1]
            if 0 <= ih < shape.ih and 0 <= iw < shape.iw:
                for ic in range(shape.ic):
                    psum += weights[oc][ic][kh][kw] * plane[ic][ih][iw]
        psums[oc, oh, ow] = psum
    return psums


def wrap(values: np.ndarray, bits: int) -> np.ndarray:
    """Two's complement value of the low `bits` bits."""
    half = 1 << (bits - 1)
    return (values + half) % (2 * half) - half


def store(value: int, bits: int, rule: str) -> tuple[int, bool]:
    """What a register of `bits` bits takes of one sum under a rule, and whether it did not fit."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if low <= value <= high or rule == "error":
        return value, not low <= value <= high
    if rule == "saturate":
        return (low if value < low else high), True
    return (value - low) % (1 << bits) + low, True
