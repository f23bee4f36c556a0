"""What stands around a layer on codes decides how ONNX Runtime computes it.

Found by experiment with 1.32.0. Its optimizer puts int32 codes in the place of a bias of floats between
codes, whether an integer kernel follows or not, and moves quantizers through operations that only move
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tilewright.interchange.casts import is_float
from tilewright.interchange.linear_quant import has_scales, read_grid
from tilewright.interchange.onnx_graph import Array, Graph, Operator

RECTIFIERS = ("Clip", "Relu")
REMOVED = ("Cast", "Dropout", "Identity")
"""What the optimizer takes out: a Cast of floats to floats is the same."""
PASSED = (*REMOVED, "MaxPool", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze")
"""Through what quantizers move, or what is not there any more."""
QUANTIZED = ("Conv", "ConvTranspose", "Gemm")
"""Layers of which the optimizer quantizes weights that a file has as floats."""
CHANGED = (
    "its weights are floats in the file, codes times a scale, of which ONNX Runtime's optimizer makes other "
    "codes, one scale for all (1.32.0): run it with disabled_optimizers=['WeightBiasQuantization'], as is "
    "done here"
)
LOST_RELU = (
    "ONNX Runtime's optimizer drops the Relu before a quantizer of 4 bits whose zero-point is not the lowest "
    "code (1.32.0), and then computes other codes than the file states: run it with disabled_optimizers="
    "['ReluQuantRewrite'], as is done here"
)


@dataclass(frozen=True, slots=True)
class Neighbors:
    """makers, readers: of each tensor. outputs: of the file. changed: those of layers of which the optimizer
    would quantize weights of floats, so that the file must be run without it.
    """

    makers: Mapping[str, Operator]
    readers: Mapping[str, tuple[Operator, ...]]
    outputs: tuple[str, ...]
    constants: dict[str, Array]
    changed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, graph: Graph, constants: dict[str, Array]) -> Neighbors:
        """Those of a graph."""
        makers = {name: op for op in graph.ops for name in op.outputs}
        readers = {name: tuple(ops) for name, ops in graph.readers().items()}
        found = cls(makers, readers, tuple(graph.outputs), constants)
        changed = frozenset(op.output for op in graph.ops if found._has_floats(op))
        return replace(found, changed=changed)

    def rounds_bias(self, op: Operator) -> bool:
        """Whether a bias of floats becomes whole steps of the psum: where the layer stands between codes."""
        return not self.changed and self._is_between_codes(op)

    def _is_between_codes(self, op: Operator) -> bool:
        is_behind = self._reads_codes(op.inputs[0]) is not None
        return is_behind and self._meets(op.output, RECTIFIERS + PASSED)

    def _has_floats(self, op: Operator) -> bool:
        """Whether a layer between codes has weights of floats, of which the optimizer makes other ones."""
        if op.kind not in QUANTIZED or len(op.inputs) < 2 or not self._is_between_codes(op):
            return False
        maker = self.makers.get(op.inputs[1])
        while maker is not None and maker.kind != "DequantizeLinear":
            maker = self.makers.get(maker.inputs[0]) if maker.inputs else None
        return maker is None

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
        return len(readers) == 1 and _is_passed(readers[0])

    def _reads_codes(self, tensor: str) -> Operator | None:
        """The DequantizeLinear that a tensor comes from, but for moves, and zeros that the layer puts in."""
        maker = self.makers.get(tensor)
        if maker is not None and self._is_of_layer(maker):
            maker = self.makers.get(maker.inputs[0])
        while maker is not None and _is_passed(maker):
            maker = self.makers.get(maker.inputs[0])
        return maker if maker is not None and maker.kind == "DequantizeLinear" else None

    def _is_of_layer(self, op: Operator) -> bool:
        """Whether an operation is a Pad that the optimizer makes the padding of a convolution: with zeros,
        of the plane alone.
        """
        if op.kind != "Pad" or op.attributes.get("mode", "constant") != "constant":
            return False
        given = [op.attributes.get("pads"), *(self.constants.get(name) for name in op.inputs[1:2])]
        sides = next(
            (np.reshape(one, (2, -1)) for one in given if one is not None), np.ones((2, 2))
        )
        value = self.constants.get(op.inputs[2]) if len(op.inputs) > 2 else None
        filled = op.number("value", 0.0) if value is None else float(np.max(np.abs(value)))
        is_of_plane = not sides[:, :2].any() and bool((sides >= 0).all())
        return len(op.inputs) < 4 and not filled and is_of_plane

    def _meets(self, tensor: str, passed: tuple[str, ...], ends: tuple[str, ...] = ()) -> bool:
        readers = self.readers.get(tensor, ())
        if len(readers) != 1 or tensor in ends:
            return False
        reader = readers[0]
        if reader.kind in passed and is_float(reader):
            is_move = reader.kind in PASSED and reader.kind not in REMOVED
            return self._meets(reader.output, PASSED if is_move else passed, ends)
        return reader.kind == "QuantizeLinear" and not has_scales(reader, self.constants)


def _is_passed(op: Operator) -> bool:
    return op.kind in PASSED and is_float(op)
