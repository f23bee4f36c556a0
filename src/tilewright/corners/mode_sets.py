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
from tilewright.tile import (
    CORE_DATAFLOWS,
    OUTPUT_STATIONARY,
    WEIGHT_STATIONARY,
    Dataflow,
    Execution,
    TilePlan,
)
from tilewright.tile.dataflow import core_wiring
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import (
    column_order,
    reference_limited_psums,
    reference_outputs,
    reference_psums,
    step_order,
)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer, and the array that it runs on; name: of its bundles, after that of the dataflow."""

    name: str
    shape: ConvShape
    rows: int
    cols: int


LAYERS = (
    _Layer("0", ConvShape(6, 4, 5, 5, 3, 2, padding=(1, 1)), 3, 2),
    _Layer("1", ConvShape(9, 6, 4, 4, 2, 3, stride=(2, 3), padding=(0, 2)), 4, 3),
    _Layer("2", ConvShape(2, 3, 3, 1, 1, 1), 3, 2),
    _Layer("3", ConvShape(20, 1, 1, 3, 1, 1), 3, 2),
)
"""Tails in all tiles of both kinds; strides both ways, one of them above two, unequal padding and an even
number of rows; a single tap and a single output channel; and a single pixel, whose folds are over before the
weights of the next one are there, and all meet at one address."""

POINT = LAYERS[3]
TALL = _Layer("tall", ConvShape(1, 12, 8, 1, 1, 1), 8, 2)
"""Short passes whose vectors fill OFIFO as soon as nobody takes them."""
WIDE = _Layer("wide", ConvShape(3, 2, 2, 18, 1, 1), 2, 17)
"""More columns than any other array: the weight words of a fold need six bits to be counted."""
SINGLE = _Layer("single", ConvShape(3, 2, 3, 2, 2, 1), 2, 1)
"""A single column: counters of columns have no bit to spare."""

LARGE = (
    _Layer("plane", ConvShape(1, 70, 118, 1, 1, 1, stride=(23, 65)), 3, 2),
    _Layer("column", ConvShape(1, 130, 1, 1, 65, 1), 3, 2),
    _Layer("row", ConvShape(1, 1, 130, 1, 1, 65), 3, 2),
)
"""Sizes, taps, strides and lines beyond 64, and words beyond the 8,192nd of XMEM; few pixels where those
without an ofmap pixel are skipped."""
LONG = _Layer("long", ConvShape(1, 1, 70, 1, 1, 2), 3, 2)
"""Positions and hits beyond 64 on an axis that goes on after its last hit."""
DEEP = (
    _Layer("steps", ConvShape(1030, 1, 1, 16, 1, 1), 3, 2),
    _Layer("pixels", ConvShape(1, 32, 32, 1, 1, 1), 3, 2),
    _Layer("channels", ConvShape(1, 1, 1, 131, 1, 1), 3, 2),
)
"""Output stationary: words beyond the 8,192nd of WMEM, all of PMEM with rows beyond its end, and output tiles
beyond 64."""

PSUM_BITS = 16

FAST = Schedule(is_overlapped=True, is_skipping=True)
WHOLE = replace(FAST, is_whole_layer=True)


@dataclass(frozen=True, slots=True)
class Vectors:
    """What bundles hold; sets that differ only in how they are run share them."""

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
    vectors: Vectors = Vectors("plain")
    layers: Sequence[_Layer] = LAYERS


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
    _Set("stalled", "the same, tile by tile", Setup(stall_level=150, stall_seed=7)),
    _Set("reset", "a reset in mid-run (--set cosim.reset_at=...)", Setup(WHOLE, reset_at=33)),
    _Set(
        "crowded",
        "short folds under stalls: vectors wait for one another",
        Setup(FAST, stall_level=160, stall_seed=5),
        layers=(POINT, TALL),
    ),
    _Set("wide", "an array of many columns", Setup(FAST), layers=(WIDE,)),
    _Set(
        "large",
        "--set array.schedule=overlapped, on large planes",
        Setup(WHOLE),
        dataflows=(WEIGHT_STATIONARY,),
        layers=LARGE,
    ),
    _Set("long", "a long axis", dataflows=(WEIGHT_STATIONARY,), layers=(LONG,)),
    _Set(
        "deep",
        "--set array.mode=os --set array.job=layer, on deep layers",
        Setup(WHOLE),
        dataflows=(OUTPUT_STATIONARY,),
        layers=DEEP,
    ),
    _Set(
        "leaky",
        "a layout with leaky outputs",
        dataflows=(WEIGHT_STATIONARY,),
        vectors=Vectors("leaky", output=OutputFunction("leaky", 3)),
    ),
    _Set(
        "far leaky",
        "a layout with leaky outputs, shifted as far as a number reaches",
        dataflows=(WEIGHT_STATIONARY,),
        vectors=Vectors("far-leaky", output=OutputFunction("leaky", 16)),
        layers=LAYERS[:1],
    ),
    _Set(
        "signed",
        "a layout with signed outputs",
        dataflows=(WEIGHT_STATIONARY,),
        vectors=Vectors("signed", output=OutputFunction("signed")),
    ),
    _Set("single", "--set array.cols=1", Setup(FAST), layers=(SINGLE,)),
)
"""Sets whose psums all fit."""

RULES = tuple(
    _Set(name, how, Setup(WHOLE, vectors.rule), vectors=vectors)
    for name, how, vectors in (
        (
            "wrap",
            "--set array.overflow=wrap, on psums that do not fit",
            Vectors("wrap", 9, PsumRule("wrap", 7)),
        ),
        (
            "saturate",
            "--set array.overflow=saturate, on psums that do not fit",
            Vectors("saturate", 9, PsumRule("saturate", 7)),
        ),
        (
            "clipped",
            "the same with sums wider than a product, on the largest weights",
            Vectors("clipped", 11, PsumRule("saturate", 10), is_extreme=True),
        ),
        (
            "tight",
            "the same with sums in the columns wider than PMEM (--set array.column_bits=...)",
            Vectors("tight", 8, PsumRule("saturate", 12), is_extreme=True),
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
        for layer in one.layers:
            array = ArrayShape(layer.rows, layer.cols, one.vectors.psum_bits)
            for dataflow in one.dataflows:
                place = folder / one.vectors.name / f"{dataflow.name}{layer.name}"
                if place not in written:
                    plan = TilePlan(layer.shape, array, dataflow)
                    written[place] = _write(one.vectors, plan, place, rng)
                folders.append(written[place])
        found.append(VectorSet(one.name, one.how, tuple(folders), one.setup, needs_modes=True))
    return found


def _write(vectors: Vectors, plan: TilePlan, folder: Path, rng: np.random.Generator) -> Path:
    """A bundle of random codes, 4 bits wide or two of 2 bits in a PE, and 4-bit weights."""
    shape = plan.shape
    weight = rng.integers(-8, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    if vectors.is_extreme:
        weight[::2], weight[1::2] = -8, 7
    high = 1 << 4 // plan.dataflow.channels_per_pe
    codes = rng.integers(0, high, (shape.ic, shape.ih, shape.iw), np.uint8)
    return write_layer(vectors, plan, folder, weight=weight, codes=codes)


def write_layer(
    vectors: Vectors,
    plan: TilePlan,
    folder: Path,
    *,
    weight: npt.NDArray[np.int8],
    codes: npt.NDArray[np.uint8],
) -> Path:
    """A bundle of these codes ``ic ih iw``, 4 bits wide or two of 2 bits in a PE, and 4-bit weights."""
    shape, dataflow = plan.shape, plan.dataflow
    bits = 4 // dataflow.channels_per_pe
    layer = IntegerLayer(
        name=vectors.name,
        shape=shape,
        weight=weight,
        weight_format=NumberFormat(4, is_signed=True),
        act_format=NumberFormat(bits, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
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
