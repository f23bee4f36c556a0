"""Explain a dump: where it differs, from which stage on, and which cause reproduces every number of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause, predict
from tilewright.judge.compare import Comparison, compare
from tilewright.judge.dump import Dump, Known
from tilewright.judge.evidence import is_supported
from tilewright.judge.operands import Operands, read_operands
from tilewright.judge.probes import Causes, opens_told_apart, told_apart
from tilewright.judge.problem import Problem
from tilewright.judge.products import ProductChange, changed_products
from tilewright.judge.search import Found, search
from tilewright.vectors import Bundle


@dataclass(frozen=True, slots=True)
class Near:
    """A cause that reproduces some of the numbers only: how many, and the first place where it fails."""

    cause: Cause
    reproduced: int
    place: tuple[int, ...]
    found: int
    predicted: int


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What was found about dumps of one layer.

    comparisons: of every kind that was dumped, the earliest stage first. judged: the first that differs, or
    None. groups: the causes that reproduce every known number of it; those in a group put out the same for
    every input that was tried, different groups do not. is_weak: so little differs that they may fit by
    chance. products: where no cause of the families fits, the changed weights that do. near: where nothing
    does, the causes that come nearest. free: of causes that leave numbers open, where the first one does,
    ``group oc pixel``, and missed: which of those it puts out otherwise; every other number is reproduced.
    """

    comparisons: tuple[Comparison, ...]
    judged: Comparison | None = None
    problem: Problem | None = None
    groups: tuple[tuple[Causes, ...], ...] = ()
    is_weak: bool = False
    products: tuple[ProductChange, ...] = ()
    near: tuple[Near, ...] = ()
    free: Known | None = None
    missed: Known | None = None

    @property
    def passed(self) -> bool:
        """Whether every number of every kind is there and none differs."""
        return all(found.passed for found in self.comparisons)

    @property
    def is_explained(self) -> bool:
        """Whether there is a cause, and enough differs to say so."""
        return bool(self.groups or self.products) and not self.is_weak

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.judged is None:
            unknown = sum(found.unknown for found in self.comparisons)
            return (
                f"{counted(unknown, 'number')} unknown"
                if unknown
                else "every number is as expected"
            )
        if self.products:
            verb = "is" if len(self.products) == 1 else "are"
            return f"{counted(len(self.products), 'product')} {verb} wrong: {self.products[0]}"
        if not self.groups:
            return "no cause of the families, and no pair of them, reproduces every number"
        first = " and ".join(cause.text for cause in self.groups[0][0])
        if self.is_weak:
            return f"so few numbers differ that this may be chance: {first}"
        if len(self.groups) > 1:
            first = f"{len(self.groups)} causes fit alike, among them: {first}"
        return f"{first}; {self.fitting}" if self.fitting else first

    @property
    def fitting(self) -> str:
        """Of a cause that leaves numbers open: how many fit, and of what the others are made; else ""."""
        if self.free is None or self.missed is None or self.judged is None:
            return ""
        count, missed = self.judged.compared, int(self.missed.sum())
        return (
            f"{count - missed:,} of {count:,} numbers fit, and the other {missed:,} are made of words from "
            f"outside the stream"
        )

    @property
    def misses(self) -> list[tuple[int, ...]]:
        """Places ``group oc pixel`` of free numbers that the cause puts out otherwise."""
        return [] if self.missed is None else [tuple(p) for p in np.argwhere(self.missed).tolist()]

    def to_json(self) -> dict[str, Any]:
        """The explanation as JSON facts."""
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "comparisons": [found.to_json() for found in self.comparisons],
            "judged": self.judged.kind if self.judged else None,
            "is_explained": self.is_explained,
            "is_weak": self.is_weak,
            "causes": [
                [
                    [{"key": c.key, "text": c.text, "hint": c.hint} for c in causes]
                    for causes in group
                ]
                for group in self.groups
            ],
            "fitting": self.fitting,
            "free": 0 if self.free is None else int(self.free.sum()),
            "not_fitting": [list(place) for place in self.misses],
            "products": [str(change) for change in self.products],
            "nearest": [
                {"key": n.cause.key, "text": n.cause.text, "reproduced": n.reproduced}
                for n in self.near
            ],
        }


def explain(
    bundle: Bundle, dumps: Dump | Sequence[Dump], *, operands: Operands | None = None
) -> Explanation:
    """Compare dumps of one layer with the reference, and search for the cause of the first that differs.

    dumps: in the order of the stages, as `read_dumps` gives them. A cause is reported only if it reproduces
    every known number, by ``==``. Raises what `compare` and `read_operands` raise.
    """
    several = (dumps,) if isinstance(dumps, Dump) else tuple(dumps)
    operands = operands or read_operands(bundle)
    comparisons = tuple(compare(bundle, dump, operands=operands) for dump in several)
    judged = next((found for found in comparisons if found.differ), None)
    if judged is None:
        return Explanation(comparisons)
    problem = Problem.of(bundle, operands, judged)
    found = search(problem)
    supported = tuple(fit for fit in found.fits if is_supported(problem, fit, found.tried))
    products = () if supported else changed_products(problem)
    fits = () if products else supported or found.fits
    if found.open_fits and not products:
        return _open(bundle, comparisons, judged, problem, found)
    return Explanation(
        comparisons,
        judged,
        problem,
        groups=tuple(tuple(group) for group in told_apart(bundle, problem, fits)),
        is_weak=bool(fits) and not supported,
        products=products,
        near=_near(problem, found) if not fits and not products else (),
    )


def _open(
    bundle: Bundle,
    comparisons: tuple[Comparison, ...],
    judged: Comparison,
    problem: Problem,
    found: Found,
) -> Explanation:
    """The explanation by causes that leave numbers open."""
    least = int(found.open_fits[0].is_free(problem).sum())
    fits = [one for one in found.open_fits if int(one.is_free(problem).sum()) == least]
    free = fits[0].is_free(problem) & problem.known
    missed = free & (predict(problem, fits[0].causes) != problem.target)
    return Explanation(
        comparisons,
        judged,
        problem,
        groups=tuple(tuple(group) for group in opens_told_apart(bundle, problem, fits)),
        free=free,
        missed=missed,
    )


def _near(problem: Problem, found: Found) -> tuple[Near, ...]:
    near = list[Near]()
    for cause, numbers in found.nearest:
        wrong = problem.known & (numbers != problem.target)
        place = tuple(int(i) for i in zip(*wrong.nonzero(), strict=True).__next__())
        near.append(
            Near(
                cause,
                int((problem.known & ~wrong).sum()),
                place,
                int(problem.target[place]),
                int(numbers[place]),
            )
        )
    return tuple(near)
