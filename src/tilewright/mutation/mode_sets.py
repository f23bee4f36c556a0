"""Vectors that drive our core in every mode, schedule and rule, which one bundle never does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tilewright.cosim import Setup
from tilewright.mutation.vector_sets import VectorSet
from tilewright.sim import simulate
from tilewright.spec import (
    ArrayShape,
    ConvShape,
    IntegerLayer,
    Mode,
    NumberFormat,
    OutputFunction,
    PsumRule,
    Schedule,
)
from tilewright.tile import TilePlan, plan_mode, plan_words
from tilewright.vectors import CORE_LAYOUTS, load_layout, write_bundle

LAYERS = (
    (ConvShape(6, 4, 5, 5, 3, 2, padding=(1, 1)), 3, 2),
    (ConvShape(9, 6, 4, 4, 2, 3, stride=(2, 1), padding=(0, 2)), 4, 3),
    (ConvShape(2, 3, 3, 1, 1, 1), 3, 2),
)
"""Layers, rows and cols: tails in all tiles of both kinds; a stride, unequal padding and an even number of
rows; a single tap and a single output channel."""

PSUM_BITS = 16

FAST = Schedule(is_overlapped=True, is_skipping=True)
WHOLE = replace(FAST, is_whole_layer=True)


@dataclass(frozen=True, slots=True)
class _Set:
    name: str
    how: str
    modes: Sequence[Mode] = tuple(CORE_LAYOUTS)
    setup: Setup = field(default_factory=Setup)
    psum_bits: int = PSUM_BITS
    is_extreme: bool = False
    output: OutputFunction = field(default_factory=OutputFunction)


SETS = (
    _Set("os", "--set array.mode=os", ("os",)),
    _Set("simd", "--set array.mode=simd", ("simd",)),
    _Set("overlapped", "--set array.schedule=overlapped", setup=Setup(FAST)),
    _Set("skipping", "serial folds that skip unused pixels", setup=Setup(Schedule(False, True))),
    _Set(
        "layer",
        "--set array.job=layer --set array.schedule=overlapped",
        setup=Setup(schedule=WHOLE),
    ),
    _Set("whole", "--set array.job=layer", setup=Setup(Schedule(is_whole_layer=True))),
    _Set(
        "stalls", "random stalls (--set cosim.stall_level=...)", setup=Setup(WHOLE, stall_level=90)
    ),
    _Set("stalled", "the same, tile by tile", setup=Setup(stall_level=200, stall_seed=7)),
    _Set("reset", "a reset in mid-run (--set cosim.reset_at=...)", setup=Setup(WHOLE, reset_at=33)),
    _Set(
        "wrap",
        "--set array.overflow=wrap, on psums that do not fit",
        setup=Setup(WHOLE, PsumRule("wrap", 7)),
        psum_bits=9,
    ),
    _Set(
        "saturate",
        "--set array.overflow=saturate, on psums that do not fit",
        setup=Setup(WHOLE, PsumRule("saturate", 7)),
        psum_bits=9,
    ),
    _Set(
        "clipped",
        "the same with sums wider than a product, on the largest weights",
        setup=Setup(WHOLE, PsumRule("saturate", 10)),
        psum_bits=11,
        is_extreme=True,
    ),
    _Set("leaky", "a layout with leaky outputs", output=OutputFunction("leaky", 3)),
    _Set("signed", "a layout with signed outputs", output=OutputFunction("signed")),
)


def mode_sets(folder: Path, *, seed: int) -> list[VectorSet]:
    """Small random layers for every mode, written to `folder`.

    Psums are the model's, which the tests hold against the naive reference: where sums saturate they depend
    on the array's order.
    """
    rng = np.random.default_rng(seed)
    return [
        VectorSet(
            one.name,
            one.how,
            tuple(
                _write(
                    one,
                    mode,
                    shape,
                    ArrayShape(rows, cols, one.psum_bits),
                    folder / one.name / f"{mode}{number}",
                    rng,
                )
                for number, (shape, rows, cols) in enumerate(LAYERS)
                for mode in one.modes
            ),
            one.setup,
        )
        for one in SETS
    ]


def _write(
    one: _Set,
    mode: Mode,
    shape: ConvShape,
    array: ArrayShape,
    folder: Path,
    rng: np.random.Generator,
) -> Path:
    """A bundle of random codes, 4 bits wide or two of 2 bits in a PE, and 4-bit weights."""
    bits = 2 if mode == "simd" else 4
    weight = rng.integers(-8, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    if one.is_extreme:
        weight[::2], weight[1::2] = -8, 7
    layer = IntegerLayer(
        name=one.name,
        shape=shape,
        weight=weight,
        weight_format=NumberFormat(4, is_signed=True),
        act_format=NumberFormat(bits, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    codes = rng.integers(0, 1 << bits, (shape.ic, shape.ih, shape.iw), np.uint8)
    plan = plan_mode(shape, array, mode, bits)
    result = simulate(plan, *plan_words(plan, weight, codes), rule=one.setup.rule)
    by_channel = result.psums.transpose(0, 2, 1).reshape(-1, shape.onij)  # otile col onij
    bundle = write_bundle(
        folder,
        layer=layer,
        plan=TilePlan(shape, array),
        layout=load_layout(CORE_LAYOUTS[mode]).with_output(one.output),
        codes=codes,
        psums=by_channel[: shape.oc].reshape(shape.oc, shape.oh, shape.ow),
        sample=0,
    )
    return bundle.folder
