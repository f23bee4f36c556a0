"""What an operation of a TFLite file is read with, and what several of them have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.tflite_graph import TfliteGraph
from tilewright.interchange.tflite_places import Seen
from tilewright.interchange.tflite_probe import run_alone
from tilewright.interchange.values import Affine, Step, Value
from tilewright.spec import Ints, Node

ACTIVATIONS = {0: (-np.inf, np.inf), 1: (0, np.inf), 2: (-1, 1), 3: (0, 6)}
"""What a fused activation keeps, by its number: none, RELU, RELU_N1_TO_1, RELU6."""

PADDINGS = {0: "SAME_UPPER", 1: "VALID"}


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What an operation is read with."""

    file: TfliteGraph
    kernels: str
    assembly: Assembly

    @property
    def is_read_once(self) -> bool:
        """Whether one operation alone reads the file's input."""
        graph = self.file.graph
        return len(graph.readers().get(graph.input, ())) == 1

    def run(self, op: Operator, *inputs: Ints) -> Ints:
        """The codes of the only output that the interpreter makes of codes.

        Of an operation that stands for a chain of them, those of the last one.
        """
        if "chain" in op.attributes:
            found = [codes.astype(self.file.tensors[op.inputs[0]].kind) for codes in inputs]
            for one in op.attributes["chain"]:
                found = run_alone(self.file, one, found, kernels=self.kernels)
            return found[0].astype(np.int64)
        kinds = [
            self.file.tensors[name].kind for name in op.inputs if name not in self.file.constants
        ]
        typed = [codes.astype(kind) for codes, kind in zip(inputs, kinds, strict=False)]
        return run_alone(self.file, op, typed, kernels=self.kernels)[0].astype(np.int64)

    def out(self, op: Operator) -> Grid:
        """The grid of an operation's output."""
        return self.file.tensors[op.output].grid(op)

    def add(self, op: Operator, node: Node, values: list[Value], step: Step) -> Seen:
        """Add a node whose sums a step takes to the codes of the operation's output."""
        found = replace(self._sums(op, node, values), steps=()).on_grid(op, self.out(op), step)
        return Seen.of(found, self.file.tensors[op.output])

    def _sums(self, op: Operator, node: Node, values: list[Value]) -> Value:
        real = Affine(np.array([1.0]), np.zeros(1))
        return self.assembly.add_integers(op, node, values, real)

    def name(self, op: Operator) -> str:
        """A name for a node without weights."""
        return unique(op.name, set(self.assembly.nodes))


def stated(op: Operator, option: str) -> int:
    """An option that the operation must have; a damaged file may give it those of another one, or none."""
    if option not in op.attributes:
        op.refuse(f"its options must state {option}, but do not: the file is damaged")
    return int(op.attributes[option])


def operand(op: Operator, place: int) -> str:
    """The name of the tensor that the operation reads at `place`, which it must have."""
    if place >= len(op.inputs):
        op.refuse(
            f"it must read {place + 1} tensors, but reads {len(op.inputs)}: the file is damaged"
        )
    return op.inputs[place]


def padding(op: Operator) -> str:
    """How windows reach beyond the plane, in ONNX's words."""
    number = stated(op, "padding")
    if number not in PADDINGS:
        op.refuse(f"its padding must be SAME or VALID, not number {number}")
    return PADDINGS[number]


def kept(op: Operator, grid: Grid) -> tuple[int, int]:
    """The codes that a fused activation keeps."""
    kind = op.attributes.get("fusedActivationFunction", 0)
    if kind not in ACTIVATIONS:
        op.refuse(
            f"its fused activation must be none, RELU, RELU_N1_TO_1 or RELU6, not number {kind}"
        )
    codes = grid.number_format
    low, high = (
        codes.max_code
        if bound == np.inf
        else codes.min_code
        if bound == -np.inf
        else grid.zero_point
        + int(np.sign(bound) * np.floor(abs(np.float32(bound) / np.float32(grid.scale)) + 0.5))
        for bound in ACTIVATIONS[kind]
    )
    return max(low, codes.min_code), min(high, codes.max_code)
