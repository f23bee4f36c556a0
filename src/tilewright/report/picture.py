"""What the report draws: numbers of a run that are too many for its facts, found again from its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import ConvShape, Ints


@dataclass(frozen=True, slots=True)
class CodeCounts:
    """How often each code occurs, from the code `low` on."""

    low: int
    counts: tuple[int, ...]

    @classmethod
    def of(cls, codes: npt.NDArray[np.int8 | np.uint8], low: int, high: int) -> CodeCounts:
        """Of codes that lie in low..high."""
        counts = np.bincount((codes.reshape(-1).astype(np.int16) - low), minlength=high - low + 1)
        return cls(low, tuple(counts.tolist()))

    @property
    def zero_share(self) -> float:
        """Share of codes that are 0; 0.0 where there are none."""
        zeros = self.counts[-self.low] if 0 <= -self.low < len(self.counts) else 0
        return zeros / max(1, sum(self.counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePicture:
    """A node of the network. feeds: names of the nodes whose sums it reads; empty: the network's input.

    what: the operation, for people. bits: of weights (None: it has none) and activations. shape:
    channels, rows and columns of its sums.
    """

    name: str
    what: str
    shape: tuple[int, int, int]
    weight_bits: int | None
    act_bits: int
    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a memory that the core reads and writes, for one sample, and the bits of a word."""

    reads: int
    writes: int
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPicture:
    """A layer on the array. acts: of all samples of the stimulus.

    thresholds: for each code above the lowest the least, the median and the greatest psum among channels
    that reach it at all. grid: folds along ``otile itile kij``. lanes: codes of an activation word. cycles:
    of one sample by phase; they add up. words: by memory.
    """

    name: str
    shape: ConvShape
    weights: CodeCounts
    acts: CodeCounts
    thresholds: tuple[tuple[int, int, int], ...]
    grid: tuple[int, int, int]
    lanes: int
    cycles: Mapping[str, int]
    words: Mapping[str, Words]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Planes:
    """Codes ``c h w`` that a node reads, which it could (least..most), and of how many channels these are."""

    node: str
    codes: Ints
    least: int
    most: int
    channels: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SamplePicture:
    """A sample and what the network makes of it. label: its class, None where nobody labeled it.

    scores: the network's output, one number for each class. path: what each node reads; only of the sample
    that is followed through the network.
    """

    sample: int
    image: Planes
    scores: tuple[float, ...]
    predicted: int
    label: int | None = None
    path: tuple[Planes, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Motion:
    """The array's registers after each cycle: fields as in `tilewright.sim.ArrayTrace`.

    title: of the dataflow. rows, cols: of the whole array, of which the first may be shown alone. grid: as
    in `LayerPicture`. total: busy cycles of the layer.
    """

    title: str
    layer: str
    sample: int
    rows: int
    cols: int
    grid: tuple[int, int, int]
    total: int
    psums_stay: bool
    acts: Ints
    weights: Ints
    shadows: Ints | None
    psums: Ints
    valid: npt.NDArray[np.bool_]
    words: Ints
    folds: Ints
    reads: Ints
    pixels: Ints
    vectors: Ints


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Picture:
    """All of it. choke: the layer that fits the array as one tile, if there is one.

    classes: their names, by index; empty where nobody named them.
    """

    nodes: tuple[NodePicture, ...] = ()
    choke: str | None = None
    layers: tuple[LayerPicture, ...] = ()
    samples: tuple[SamplePicture, ...] = ()
    classes: tuple[str, ...] = ()
    motions: tuple[Motion, ...] = ()

    def layer(self, name: str) -> LayerPicture | None:
        """The layer of that name, if there is a picture of it."""
        return next((layer for layer in self.layers if layer.name == name), None)
