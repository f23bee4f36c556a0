"""Small layers with naive expected psums, written as bundles for the RTL."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.forgery import repair_hash
from tests.naive import convolve, wrap
from tilewright.cores import Setup, Simulator, find_simulator
from tilewright.errors import ToolError
from tilewright.spec import (
    ArrayShape,
    ConvShape,
    IntegerLayer,
    NumberFormat,
    OutputFunction,
    PsumRule,
    Schedule,
)
from tilewright.tile import DATAFLOWS, TilePlan
from tilewright.vectors import Bundle, load_layout, write_bundle
from tilewright.verify import reference_outputs

Edit = Callable[[list[str]], list[str]]
"""Lines of a file, with their ends, to other lines."""


def require_simulator(name: str) -> Simulator:
    """The simulator, or a skip; a failure where TILEWRIGHT_REQUIRE_RTL is 1."""
    try:
        return find_simulator(name)
    except ToolError as error:
        if os.environ.get("TILEWRIGHT_REQUIRE_RTL") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


WRAP = PsumRule("wrap")


@dataclass(frozen=True)
class Case:
    """One layer on one array, in mode "ws", "simd" (two channels in each PE) or "os".

    Psums wrap unless a test says otherwise: any width is welcome.
    """

    shape: ConvShape
    array: ArrayShape
    act_bits: int = 4
    weight_bits: int = 4
    mode: str = "ws"
    schedule: Schedule = field(default_factory=Schedule)
    output: OutputFunction = field(default_factory=OutputFunction)
    is_signed: bool = False  # the activations
    is_packed: bool = False  # one file a kind, of octets

    @property
    def act_format(self) -> NumberFormat:
        """Of the activations."""
        return NumberFormat(self.act_bits, self.is_signed)

    @property
    def setup(self) -> Setup:
        """How the bundle of this case runs."""
        return Setup(schedule=self.schedule, rule=WRAP)

    @property
    def streamed(self) -> int:
        """Activation words of a fold: T or S."""
        shape = self.shape
        if self.mode == "os":
            return shape.ic * shape.kh * shape.kw
        if self.schedule.is_skipping:
            return shape.oh * shape.ow
        bottom, right = shape.padding_after or shape.padding
        return (shape.ih + shape.padding[0] + bottom) * (shape.iw + shape.padding[1] + right)

    @property
    def fold_cycles(self) -> int:
        """Of a job's first fold, from docs/dataflows.md."""
        rows, cols = self.array.rows, self.array.cols
        if self.mode == "os":
            return self.streamed + 2 * rows + cols + 2
        load = 2 * cols if self.mode == "simd" else cols
        return self.streamed + load + rows + cols + 3

    @property
    def next_fold_cycles(self) -> int:
        """Of each further fold, from docs/dataflows.md."""
        rows, cols = self.array.rows, self.array.cols
        if not self.schedule.is_overlapped:
            return self.fold_cycles
        if self.mode == "os":
            return self.streamed + rows + cols + 1
        return max(self.streamed, 3 * cols if self.mode == "simd" else 2 * cols)

    @property
    def folds(self) -> tuple[int, int, int]:
        """otile itile kij."""
        shape, array = self.shape, self.array
        otiles = -(-shape.oc // array.cols)
        if self.mode == "os":
            return otiles, -(-shape.oh * shape.ow // array.rows), 1
        lanes = 2 * array.rows if self.mode == "simd" else array.rows
        return otiles, -(-shape.ic // lanes), shape.kh * shape.kw


def random_tensors(case: Case, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Activations ``ic ih iw`` and weights ``oc ic kh kw`` over their whole ranges."""
    shape, random = case.shape, np.random.default_rng(seed)
    lowest = case.act_format.min_code
    sizes = (shape.ic, shape.ih, shape.iw)
    codes = random.integers(lowest, lowest + (1 << case.act_bits), sizes)
    half = 1 << (case.weight_bits - 1)
    weight = random.integers(-half, half, (shape.oc, shape.ic, shape.kh, shape.kw))
    return codes, weight


def write_case(
    folder: Path,
    case: Case,
    codes: np.ndarray,
    weight: np.ndarray,
    psums: np.ndarray | None = None,
) -> Bundle:
    """Write the bundle; expected psums are naive, wrapped to the psum's width."""
    if psums is None:
        psums = wrap(convolve(weight, codes, case.shape), case.array.psum_bits)
    layer = IntegerLayer(
        name="conv",
        shape=case.shape,
        weight=weight.astype(np.int8),
        weight_format=NumberFormat(case.weight_bits, is_signed=True),
        act_format=case.act_format,
        weight_scale=np.array([0.5]),
        act_scale=0.25,
    )
    layout = load_layout(DATAFLOWS.get(case.mode).layout).with_output(case.output)
    return write_bundle(
        folder,
        layer=layer,
        plan=TilePlan(case.shape, case.array),
        layout=layout.packed() if case.is_packed else layout,
        codes=codes.astype(case.act_format.dtype),
        psums=psums,
        outputs=reference_outputs(psums, case.output),
        sample=7,
    )


def edit_file(folder: Path, file: str, edit: Edit) -> None:
    """Edit the lines of one file of a bundle, and make its hash right again."""
    lines = (folder / file).read_text().splitlines(keepends=True)
    (folder / file).write_text("".join(edit(lines)))
    repair_hash(folder, file)


def write_random(folder: Path, case: Case, seed: int = 0) -> Bundle:
    """Write a bundle of random tensors."""
    return write_case(folder, case, *random_tensors(case, seed))
