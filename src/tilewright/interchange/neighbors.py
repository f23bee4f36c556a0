"""What stands around a layer on codes decides how ONNX Runtime computes it.

Found by experiment with 1.32.0. Its optimizer puts int32 codes in the place of a bias of floats between
codes, whether an integer kernel follows or not, and moves quantizers through operations that only move
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.interchange.linear_quant import has_scales, read_grid
from tilewright.interchange.onnx_graph import Array, Graph, Operator

RECTIFIERS = ("Clip", "Relu")
PASSED = ("Identity", "MaxPool", "Reshape", "Transpose")
"""Through what quantizers move."""
LOST_RELU = (
    "ONNX Runtime's optimizer drops the Relu before a quantizer of 4 bits whose zero-point is not the lowest "
    "code (1.32.0), and then computes other codes than the file states: run it with disabled_optimizers="
    "['ReluQuantRewrite'], as is done here"
)


@dataclass(frozen=True, slots=True)
class Neighbors:
    """makers, readers: of each tensor. outputs: of the file."""

    makers: Mapping[str, Operator]
    readers: Mapping[str, tuple[Operator, ...]]
    outputs: tuple[str, ...]
    constants: dict[str, Array]

    @classmethod
    def of(cls, graph: Graph, constants: dict[str, Array]) -> Neighbors:
        """Those of a graph."""
        makers = {name: op for op in graph.ops for name in op.outputs}
        readers = {name: tuple(ops) for name, ops in graph.readers().items()}
        return cls(makers, readers, tuple(graph.outputs), constants)

    def rounds_bias(self, op: Operator) -> bool:
        """Whether a bias of floats becomes whole steps of the psum: where the layer stands between codes."""
        return self._reads_codes(op.inputs[0]) is not None and self._meets(
            op.output, RECTIFIERS + PASSED
        )

    def has_kernel(self, op: Operator) -> bool:
        """Whether there is an integer kernel for a layer, as far as its operands say.

        There is none for ConvTranspose, and that for Gemm wants a zero-point of both, be it 0.
        """
        readers = (self._reads_codes(name) for name in op.inputs[:2])
        states_zero = (one is not None and len(one.inputs) > 2 and one.inputs[2] for one in readers)
        return op.kind != "ConvTranspose" and (op.kind != "Gemm" or all(states_zero))

    def loses_relu(self, op: Operator) -> bool:
        """Whether the optimizer drops the Relu before a quantizer, and that changes codes."""
        maker = self.makers.get(op.inputs[0])
        if op.kind != "QuantizeLinear" or maker is None or maker.kind != "Relu":
            return False
        if has_scales(op, self.constants):
            return False
        grid = read_grid(op, self.constants)
        return grid.number_format.bits == 4 and grid.low < 0

    def meets_quantizer(self, tensor: str) -> bool:
        """Whether one QuantizeLinear reads a tensor, directly or behind a Relu or Clip."""
        return tensor not in self.outputs and self._meets(tensor, RECTIFIERS, self.outputs)

    def is_moved(self, tensor: str) -> bool:
        """Whether only a move reads a tensor, through which a quantizer behind it moves."""
        readers = self.readers.get(tensor, ())
        return len(readers) == 1 and readers[0].kind in PASSED

    def _reads_codes(self, tensor: str) -> Operator | None:
        """The DequantizeLinear that a tensor comes from, but for moves."""
        maker = self.makers.get(tensor)
        while maker is not None and maker.kind in PASSED:
            maker = self.makers.get(maker.inputs[0])
        return maker if maker is not None and maker.kind == "DequantizeLinear" else None

    def _meets(self, tensor: str, passed: tuple[str, ...], ends: tuple[str, ...] = ()) -> bool:
        readers = self.readers.get(tensor, ())
        if len(readers) != 1 or tensor in ends:
            return False
        reader = readers[0]
        if reader.kind in passed:
            is_move = reader.kind in PASSED and reader.kind != "Identity"
            return self._meets(reader.output, PASSED if is_move else passed, ends)
        return reader.kind == "QuantizeLinear" and not has_scales(reader, self.constants)
