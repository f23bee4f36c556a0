"""What a network costs on every array of a grid, in closed form: nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

from tilewright.cost.core_modes import count_plans
from tilewright.cost.memories import words_needed
from tilewright.cost.outline import LayerOutline
from tilewright.cost.widths import psum_widths
from tilewright.errors import ConfigError, ShapeError
from tilewright.sim import layer_cycles, words_streamed
from tilewright.spec import ArrayShape, ConvShape, Schedule
from tilewright.spec.array_shape import MAX_LANES, MAX_PSUM_BITS, MIN_PSUM_BITS
from tilewright.tile import DATAFLOWS, Execution, Part, TilePlan

Columns = dict[str, npt.NDArray[np.generic]]
"""Column by name, a value for each point."""

MEMORIES = ("xmem", "wmem", "pmem")
SCHEDULES = ("serial", "overlapped")
JOBS = ("tile", "layer")
MOST_POINTS = 20_000_000


@dataclass(frozen=True, slots=True)
class HardwareAxes:
    """The values of each axis of a grid of arrays; every combination is a point.

    rows, cols: 1..256. mode: dataflows by name. schedule: "serial", or "overlapped", which skips pixels that
    no tap uses. job: what one start runs, "tile" or "layer". psum_bits: 4..48; 0 is what these weights need.
    xmem, wmem, pmem: words; 0 is what the network needs. Raises `ConfigError` for an empty axis, a value that
    is twice in one, or a grid of more than `MOST_POINTS`.
    """

    rows: tuple[int, ...] = (8,)
    cols: tuple[int, ...] = (8,)
    mode: tuple[str, ...] = ("ws",)
    schedule: tuple[str, ...] = ("serial",)
    job: tuple[str, ...] = ("tile",)
    psum_bits: tuple[int, ...] = (0,)
    xmem: tuple[int, ...] = (0,)
    wmem: tuple[int, ...] = (0,)
    pmem: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        for name, values in asdict(self).items():
            if not values or len(set(values)) != len(values):
                raise ConfigError(
                    f"axis {name} must have one value or more, each once, not {values}"
                )
        for name in ("rows", "cols"):
            _expect_range(name, getattr(self, name), 1, MAX_LANES)
        _expect_range(
            "psum_bits", [bits for bits in self.psum_bits if bits], MIN_PSUM_BITS, MAX_PSUM_BITS
        )
        for name in MEMORIES:
            _expect_range(name, getattr(self, name), 0, 1 << 40)
        for name, known in (
            ("mode", DATAFLOWS.names()),
            ("schedule", SCHEDULES),
            ("job", JOBS),
        ):
            for value in getattr(self, name):
                if value not in known:
                    raise ConfigError(f"axis {name} has {', '.join(known)}, not {value!r}")
        if self.points > MOST_POINTS:
            raise ConfigError(
                f"a grid has at most {MOST_POINTS:,} points, not {self.points:,}: give fewer values"
            )

    @property
    def points(self) -> int:
        """Combinations of all values."""
        return prod(len(values) for values in asdict(self).values())


AXES = tuple(field.name for field in fields(HardwareAxes))
FIGURES = ("pes", "cycles", "utilization", "efficiency", "memory_words", "memory_bits")
"""What is found of each point, beside its place."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Layers that cost the same: so many of one shape and width."""

    shape: ConvShape
    act_bits: int
    count: int


def hardware_points(
    outlines: Sequence[LayerOutline],
    axes: HardwareAxes,
    progress: Callable[[int], None] = lambda _: None,
) -> Columns:
    """Every point of `axes` for one sample: columns `AXES`, `FIGURES` and ``fits``.

    Cycles, utilization and words follow from rows, cols, mode, schedule and job, and are found once for each
    of these; psum width and depth of memories say only what fits. memory_words: of all three memories;
    memory_bits: their words times the width of a word. efficiency: needed multiply-accumulates over those of
    the array's peak. fits: psums and memories are wide and deep enough for every layer.

    Raises `ShapeError` if there is no layer.
    """
    if not outlines:
        raise ShapeError("a network needs at least one layer to cost anything, but has none")
    counts = Counter[tuple[ConvShape, int]]()
    for one in outlines:
        counts[one.shape, one.act_format.bits] += one.times
    kinds = [_Kind(shape, bits, count) for (shape, bits), count in counts.items()]
    macs = sum(one.times * one.shape.macs for one in outlines)
    arrays = list(product(axes.rows, axes.cols, axes.mode, axes.schedule, axes.job))
    found = np.empty((len(arrays), len(_OF_AN_ARRAY)), np.int64)
    for number, place in enumerate(arrays):
        found[number] = _array_figures(kinds, *place)
        if number % 2000 == 0:
            progress(number)
    weight_bits = max(one.weight_format.bits for one in outlines)
    return _combine(axes, arrays, found, macs, psum_bits_needed(outlines), weight_bits)


