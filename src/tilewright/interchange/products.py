"""Sizes of matrix products, as MatMul, Gemm and Einsum state them: how many there are, and how large."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tilewright.interchange.topology import Sizes

_ELLIPSIS = "0123456789"
"""What stands for the axes of an ellipsis, the last axis first."""


@dataclass(frozen=True, slots=True)
class Products:
    """So many products of ``rows terms`` and ``terms columns``."""

    times: int
    rows: int
    terms: int
    columns: int

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Of each product."""
        return self.rows, self.terms, self.columns

    def of_one_sample(self, samples: int) -> Products:
        """Those that belong to one of so many samples, where these divide the products or their rows."""
        if self.times % samples == 0:
            return replace(self, times=self.times // samples)
        return self if self.rows % samples else replace(self, rows=self.rows // samples)

    def turned(self) -> Products:
        """With the first operand in the place of the second one."""
        return replace(self, rows=self.columns, columns=self.rows)


def matmul_products(first: Sizes, second: Sizes) -> Products | None:
    """What a MatMul of these sizes computes, as numpy has it; None where they do not fit one another.

    Axes before the last two count products; where the second operand has none, they count rows.

    >>> matmul_products((2, 3, 5, 8), (2, 1, 8, 7))
    Products(times=6, rows=5, terms=8, columns=7)
    >>> matmul_products((2, 3, 5, 8), (8, 7))
    Products(times=1, rows=30, terms=8, columns=7)
    """
    if not first or not second:
        return None
    first = first if len(first) > 1 else (1, *first)
    second = second if len(second) > 1 else (*second, 1)
    if first[-1] != second[-2]:
        return None
    if len(second) == 2:
        return Products(1, math.prod(first[:-1]), first[-1], second[-1])
    axes = max(len(first), len(second)) - 2
    ones = [(1,) * (axes + 2 - len(sizes)) + sizes[:-2] for sizes in (first, second)]
    if any(1 not in pair and pair[0] != pair[1] for pair in zip(*ones, strict=True)):
        return None
    times = math.prod(map(max, *ones))
    return Products(times, first[-2], first[-1], second[-1])


def einsum_products(equation: str, first: Sizes, second: Sizes) -> Products | None:
    """What an Einsum of two operands computes; None where it is no matrix product.

    Indices that both operands and the result have count products, those of one operand and the result rows
    and columns, and those of both alone terms. What one operand alone sums up is summed before. No product is
    an Einsum without terms, which multiplies number by number, or one with an index twice in an operand.

    >>> einsum_products("bihd,bjhd->bhij", (1, 5, 3, 8), (1, 7, 3, 8))
    Products(times=3, rows=5, terms=8, columns=7)
    >>> einsum_products("bi,bi->bi", (1, 5), (1, 5)) is None
    True
    """
    left, arrow, result = equation.replace(" ", "").partition("->")
    operands = left.split(",")
    if len(operands) != 2 or any("." in one and "..." not in one for one in (*operands, result)):
        return None
    named = [_spread(one, len(sizes)) for one, sizes in zip(operands, (first, second), strict=True)]
    if any(
        len(name) != len(sizes) or len(set(name)) != len(name)
        for name, sizes in zip(named, (first, second), strict=True)
    ):
        return None
    extent: dict[str, int] = {}
    for name, sizes in zip(named, (first, second), strict=True):
        for index, size in zip(name, sizes, strict=True):
            if 1 not in (size, extent.get(index, size)) and size != extent.get(index, size):
                return None
            extent[index] = max(size, extent.get(index, 1))
    return _count(named, _result(named, result, is_stated=bool(arrow)), extent)


def _spread(indices: str, axes: int) -> str:
    """`indices`, of a tensor of so many axes, with a digit for each axis of an ellipsis."""
    more = max(0, axes - len(indices.replace("...", "")))
    return indices.replace("...", _ELLIPSIS[:more][::-1])


def _result(named: list[str], result: str, *, is_stated: bool) -> str:
    """The indices of the result; unless they are stated, those that stand in one operand."""
    both = "".join(named)
    spread = "".join(sorted({one for one in both if one.isdigit()}))
    if is_stated:
        return result.replace("...", spread)
    return spread + "".join(sorted(one for one in set(both) if both.count(one) == 1))


def _count(named: list[str], result: str, extent: Mapping[str, int]) -> Products | None:
    first, second = map(set, named)
    kept = set(result)
    terms = (first & second) - kept
    if not terms:
        return None
    groups = (first & second & kept, (first - second) & kept, terms, (second - first) & kept)
    return Products(*(math.prod(extent[index] for index in group) for group in groups))
