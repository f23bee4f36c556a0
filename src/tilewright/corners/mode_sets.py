"""Vectors that drive a core in every mode, schedule and rule; the vectors of one layer drive only one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.cores import Setup
from tilewright.corners.vector_set import VectorSet
from tilewright.spec import (
    ArrayShape,
    ConvShape,
    IntegerLayer,
    NumberFormat,
    OutputFunction,
    PsumRule,
    Schedule,
)
from tilewright.tile import CORE_DATAFLOWS, WEIGHT_STATIONARY, Dataflow, Execution, TilePlan
from tilewright.tile.dataflow import core_wiring
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import (
    column_order,
    reference_limited_psums,
    reference_outputs,
    reference_psums,
    step_order,
)

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
class _Vectors:
    """The contents of the bundles of `LAYERS`; sets that differ only in how they are run share them."""

    name: str
    psum_bits: int = PSUM_BITS
    rule: PsumRule = field(default_factory=PsumRule)
    is_extreme: bool = False
    output: OutputFunction = field(default_factory=OutputFunction)


@dataclass(frozen=True, slots=True)
class _Set:
    name: str
    how: str
    setup: Setup = field(default_factory=Setup)
    dataflows: Sequence[Dataflow] = CORE_DATAFLOWS
    vectors: _Vectors = _Vectors("plain")


SETS = (
    *(
        _Set(dataflow.name, f"--set array.mode={dataflow.name}", dataflows=(dataflow,))
        for dataflow in reversed(CORE_DATAFLOWS)
        if dataflow != WEIGHT_STATIONARY  # which the layers themselves run in
    ),
    _Set("overlapped", "--set array.schedule=overlapped", Setup(FAST)),
    _Set("skipping", "serial folds that skip unused pixels", Setup(Schedule(False, True))),
    _Set("layer", "--set array.job=layer --set array.schedule=overlapped", Setup(WHOLE)),
    _Set("whole", "--set array.job=layer", Setup(Schedule(is_whole_layer=True))),
    _Set("stalls", "random stalls (--set cosim.stall_level=...)", Setup(WHOLE, stall_level=90)),
    _Set("stalled", "the same, tile by tile", Setup(stall_level=200, stall_seed=7)),
    _Set("reset", "a reset in mid-run (--set cosim.reset_at=...)", Setup(WHOLE, reset_at=33)),
    _Set(
        "leaky",
        "a layout with leaky outputs",
        vectors=_Vectors("leaky", output=OutputFunction("leaky", 3)),
    ),
    _Set(
        "signed",
        "a layout with signed outputs",
        vectors=_Vectors("signed", output=OutputFunction("signed")),
    ),
)
"""Sets whose psums all fit."""

RULES = tuple(
    _Set(name, how, Setup(WHOLE, vectors.rule), vectors=vectors)
    for name, how, vectors in (
        (
            "wrap",
            "--set array.overflow=wrap, on psums that do not fit",
            _Vectors("wrap", 9, PsumRule("wrap", 7)),
        ),
        (
            "saturate",
            "--set array.overflow=saturate, on psums that do not fit",
            _Vectors("saturate", 9, PsumRule("saturate", 7)),
        ),
        (
            "clipped",
            "the same with sums wider than a product, on the largest weights",
            _Vectors("clipped", 11, PsumRule("saturate", 10), is_extreme=True),
        ),
    )
)
"""Sets with psums that do not fit."""


def mode_sets(folder: Path, *, seed: int, has_rules: bool = True) -> list[VectorSet]:
    """Small random layers for every mode, written to `folder`.

    Psums are the naive reference's. has_rules: add sets with psums that do not fit, which are summed in the
    array's order: where sums saturate they depend on it.
    """
    rng = np.random.default_rng(seed)
    written: dict[Path, Path] = {}
    found = []
    for one in (*SETS, *RULES) if has_rules else SETS:
        folders = []
        for number, (shape, rows, cols) in enumerate(LAYERS):
            array = ArrayShape(rows, cols, one.vectors.psum_bits)
            for dataflow in one.dataflows:
                place = folder / one.vectors.name / f"{dataflow.name}{number}"
                if place not in written:
                    plan = TilePlan(shape, array, dataflow)
                    written[place] = _write(one.vectors, plan, place, rng)
                folders.append(written[place])
        found.append(VectorSet(one.name, one.how, tuple(folders), one.setup, needs_modes=True))
    return found


def _write(vectors: _Vectors, plan: TilePlan, folder: Path, rng: np.random.Generator) -> Path:
    """A bundle of random codes, 4 bits wide or two of 2 bits in a PE, and 4-bit weights."""
    shape, dataflow = plan.shape, plan.dataflow
    bits = 4 // dataflow.channels_per_pe
    weight = rng.integers(-8, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    if vectors.is_extreme:
        weight[::2], weight[1::2] = -8, 7
    layer = IntegerLayer(
        name=vectors.name,
        shape=shape,
        weight=weight,
        weight_format=NumberFormat(4, is_signed=True),
        act_format=NumberFormat(bits, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    codes = rng.integers(0, 1 << bits, (shape.ic, shape.ih, shape.iw), np.uint8)
    if vectors.rule.overflow == "error":
        psums = reference_psums(codes[None], layer)[0]
    else:
        psums = _limited_psums(layer, codes, Execution(plan, rule=vectors.rule))
    layout = load_layout(dataflow.layout).with_output(vectors.output)
    bundle = write_bundle(
        folder,
        layer=layer,
        plan=plan,
        layout=layout,
        codes=codes,
        psums=psums,
        outputs=reference_outputs(psums, layout.output),
        sample=0,
    )
    return bundle.folder


def _limited_psums(
    layer: IntegerLayer, codes: npt.NDArray[np.uint8], execution: Execution
) -> npt.NDArray[np.int64]:
    """Psums ``oc oh ow`` that do not fit, as the naive reference adds them up in the order of the array."""
    plan, rule = execution.plan, execution.rule
    per_pe = plan.dataflow.channels_per_pe
    is_in_one_pe = core_wiring(plan.dataflow).psums_stay
    limited = reference_limited_psums(
        codes[None],
        layer,
        step_order(layer.shape)
        if is_in_one_pe
        else column_order(layer.shape, lanes=plan.lanes, channels_per_pe=per_pe),
        overflow=rule.overflow,
        pe_bits=rule.column_bits or plan.array.psum_bits,
        psum_bits=plan.array.psum_bits,
    )
    psums: npt.NDArray[np.int64] = limited[0]
    return psums
