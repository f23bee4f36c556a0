"""Graphs with planes that have their channels last, read as if they had them first.

A Transpose between the two orders changes nothing then, and operators of QONNX's domain for channels last are
the standard ones. What must know of the order are constants by channel, a flatten, and who compares tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tilewright.errors import FormatError
from tilewright.interchange.functions import FUNCTIONS
from tilewright.interchange.linear_quant import LINEAR_QUANT
from tilewright.interchange.onnx_graph import Array, Graph, Operator
from tilewright.interchange.quant_node import QUANT_OPERATORS

DOMAIN = "qonnx.custom_op.channels_last"
TO_LAST, TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
SHAPED = ("Flatten", "Reshape")
CONSTANTS = ("Add", "Div", "Max", "Min", "Mul", "PRelu", "Sub", *QUANT_OPERATORS)
"""Operations of which constants by channel are turned."""
ALONG = ("Concat", "Split")
"""Operations along an axis."""
ALIKE = (
    *("BipolarQuant", "Cast", "Clip", "Dropout", "Identity", "Neg", "Relu", "Trunc"),
    *FUNCTIONS,
)
"""Operations of each number by itself."""
READ = (*SHAPED, *CONSTANTS, *ALONG, *ALIKE, *LINEAR_QUANT, "MultiThreshold", "ReduceMean")
SPATIAL = ("AveragePool", "Conv", "GlobalAveragePool", "MaxPool")


class ChannelsFirst:
    """Rewrites operations in order. last: the tensors of the file that have their channels last."""

    def __init__(self, graph: Graph) -> None:
        self._constants = dict(graph.constants)
        self._ops = graph.ops
        self._activations = {one.name for one in graph.inputs}
        for op in graph.ops:
            if self._activations & {*op.inputs}:
                self._activations |= {*op.outputs}
        self.last: set[str] = set()

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with channels first, and `last` in it.

        Where an operation is met that is not understood so, the graph stays as it is, and a Transpose is one
        move of codes more; operators for channels last there may be none then.
        """
        try:
            ops = tuple(self._rewritten())
        except FormatError:
            if any(op.domain == DOMAIN for op in graph.ops):
                raise
            return graph
        return replace(graph, ops=ops, constants=self._constants, last=frozenset(self.last))

    def _rewritten(self) -> Iterator[Operator]:
        for op in self._ops:
            order = op.attributes.get("perm")
            is_last = bool(op.inputs) and op.inputs[0] in self.last
            if op.kind == "Transpose" and op.inputs[0] not in self._constants:
                is_turned = order == TO_LAST and not is_last and self._is_wanted(op.output)
                if is_turned or (order == TO_FIRST and is_last):
                    self.last |= {op.output} if is_turned else set()
                    yield replace(op, kind="Identity", attributes={}, written_as="Transpose")
                    continue
            if any(name in self.last for name in op.inputs):
                self._check_inputs(op)
            yield self._of_last(op) if is_last else op

    def _check_inputs(self, op: Operator) -> None:
        """Refuse an operation of which one operand has its channels last, and another one has not."""
        if any(name in self._activations and name not in self.last for name in op.inputs):
            op.refuse("it reads planes with their channels last together with others")

    def _is_wanted(self, tensor: str, depth: int = 64) -> bool:
        """Whether a tensor goes to operators for channels last, back to channels first, or is flattened."""
        for op in self._ops:
            if tensor not in op.inputs or depth == 0:
                continue
            order = op.attributes.get("perm")
            if op.kind in SHAPED and not op.domain:
                return not self._is_joined(op.output)
            if op.domain == DOMAIN or op.kind in SHAPED or order == TO_FIRST:
                return True
            if op.kind not in SPATIAL and self._is_wanted(op.output, depth - 1):
                return True
        return False

    def _is_joined(self, tensor: str, depth: int = 64) -> bool:
        """Whether what was flattened is put beside others before a layer reads it, as heads of a detector
        are: its order is then that of the file.
        """
        readers = [op for op in self._ops if tensor in op.inputs and depth]
        passed = [op for op in readers if op.kind not in ("Gemm", "MatMul")]
        return any(op.kind == "Concat" or self._is_joined(op.output, depth - 1) for op in passed)

    def _of_last(self, op: Operator) -> Operator:
        """An operation of a plane with its channels last, as one of channels first."""
        if op.kind in SHAPED:
            return replace(op, attributes=op.attributes | {"channels_last": 1})
        if op.kind in SPATIAL and op.domain != DOMAIN:
            op.refuse("it reads planes with their channels last, but takes them as channels first")
        if op.domain != DOMAIN and op.kind not in READ:
            op.refuse(
                "it reads planes with their channels last, and may take them as channels first"
            )
        self.last |= {*op.outputs}
        if op.kind == "MultiThreshold":
            op.expect(data_layout="NHWC")
        if op.kind == "ReduceMean":
            op.expect(axes=[1, 2])
            if len(op.inputs) > 1:
                op.refuse("its axes must be an attribute where planes have their channels last")
            return replace(op, attributes=op.attributes | {"axes": [2, 3]})
        if op.kind in (*LINEAR_QUANT, *ALONG):
            axis = TO_FIRST.index(int(op.number("axis", 1 if op.kind != "Split" else 0)) % 4)
            return replace(op, attributes=op.attributes | {"axis": axis})
        inputs = op.inputs
        if op.kind in CONSTANTS:
            inputs = tuple(self._turned(name) for name in op.inputs)
        if op.domain != DOMAIN:
            return replace(op, inputs=inputs)
        return replace(
            op, inputs=inputs, domain="", attributes=op.attributes | {"channels_last": 1}
        )

    def _turned(self, name: str) -> str:
        """A constant by channel with its axes as channels first have them."""
        values: Array | None = self._constants.get(name)
        if values is None or values.size == 1:
            return name
        turned = f"{name}.channels_first"
        planes = values.reshape((1,) * (4 - values.ndim) + values.shape)
        self._constants[turned] = planes.transpose(TO_FIRST)
        return turned
