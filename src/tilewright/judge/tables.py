"""Codes and products that a multiplier takes for others: solved for, whatever its table is.

A sum is as many products of each pair of codes as occur in it. So what it has too much says by how much each
weight, each activation or each product is off: one solution of as many equations as there are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from tilewright.judge.cause import Cause, Signal
from tilewright.judge.problem import Problem
from tilewright.judge.solving import excess, whole_solution
from tilewright.spec import Ints

MULTIPLIER = "look at the multiplier: its recoding, its cases, or its table of products"
MOST_CODES = 16
"""Values of a weight or of an activation, at most."""
MOST_NAMED = 3
BITS_OF_ENTRY = 12
"""What it takes to say which entry of a table is wrong, and by how much."""


def causes_of_tables(problem: Problem) -> Iterator[tuple[Cause, int]]:
    """Tables of weights, of activations, or of products that fit, and how many entries of each are wrong."""
    found = excess(problem)
    weights, codes = np.unique(problem.weight), np.unique(problem.plane)
    if found is None or max(len(weights), len(codes)) > MOST_CODES:
        return
    amounts, says = found
    wanted = amounts[says]
    if not wanted.any():
        return
    counts = _counts(problem, weights, codes)[:, :, says]  # weight code number
    by_weight = whole_solution(np.einsum("wcn,c->wn", counts, codes), wanted)
    if by_weight is not None:
        yield _of_codes("weight", weights, by_weight), int(np.count_nonzero(by_weight))
    by_code = whole_solution(np.einsum("wcn,w->cn", counts, weights), wanted)
    if by_code is not None:
        yield _of_codes("plane", codes, by_code), int(np.count_nonzero(by_code))
    if by_weight is None and by_code is None:
        products = _one_product(counts, wanted)
        if products is None:
            products = whole_solution(counts.reshape(-1, len(wanted)), wanted)
        if products is not None:
            table = products.reshape(len(weights), len(codes))
            yield _of_products(weights, codes, table), int(np.count_nonzero(table))


def _counts(problem: Problem, weights: Ints, codes: Ints) -> Ints:
    """How many products of each weight with each code are in each number, ``weight code oc pixel``."""
    columns = Signal(problem.weight, problem.plane, problem.window).columns
    seen = columns.reshape(-1, columns.shape[-1])  # (ic kij) pixel
    flat = problem.weight.reshape(len(problem.weight), -1)
    there = np.stack([seen == code for code in codes]).astype(np.float64)
    counts = [np.matmul((flat == weight).astype(np.float64), there) for weight in weights]
    return np.stack(counts).astype(np.int64)


def _one_product(counts: Ints, wanted: Ints) -> Ints | None:
    """By how much one product is off, where one alone explains every number."""
    flat = counts.reshape(-1, counts.shape[-1])
    at = int(np.flatnonzero(wanted)[0])
    fitting = list[tuple[int, int]]()
    for n in np.flatnonzero(flat[:, at]).tolist():
        amount, rest = divmod(int(wanted[at]), int(flat[n, at]))
        if not rest and (flat[n] * amount == wanted).all():
            fitting.append((n, amount))
    if len(fitting) != 1:
        return None
    found = np.zeros(len(flat), np.int64)
    found[fitting[0][0]] = fitting[0][1]
    return found


def _of_codes(stage: str, codes: Ints, amounts: Ints) -> Cause:
    changes = [
        (int(code), int(code + more)) for code, more in zip(codes, amounts, strict=True) if more
    ]
    name = "weight" if stage == "weight" else "activation"
    told = ", ".join(f"{code} as {other}" for code, other in changes[:MOST_NAMED])
    more = ", .." * (len(changes) > MOST_NAMED)
    return Cause(
        f"{stage}-table {','.join(f'{code}:{other}' for code, other in changes)}",
        f"{name}s are taken for others: {told}{more}",
        stage,
        partial(_taken, changes=tuple(changes)),
        MULTIPLIER,
        form="map",
    )


def _taken(_: Problem, values: Ints, *, changes: tuple[tuple[int, int], ...]) -> Ints:
    found = values.copy()
    for code, other in changes:
        found[values == code] = other
    return found


def _of_products(weights: Ints, codes: Ints, amounts: Ints) -> Cause:
    wrong = [
        (int(weights[w]), int(codes[c]), int(amounts[w, c]))
        for w, c in np.argwhere(amounts).tolist()
    ]
    told = ", ".join(f"{w} x {c} is {w * c + more}" for w, c, more in wrong[:MOST_NAMED])
    several = f"{len(wrong)} products are wrong: " if len(wrong) > 1 else "a product is wrong: "
    return Cause(
        f"products {','.join(f'{w}x{c}:{more}' for w, c, more in wrong)}",
        f"{several}{told}{', ..' * (len(wrong) > MOST_NAMED)}",
        "sum",
        partial(_with_products, wrong=tuple(wrong)),
        MULTIPLIER,
    )


def _with_products(
    problem: Problem, changed: Signal, *, wrong: tuple[tuple[int, int, int], ...]
) -> Ints:
    columns = changed.columns
    seen = columns.reshape(-1, columns.shape[-1])
    flat = changed.weight.reshape(len(changed.weight), -1)
    numbers: Ints = changed.numbers(problem).copy()
    for weight, code, more in wrong:
        there = (flat == weight).astype(np.float64) @ (seen == code).astype(np.float64)
        numbers += (more * there.astype(np.int64))[None]
    return numbers
