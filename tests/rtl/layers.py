"""Small layers with naive expected psums, written as bundles for the RTL."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.forgery import repair_hash
from tests.naive import convolve, wrap
from tilewright.cosim import Simulator, find_simulator
from tilewright.errors import ToolError
from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat
from tilewright.tile import TilePlan
from tilewright.vectors import Bundle, load_layout, write_bundle

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


@dataclass(frozen=True)
class Case:
    """One layer on one array."""

    shape: ConvShape
    array: ArrayShape
    act_bits: int = 4
    weight_bits: int = 4

    @property
    def fold_cycles(self) -> int:
        """T + 2C + R + 3, from docs/dataflows.md."""
        shape, array = self.shape, self.array
        words = (shape.ih + 2 * shape.padding[0]) * (shape.iw + 2 * shape.padding[1])
        return words + 2 * array.cols + array.rows + 3

    @property
    def folds(self) -> tuple[int, int, int]:
        """otile itile kij."""
        shape, array = self.shape, self.array
        return -(-shape.oc // array.cols), -(-shape.ic // array.rows), shape.kh * shape.kw


def random_tensors(case: Case, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Activations ``ic ih iw`` and weights ``oc ic kh kw`` over their whole ranges."""
    shape, random = case.shape, np.random.default_rng(seed)
    codes = random.integers(0, 1 << case.act_bits, (shape.ic, shape.ih, shape.iw))
    half = 1 << (case.weight_bits - 1)
    weight = random.integers(-half, half, (shape.oc, shape.ic, shape.kh, shape.kw))
    return codes, weight


def write_case(folder: Path, case: Case, codes: np.ndarray, weight: np.ndarray) -> Bundle:
    """Write the bundle; expected psums are naive, wrapped to the psum's width."""
    layer = IntegerLayer(
        name="conv",
        shape=case.shape,
        weight=weight.astype(np.int8),
        weight_format=NumberFormat(case.weight_bits, is_signed=True),
        act_format=NumberFormat(case.act_bits, is_signed=False),
        weight_scale=np.array([0.5]),
        act_scale=0.25,
    )
    return write_bundle(
        folder,
        layer=layer,
        plan=TilePlan(case.shape, case.array),
        layout=load_layout("ece284-ws"),
        codes=codes.astype(np.uint8),
        psums=wrap(convolve(weight, codes, case.shape), case.array.psum_bits),
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