def psum_bits_needed(outlines: Iterable[LayerOutline]) -> int:
    """Bits that hold every partial sum of every layer, for any input; of its weights where they are known."""
    array = ArrayShape(1, 1, MAX_PSUM_BITS)
    return max(
        psum_widths(one, TilePlan(Part(one.shape, 0, 1).shape, array)).needed for one in outlines
    )


_OF_AN_ARRAY = ("cycles", "busy", "channels", "xmem", "wmem", "pmem", "xmem_word")
"""busy: cycles in which an activation word enters. channels: input channels in a PE, at the peak."""


def _array_figures(
    kinds: Sequence[_Kind], rows: int, cols: int, mode: str, schedule: str, job: str
) -> tuple[int, ...]:
    """`_OF_AN_ARRAY` of the network on one array."""
    array = ArrayShape(rows, cols, MAX_PSUM_BITS)
    is_overlapped = schedule == "overlapped"
    timing = Schedule(is_overlapped, is_overlapped, job == "layer")
    cycles = busy = word = 0
    words = dict.fromkeys(MEMORIES, 0)
    dataflow = DATAFLOWS.get(mode)
    planned = [
        (kind, plan, kind.count * times)
        for kind in kinds
        for plan, times in count_plans(kind.shape, array, dataflow.for_codes(kind.act_bits))
    ]
    for kind, plan, times in planned:
        execution = Execution(plan, timing)
        cycles += times * layer_cycles(execution)
        busy += times * plan.otiles * plan.folds_per_otile * words_streamed(execution)
        word = max(word, plan.lanes * kind.act_bits)
        for name, needed in words_needed(plan, is_whole_layer=timing.is_whole_layer).items():
            words[name] = max(words[name], needed)
    channels = DATAFLOWS.get(mode).channels_per_pe
    return cycles, busy, channels, *(words[name] for name in MEMORIES), word


def _combine(
    axes: HardwareAxes,
    arrays: Sequence[tuple[int, int, str, str, str]],
    found: npt.NDArray[np.int64],
    macs: int,
    needs: int,
    weight_bits: int,
) -> Columns:
    """Every array with every psum width and depth of memories."""
    rest = list(product(axes.psum_bits, axes.xmem, axes.wmem, axes.pmem))
    columns: Columns = {
        name: np.repeat(np.array(values), len(rest))
        for name, values in zip(AXES[:5], zip(*arrays, strict=True), strict=True)
    }
    of = dict(zip(_OF_AN_ARRAY, np.repeat(found, len(rest), axis=0).T, strict=True))
    given = dict(zip(AXES[5:], np.tile(np.array(rest), (len(arrays), 1)).T, strict=True))
    bits = np.where(given["psum_bits"] == 0, needs, given["psum_bits"])
    depth = {name: np.where(given[name] == 0, of[name], given[name]) for name in MEMORIES}
    rows, cols = columns["rows"].astype(np.int64), columns["cols"].astype(np.int64)
    width = {
        "xmem": of["xmem_word"],
        "wmem": np.maximum(rows, cols) * weight_bits,
        "pmem": cols * bits,
    }
    fits = bits >= needs
    for name in MEMORIES:
        fits = fits & (depth[name] >= of[name])
    return columns | {
        "psum_bits": bits,
        **depth,
        "pes": rows * cols,
        "cycles": of["cycles"],
        "utilization": of["busy"] / of["cycles"],
        "efficiency": macs / (of["cycles"] * rows * cols * of["channels"]),
        "memory_words": sum(depth[name] for name in MEMORIES),
        "memory_bits": sum(depth[name] * width[name] for name in MEMORIES),
        "fits": fits,
    }


def _expect_range(name: str, values: Sequence[int], least: int, most: int) -> None:
    for value in values:
        if type(value) is not int or not least <= value <= most:
            raise ConfigError(f"axis {name} has whole numbers of {least}..{most}, not {value!r}")
