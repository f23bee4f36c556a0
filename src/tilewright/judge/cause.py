"""A cause: one mistake, as a change of one step of the exact computation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from tilewright.judge.problem import Problem
from tilewright.registry import Registry
from tilewright.spec import Ints, OutputFunction
from tilewright.verify import reference_outputs

STAGES = ("weight", "plane", "window", "sum", "value", "function", "output", "place")
"""The steps, in the order in which they are done.

weight: weights ``oc ic kh kw``. plane: codes ``ic nij``. window: ``kij pixel`` to nij, -1 for a code of 0.
sum: `Signal` to numbers ``group oc pixel``. value: numbers, before the output function. function: in its
place. output: after it. place: ``group oc onij`` index to where each number is taken from, -1 for 0.
"""
EARLY = STAGES[:4]


@dataclass(frozen=True, slots=True)
class Cause:
    """One mistake that a core, its bench or its files may have.

    key: short, stable and unique, with its parameters. text: a sentence for people. apply: of the problem
    and what the stage changes; what it returns takes its place. hint: where to look. is_everywhere: it
    needs all pixels at once. form: of a change of weights or codes: "scale" (each times a factor),
    "move" (each taken from another place, or 0), "map" (each a function of itself and its place); of sums:
    "finished" (of the finished sums of all pixels alone), "part" (of some channels, by their numbers); or ""
    for another one. columns: the only output
    channels that a late cause changes; empty for all.
    """

    key: str
    text: str
    stage: str
    apply: Callable[[Problem, Any], Any]
    hint: str = ""
    is_everywhere: bool = False
    form: str = ""
    columns: tuple[int, ...] = ()

    @property
    def order(self) -> int:
        """The place of its stage among `STAGES`."""
        return STAGES.index(self.stage)


Family = Callable[[Problem], Iterable[Cause]]

FAMILIES: Registry[Family] = Registry(
    "cause family",
    ours={
        name: f"tilewright.judge.families.{name}:causes"
        for name in (
            "nothing",
            "weights",
            "weight_masks",
            "codes",
            "depths",
            "windows",
            "sums",
            "values",
            "channels",
            "places",
            "unwritten",
            "folds",
            "stale",
            "streams",
            "elements",
        )
    },
)
"""Causes by family: a function from a problem to its causes; another package adds its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """The operands of a sum: weight ``oc ic kh kw``, plane ``ic nij``, window ``kij pixel`` to nij or -1.

    kept: what was computed of them once.
    """

    weight: Ints
    plane: Ints
    window: Ints
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> Any:
        """Codes as floats, ``ic kij pixel``: exact, as every sum of a layer is below 2**53."""
        if "columns" not in self.kept:
            plane = np.zeros((self.plane.shape[0], self.plane.shape[1] + 1))
            plane[:, :-1] = self.plane
            self.kept["columns"] = plane[:, self.window]
        return self.kept["columns"]

    @property
    def taps(self) -> Ints:
        """Sums of each tap over all input channels, ``kij oc pixel``."""
        oc, ic = self.weight.shape[:2]
        weight = self.weight.reshape(oc, ic, -1).transpose(2, 0, 1).astype(np.float64)
        sums: Ints = np.matmul(weight, self.columns.transpose(1, 0, 2)).astype(np.int64)
        return sums

    def tiles(self, lanes: int) -> Ints:
        """Sums of each input tile and tap, ``itile kij oc pixel``; not to be written to."""
        key = f"tiles of {lanes}"
        if key not in self.kept:
            parts = [
                Signal(
                    self.weight[:, at : at + lanes], self.plane[at : at + lanes], self.window
                ).taps
                for at in range(0, self.weight.shape[1], lanes)
            ]
            self.kept[key] = np.stack(parts)
        found: Ints = self.kept[key]
        return found

    def with_weight(self, weight: Ints) -> Signal:
        """The same codes and addresses, other weights."""
        return Signal(weight, self.plane, self.window, {"columns": self.columns})

    def numbers(self, problem: Problem) -> Ints:
        """The numbers of the problem's kind before its function, ``group oc pixel``."""
        if problem.kind == "tap_psum":
            return self.taps
        if problem.kind == "tile_psum":
            tiles = self.tiles(problem.array.lanes)
            return tiles.reshape(-1, *tiles.shape[2:])
        weight = self.weight.reshape(len(self.weight), -1).astype(np.float64)
        sums: Ints = (weight @ self.columns.reshape(weight.shape[1], -1)).astype(np.int64)
        return sums[None]


@lru_cache(maxsize=2)
def _right(problem: Problem) -> Signal:
    """The operands of a core without mistakes."""
    return Signal(problem.weight, problem.plane, problem.window)


def signal(problem: Problem, causes: Sequence[Cause] = ()) -> Signal:
    """The operands after the causes of the stages weight, plane and window."""
    weight, plane, window = problem.weight, problem.plane, problem.window
    if all(cause.order in (0, 3) for cause in causes):
        for cause in causes:
            weight = cause.apply(problem, weight) if cause.stage == "weight" else weight
        right = _right(problem)
        return right if weight is problem.weight else right.with_weight(weight)
    for cause in causes:
        if cause.stage == "weight":
            weight = cause.apply(problem, weight)
        elif cause.stage == "plane":
            plane = cause.apply(problem, plane)
        elif cause.stage == "window":
            window = cause.apply(problem, window)
    return Signal(weight, plane, window)


def early_numbers(problem: Problem, causes: Sequence[Cause]) -> Ints:
    """Numbers ``group oc pixel`` before the value stage, under the causes of the stages before it."""
    changed = signal(problem, causes)
    sums = [cause for cause in causes if cause.stage == "sum"]
    if not sums:
        return changed.numbers(problem)
    numbers: Ints = sums[0].apply(problem, changed)
    return numbers


def late_numbers(problem: Problem, numbers: Ints, causes: Sequence[Cause]) -> Ints:
    """The numbers ``.. group oc pixel`` that are put out, under the causes from the value stage on.

    Causes of the stage place need all pixels.
    """
    values = numbers
    for cause in causes:
        if cause.stage == "value":
            values = cause.apply(problem, values)
    functions = [cause for cause in causes if cause.stage == "function"]
    values = functions[0].apply(problem, values) if functions else put_out(problem, values)
    for cause in causes:
        if cause.stage == "output":
            values = cause.apply(problem, values)
    for cause in causes:
        if cause.stage == "place":
            values = taken(values, cause.apply(problem, None))
    return values


def put_out(problem: Problem, values: Ints) -> Ints:
    """The problem's function of values."""
    if problem.function == OutputFunction("signed"):
        return values
    return reference_outputs(values, problem.function, constants=problem.constants, axis=-2)


def taken(values: Ints, source: Ints) -> Ints:
    """Values ``.. group oc pixel`` at the flat indices `source`, ``group oc pixel``; 0 where it is -1."""
    flat = values.reshape(*values.shape[:-3], -1)
    found = np.where(source.reshape(-1) < 0, 0, flat[..., np.maximum(source.reshape(-1), 0)])
    return found.reshape(values.shape)


def predict(problem: Problem, causes: Sequence[Cause]) -> Ints:
    """The numbers ``group oc pixel`` that a core with these mistakes puts out; none: a right core."""
    ordered = sorted(causes, key=lambda cause: cause.order)
    return late_numbers(problem, early_numbers(problem, ordered), ordered)


def all_causes(problem: Problem) -> list[Cause]:
    """The causes of every family; of two with one key, the first."""
    found: dict[str, Cause] = {}
    for family in FAMILIES:
        for cause in family(problem):
            found.setdefault(cause.key, cause)
    return list(found.values())
