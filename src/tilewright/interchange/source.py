"""Compute a foreign file's own outputs, to compare them with the imported integers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.interchange.values import Affine
from tilewright.interchange.witness import run_file
from tilewright.spec import Codes, IntegerNetwork, Ints, NumberFormat, Stimulus, port_name
from tilewright.spec.step_search import Steps


@dataclass(frozen=True, slots=True)
class SourceCodes:
    """The tensor of the file with the input codes of a port, times `scale`."""

    tensor: str
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class SourceSums:
    """The tensor of the file with a node's real output, which `real` makes of its sums."""

    tensor: str
    real: Affine


@dataclass(frozen=True, slots=True, eq=False)
class InputGrid:
    """How the file quantizes its input: ``real`` of the input, then codes of a format times a scale."""

    number_format: NumberFormat
    scale: float
    real: Affine

    def inputs(self, codes: Ints) -> npt.NDArray[np.float32]:
        """Inputs of the file that its quantizer makes these codes of."""
        values = (codes * self.scale - self.real.offset) / self.real.gain
        return values.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A network that was read from `path`, and where the file has its tensors.

    codes by port, sums by node, steps by the port that they lead to. input_sizes: of the file's input,
    without the samples. notes: what of the file is not in the integers.
    """

    path: Path
    network: IntegerNetwork
    codes: dict[str, SourceCodes]
    sums: dict[str, SourceSums]
    steps: dict[str, Steps]
    input: InputGrid
    input_sizes: tuple[int, ...]
    notes: tuple[str, ...]

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

    def run_source(self, count: int, *, seed: int = 0) -> tuple[Stimulus, float]:
        """Codes and sums that qonnx's executor computes with the file, for random input codes.

        Also the largest distance of one of its values from a whole code or sum.
        """
        shape = (count, *self.network.node(self.network.inputs[0]).input_shape)
        largest = self.input.number_format.max_code
        wanted = np.random.default_rng(seed).integers(0, largest, shape, endpoint=True)
        tensors = {place.tensor for place in self.codes.values()}
        tensors |= {place.tensor for place in self.sums.values()}
        images = self.input.inputs(wanted).reshape(count, *self.input_sizes)
        found = run_file(self.path, images, engine="qonnx", tensors=tuple(tensors))
        codes: dict[str, Codes] = {}
        psums: dict[str, Ints] = {}
        farthest = 0.0
        for node in self.network.nodes:
            for port in (port_name(node.name, operand) for operand in range(node.operands)):
                place = self.codes[port]
                values = found[place.tensor].reshape(count, *node.input_shape) / place.scale
                whole = np.rint(values)
                codes[port] = whole.astype(node.act_format.dtype)
                farthest = max(farthest, float(np.abs(values - whole).max()))
            real = self.sums[node.name].real
            values = found[self.sums[node.name].tensor].reshape(count, *node.output_shape)
            steps = (values - real.offset.reshape(-1, 1, 1)) / real.gain.reshape(-1, 1, 1)
            psums[node.name] = np.rint(steps).astype(np.int64)
            farthest = max(farthest, float(np.abs(steps - psums[node.name]).max()))
        return Stimulus(np.arange(count), codes, psums), farthest
