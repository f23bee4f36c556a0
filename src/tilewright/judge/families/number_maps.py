"""Mistakes in how the bits of a number are read: sign, order, stuck bits, width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tilewright.spec import Ints

NumberMap = tuple[str, str, Callable[[Ints], Ints]]
"""Key, words for people, and the function of the numbers."""


def low_bits(values: Ints, bits: int) -> Ints:
    """The low `bits` bits as an unsigned number."""
    return values & ((1 << bits) - 1)


def wrapped(values: Ints, bits: int) -> Ints:
    """The two's complement number of the low `bits` bits."""
    half = 1 << (bits - 1)
    return low_bits(values + half, bits) - half


def saturated(values: Ints, bits: int) -> Ints:
    """Values within the range of `bits` bits, signed."""
    return np.clip(values, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def shifted(values: Ints, bits: int) -> Ints:
    """Shifted right, rounding down."""
    return values >> bits


def divided(values: Ints, bits: int) -> Ints:
    """Divided by a power of two, rounding toward 0, as ``/`` of Verilog and C does."""
    found: Ints = np.sign(values) * (np.abs(values) >> bits)
    return found


def cleared(values: Ints, bits: int) -> Ints:
    """With the low bits 0."""
    return values >> bits << bits


def times(values: Ints, bits: int, register: int) -> Ints:
    """Shifted left in a register of so many bits."""
    return wrapped(values << bits, register)


def leaky(values: Ints, bits: int) -> Ints:
    """Shifted right where negative."""
    return np.where(values < 0, values >> bits, values)


def without(values: Ints, bit: int) -> Ints:
    """0 where that bit is 1."""
    return np.where((values >> bit) & 1, 0, values)


def added(values: Ints, amount: int) -> Ints:
    """With an amount added."""
    return values + amount


def filled(values: Ints, value: int) -> Ints:
    """One value everywhere."""
    return np.full_like(values, value)


def narrower(bits: int, *, is_signed: bool) -> Iterator[NumberMap]:
    """Numbers that saturate at fewer bits, or at the narrow range of theirs."""
    for narrow in range(1 + is_signed, bits):
        least, most = (
            (-(1 << (narrow - 1)), (1 << (narrow - 1)) - 1) if is_signed else (0, (1 << narrow) - 1)
        )
        way = partial(np.clip, a_min=least, a_max=most)
        yield f"saturated n={narrow}", f"saturate at {narrow} bits ({least}..{most})", way
    if is_signed:
        least = 1 - (1 << (bits - 1))
        yield (
            "narrow",
            f"of {least - 1} are taken as {least}",
            partial(np.clip, a_min=least, a_max=None),
        )


def bit_maps(bits: int, *, is_signed: bool) -> Iterator[NumberMap]:
    """Mistakes in numbers of `bits` bits; what comes out is signed as it went in."""

    def back(values: Ints) -> Ints:
        return wrapped(values, bits) if is_signed else low_bits(values, bits)

    def reversed_bits(values: Ints) -> Ints:
        field, turned = low_bits(values, bits), np.zeros_like(values)
        for i in range(bits):
            turned |= ((field >> i) & 1) << (bits - 1 - i)
        return back(turned)

    yield "bits-reversed", "with the lowest bit first", reversed_bits
    for bit in range(bits):
        yield f"bit-0 bit={bit}", f"with bit {bit} stuck at 0", _stuck(back, bit, 0)
        yield f"bit-1 bit={bit}", f"with bit {bit} stuck at 1", _stuck(back, bit, 1)


def _stuck(back: Callable[[Ints], Ints], bit: int, level: int) -> Callable[[Ints], Ints]:
    place = 1 << bit
    return (lambda v: back(v | place)) if level else (lambda v: back(v & ~np.int64(place)))
