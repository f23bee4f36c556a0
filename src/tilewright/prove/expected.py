"""What a register of finite width keeps of a sum, as polynomials: the definition, not the circuit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tilewright.prove.algebra import Algebra
from tilewright.prove.polynomials import Poly


def fits(algebra: Algebra, total: Poly, bits: int) -> Poly:
    """1 where a sum is a signed number of so many bits, else 0."""
    half = 1 << (bits - 1)
    return algebra.compare(total, (-half, half), (0, 1, 0))


def saturated(algebra: Algebra, total: Poly, bits: int) -> Poly:
    """The signed number of so many bits that is nearest to a sum."""
    half = 1 << (bits - 1)
    ends = (algebra.number(-half), algebra.number(half - 1))
    return algebra.cases(total, (-half, half), (ends[0], total, ends[1]))


def wrapped(algebra: Algebra, total: Poly, bits: int) -> Poly:
    """The signed number of so many bits that equals a sum modulo ``2**bits``."""
    half, whole = 1 << (bits - 1), 1 << bits
    first, last = (total.low + half) // whole, (total.high + half) // whole
    cuts = [turn * whole - half for turn in range(first + 1, last + 1)]
    turns = [algebra.number(turn * whole) for turn in range(first, last + 1)]
    return algebra.cases(total, cuts, [algebra.subtract(total, turn) for turn in turns])


def accumulated(
    algebra: Algebra,
    products: Iterable[Poly],
    bits: int,
    *,
    is_saturating: bool,
    before: Callable[[Poly], Poly] = lambda total: total,
) -> tuple[Poly, Poly]:
    """The sum of products in their order, kept in a register after each, and whether any did not fit.

    before: what stands for a sum that did not fit always, when another product is added to it.
    """
    keep = saturated if is_saturating else wrapped
    total, misfit, is_kept = algebra.zero, algebra.zero, False
    half = 1 << (bits - 1)
    for product in products:
        exact = algebra.add(before(total) if is_kept else total, product)
        if -half <= exact.low and exact.high < half:  # it fits always
            total, is_kept = algebra.named(exact), False
            continue
        misfit = algebra.choose(fits(algebra, exact, bits), misfit, algebra.one)
        total, is_kept = keep(algebra, exact, bits), True
    return total, misfit


def rectified(algebra: Algebra, total: Poly) -> Poly:
    """0 where a sum is negative, else the sum."""
    return algebra.cases(total, (0,), (algebra.zero, total))


def leaked(algebra: Algebra, total: Poly, shift: int) -> Poly:
    """A sum shifted right where it is negative, else the sum."""
    return algebra.cases(total, (0,), (algebra.floor(total, shift), total))
