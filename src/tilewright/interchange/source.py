"""Compute a foreign file's own outputs, to compare them with the imported integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from tilewright.errors import ShapeError
from tilewright.interchange.grid import Grid
from tilewright.interchange.values import Affine
from tilewright.interchange.witness import Tensors, run_file
from tilewright.spec import (
    Codes,
    IntArray,
    IntegerNetwork,
    Ints,
    Node,
    Plane,
    Requantization,
    ResidualAdd,
    Stimulus,
    operand_shape,
    port_name,
)
from tilewright.spec.step_search import Steps

CARRIED = 8
"""float32 carries a sum if this many of its own steps, at the value, are no more than one of the sum."""


@dataclass(frozen=True, slots=True)
class SourceCodes:
    """The tensor of the file with the input codes of a port, less `zero_point`, times `scale`, which may be
    one for each channel.

    last: the plane that the file has flattened with its channels last. places: where each code stands in the
    tensor, or `ZERO`, if the network has them in other places than the file, or the tensor has others too;
    fill: the code that `ZERO` stands for.
    """

    tensor: str
    scale: float | npt.NDArray[np.float64]
    zero_point: int = 0
    last: Plane | None = None
    places: npt.NDArray[np.int32] | None = None
    fill: int = 0

    def moved(self, codes: Ints) -> Ints:
        """Codes of the tensor, by sample, as the network has them."""
        flat = codes.reshape(len(codes), -1)
        if self.places is None:
            return flat
        with_fill = np.concatenate([flat, np.full((len(flat), 1), self.fill, flat.dtype)], axis=1)
        return with_fill[:, self.places]  # `ZERO` is the last


@dataclass(frozen=True, slots=True)
class SourceParts:
    """Codes of several inputs one behind the other, each with the lowest, from which they count."""

    parts: tuple[tuple[SourceCodes, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class SourceSums:
    """The tensor of the file with a node's real output, which `real` makes of its sums.

    places: where the number of each sum stands in the tensor, if not in its own place.
    """

    tensor: str
    real: Affine
    places: npt.NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class InputGrid:
    """How the file quantizes its input: ``real`` of the input, then codes of a format times a scale.

    Where the file scales by channel, `real` is the mean: it serves to draw inputs, and nothing else.
    """

    grid: Grid
    real: Affine

    def inputs(self, codes: Ints) -> npt.NDArray[np.float32]:
        """Inputs of the file that its quantizer makes about these codes of."""
        values = (codes - self.grid.zero_point) * self.grid.scale
        return ((values - self.real.offset) / self.real.gain).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class SourceInput:
    """An input of the file. sizes: without the samples; kind: the type of its numbers; is_code: these are
    codes, not values. grid: how it is quantized, None where nothing reads it.
    """

    name: str
    sizes: tuple[int, ...]
    kind: str
    is_code: bool
    grid: InputGrid | None

    def draw(self, count: int, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Random inputs, whose codes are spread over their format."""
        dtype = helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(self.kind.upper()))
        shape = (count, *self.sizes)
        if self.grid is None:
            return np.zeros(shape, dtype)
        codes = self.grid.grid.number_format
        wanted = rng.integers(codes.min_code, codes.max_code, shape, endpoint=True)
        if self.is_code:
            return wanted.astype(codes.dtype)
        inputs = self.grid.inputs(wanted)
        if dtype.kind in "iu":
            inputs = np.rint(inputs).clip(np.iinfo(dtype).min, np.iinfo(dtype).max)
        return inputs.astype(dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A network that was read from `path`, and where the file has its tensors.

    codes by port and sums by node, where the file has them, steps by the port that they lead to. inputs: of
    the file; batch: how many samples at a time, 0 for any number. notes: what of the file is not in the
    integers. engine: who computes the file's own answers. last: the tensors of planes with channels last.
    """

    path: Path
    network: IntegerNetwork
    codes: dict[str, SourceCodes | SourceParts]
    sums: dict[str, SourceSums]
    steps: dict[str, Steps]
    inputs: tuple[SourceInput, ...]
    batch: int
    notes: tuple[str, ...]
    engine: str = "qonnx"
    last: frozenset[str] = frozenset()

    @property
    def doubtful(self) -> int:
        """Thresholds that the source's rounding leaves open."""
        return sum(int(steps.is_doubtful.sum()) for steps in self.steps.values())

    def count_doubtful(self, stimulus: Stimulus) -> int:
        """Codes of a stimulus, before pooling, whose sums lie beside such a threshold."""
        return sum(
            self.steps[link.port].count_doubtful(stimulus.psums[node.name])
            for node in self.network.nodes
            for link in node.requantizations
        )

    def unresolved_sums(
        self, node: Node, sums: Ints, operands: Sequence[IntArray] = ()
    ) -> npt.NDArray[np.bool_]:
        """Which of a node's sums ``n c h w`` the file's float32 values cannot carry; operands: their codes.

        A channel with a tiny scale and a normal bias is such: the bias alone fills the value's digits. So do
        the terms of a sum or a difference, of which little may be left.
        """
        real = self.sums[node.name].real
        gain, offset = np.abs(real.gain.reshape(-1, 1, 1)), real.offset.reshape(-1, 1, 1)
        value = np.maximum(np.abs(sums * real.gain.reshape(-1, 1, 1) + offset), np.abs(offset))
        if isinstance(node, ResidualAdd):
            for term, codes in zip(node.gains, operands, strict=False):
                value = np.maximum(value, np.abs(term * codes.astype(np.int64)) * gain)
        is_lost: npt.NDArray[np.bool_] = CARRIED * np.spacing(value.astype(np.float32)) > gain
        return is_lost

    def unresolved_codes(self, link: Requantization, sums: Ints) -> npt.NDArray[np.bool_]:
        """Which of a node's sums ``n c h w`` lie where the file's rounding decides the code of a reader."""
        return self.steps[link.port].beside_doubtful(sums)

    def run_source(self, count: int, *, seed: int = 0) -> tuple[Stimulus, float]:
        """Codes and sums that the file's own engine computes with it, for random input codes.

        Also the largest distance of one of its values from a whole code or sum. Codes are there for the ports
        in `codes`, sums for the nodes in `sums`. Raises `ShapeError` if `count` is no multiple of the file's
        batch.
        """
        if self.batch and count % self.batch:
            wanted_count = -(-count // self.batch) * self.batch
            raise ShapeError(
                f"{self.path} takes {self.batch} images at a time, so {count} do not fit: give --samples "
                f"{wanted_count}"
            )
        rng = np.random.default_rng(seed)
        return self.run_inputs({one.name: one.draw(count, rng) for one in self.inputs})

    def run_inputs(self, inputs: Tensors) -> tuple[Stimulus, float]:
        """As `run_source`, for these inputs of the file, by name."""
        count = len(next(iter(inputs.values())))
        tensors = {part.tensor for place in self.codes.values() for part in _parts_of(place)}
        tensors |= {place.tensor for place in self.sums.values()}
        found = run_file(self.path, inputs, engine=self.engine, tensors=tuple(tensors))
        codes: dict[str, Codes] = {}
        psums: dict[str, Ints] = {}
        farthest = [0.0]
        for node in self.network.nodes:
            for operand in range(node.operands):
                port = port_name(node.name, operand)
                if port not in self.codes:
                    continue
                moved, distance = self._codes_at(self.codes[port], found)
                moved = moved.reshape(count, *operand_shape(node, operand))
                codes[port] = moved.astype(node.act_format.dtype)
                farthest.append(distance)
            if node.name in self.sums:
                real = self.sums[node.name].real
                place = self.sums[node.name]
                tensor = self._channels_first(place.tensor, found, None)
                if place.places is not None:
                    tensor = tensor.reshape(count, -1)[:, place.places]
                values = tensor.reshape(count, *node.output_shape)
                steps = (values - real.offset.reshape(-1, 1, 1)) / real.gain.reshape(-1, 1, 1)
                psums[node.name] = np.rint(steps).astype(np.int64)
                farthest.append(float(np.abs(steps - psums[node.name]).max()))
        return Stimulus(np.arange(count), codes, psums), max(farthest)

    def _codes_at(self, place: SourceCodes | SourceParts, found: Tensors) -> tuple[Ints, float]:
        """Codes by sample, flat, and the largest distance of a value from a whole one."""
        if isinstance(place, SourceParts):
            read = [(*self._codes_at(part, found), low) for part, low in place.parts]
            flat = [codes.reshape(len(codes), -1) - low for codes, _, low in read]
            return np.concatenate(flat, axis=1), max(distance for _, distance, _ in read)
        tensor = self._channels_first(place.tensor, found, place.last)
        values = tensor / place.scale
        whole = np.rint(values)
        moved = place.moved((whole + place.zero_point).astype(np.int64))
        return moved, float(np.abs(values - whole).max())

    def _channels_first(self, name: str, found: Tensors, plane: Plane | None) -> npt.NDArray[Any]:
        """A tensor of the file, its channels before its rows; plane: what it is made of, if it is flat."""
        values = found[name]
        if plane is not None and values.ndim == 2:
            channels, height, width = plane
            values = values.reshape(-1, height, width, channels)
        elif name not in self.last:
            return values
        return np.moveaxis(values, -1, 1) if values.ndim in (3, 4) else values


def in_file(
    place: SourceCodes | SourceParts, stood_for: Mapping[str, tuple[str, int]]
) -> SourceCodes | SourceParts:
    """The codes where the file has them, if their tensor stands for another one less a number."""
    if isinstance(place, SourceParts):
        parts = [(in_file(part, stood_for), low) for part, low in place.parts]
        return SourceParts(
            tuple((part, low) for part, low in parts if isinstance(part, SourceCodes))
        )
    if place.tensor not in stood_for:
        return place
    tensor, less = stood_for[place.tensor]
    return replace(place, tensor=tensor, zero_point=place.zero_point - less)


def _parts_of(place: SourceCodes | SourceParts) -> tuple[SourceCodes, ...]:
    return (place,) if isinstance(place, SourceCodes) else tuple(part for part, _ in place.parts)
