"""A TFLite file as plain data: tensors with their grids, operations in order, one input."""

from __future__ import annotations

import re
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.errors import FormatError, printable
from tilewright.interchange.extras import require
from tilewright.interchange.grid import Grid
from tilewright.interchange.linear_quant import CODES
from tilewright.interchange.onnx_graph import MAX_INPUT, Array, Graph, Operator

IDENTIFIER = b"TFL3"
KINDS: dict[str, Any] = {"float32": np.float32, "int32": np.int32, "int64": np.int64}
KINDS |= {"int8": np.int8, "uint8": np.uint8, "int16": np.int16}
"""Types of constants that are read."""


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor. sizes: with the samples. kind: as "int8". scale: float32 widened to float64, one or one per
    place of `axis`, or None if it has no grid; zero: int64, as many. values: of a constant.
    """

    name: str
    number: int
    sizes: tuple[int, ...]
    kind: str
    scale: Array | None
    zero: Array
    axis: int
    values: Array | None

    def grid(self, op: Operator) -> Grid:
        """The grid of its codes; refuses what has none, or one per channel."""
        if self.kind == "int16":
            op.refuse(
                f"{self.name} has codes of 16 bits, and codes have at most 8 here: convert with int8 "
                "activations, TFLITE_BUILTINS_INT8"
            )
        if self.kind not in ("int8", "uint8") or self.scale is None:
            op.refuse(
                f"{self.name} must have codes of int8 with a scale, not {self.kind}: convert with full "
                "integer quantization, which needs a representative_dataset"
            )
        if self.scale.size != 1 or not self.scale[0] > 0 or not np.isfinite(self.scale[0]):
            op.refuse(f"{self.name} must have one positive scale, not {self.scale.tolist()}")
        return Grid(CODES[self.kind], float(self.scale[0]), int(self.zero[0]))


@dataclass(frozen=True, slots=True, eq=False)
class TfliteGraph:
    """Tensors by name and operations of the first subgraph. model: the file's own objects."""

    tensors: dict[str, Tensor]
    graph: Graph
    model: Any

    @property
    def constants(self) -> dict[str, Array]:
        """The tensors that the file states."""
        return self.graph.constants


def read_tflite_graph(path: Path, content: bytes) -> TfliteGraph:
    """Read the bytes of a TFLite file.

    Raises `FormatError` if they are none, or have several inputs, several samples at a time, or sizes that
    are not fixed; `ToolError` if ai-edge-litert, which has the schema, is not installed.
    """
    schema = require("ai_edge_litert.schema_py_generated", extra="tflite")
    if content[4:8] != IDENTIFIER:
        raise FormatError(f"{path} is no TFLite file: its bytes 4..7 must be {IDENTIFIER!r}")
    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        return _parse(path, model, schema)
    except (
        struct.error,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        OverflowError,
    ) as error:
        reason = " ".join(str(error).split())[:200]
        if isinstance(error, TypeError | AttributeError):
            reason = "a part that every model has is missing from it"
        raise FormatError(f"{path} is no valid TFLite file: {reason}") from None


def _parse(path: Path, model: Any, schema: Any) -> TfliteGraph:
    graph = model.subgraphs[0]
    tensors = _tensors(graph, model, schema)
    ops = tuple(_operator(one, model, tensors, schema) for one in graph.operators)
    if len(graph.inputs) != 1:
        names = [tensors[one].name for one in graph.inputs]
        raise FormatError(f"{path} must have one input, not {names}")
    first = tensors[graph.inputs[0]]
    sizes = first.sizes[1:]
    if first.sizes[:1] != (1,) or len(sizes) not in (1, 2, 3) or min(sizes) < 1:
        raise FormatError(
            f"{path}: the input {first.name} must be (1, ...) with up to three fixed sizes more, one sample "
            f"at a time, not {first.sizes}"
        )
    for one in tensors:  # one with values is no larger than the file
        if one.values is None and np.prod(np.abs(one.sizes), dtype=np.float64) > MAX_INPUT:
            raise FormatError(
                f"{path}: tensor {one.name} must have at most {MAX_INPUT:,} numbers, not {one.sizes}"
            )
    found = Graph(
        ops,
        {one.name: one.values for one in tensors if one.values is not None},
        first.name,
        sizes,
        1,
        tuple(tensors[one].name for one in graph.outputs),
        first.kind.removesuffix("32"),
        frozenset(one.name for one in tensors if len(one.sizes) in (3, 4)),
    )
    return TfliteGraph({one.name: one for one in tensors}, found, model)


def tensor_names(graph: Any) -> list[str]:
    """A name for each tensor of a subgraph: the file's where it is one of its own."""
    names = [printable((one.name or b"").decode("utf-8", "replace")) for one in graph.tensors]
    count = Counter(names)
    return [
        name if name and count[name] == 1 else f"{name or 'tensor'}#{number}"
        for number, name in enumerate(names)
    ]


def _tensors(graph: Any, model: Any, schema: Any) -> list[Tensor]:
    kinds = {
        value: name.lower() for name, value in vars(schema.TensorType).items() if name.isupper()
    }
    found = []
    for number, (name, one) in enumerate(zip(tensor_names(graph), graph.tensors, strict=True)):
        shape = [] if one.shape is None else one.shape
        sizes = tuple(int(size) for size in shape)
        kind = kinds.get(one.type, f"type {one.type}")
        stated = one.quantization
        scale, zero, axis = None, np.zeros(1, np.int64), 0
        if stated is not None and stated.scale is not None and len(stated.scale):
            scale = np.asarray(stated.scale, np.float64)
            zero = np.zeros(scale.shape, np.int64)
            if stated.zeroPoint is not None and len(stated.zeroPoint):
                zero = np.broadcast_to(np.asarray(stated.zeroPoint, np.int64), scale.shape).copy()
            axis = int(stated.quantizedDimension)
        data = model.buffers[one.buffer].data
        values = None
        if data is not None and len(data) and kind in KINDS:
            values = np.frombuffer(bytes(data), KINDS[kind]).reshape(sizes)
        found.append(Tensor(name, number, sizes, kind, scale, zero, axis, values))
    return found


def _operator(one: Any, model: Any, tensors: list[Tensor], schema: Any) -> Operator:
    code = model.operatorCodes[one.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    kinds = {value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()}
    kind = kinds.get(number, f"operator {number}")
    if kind == "CUSTOM" and code.customCode:
        kind = f"CUSTOM {printable(code.customCode.decode('utf-8', 'replace'))}"
    inputs = tuple("" if at < 0 else tensors[at].name for at in one.inputs)
    outputs = tuple(tensors[at].name for at in one.outputs)
    attributes = {} if one.builtinOptions is None else dict(vars(one.builtinOptions))
    return Operator(kind, _plain(outputs[0]), "", inputs, outputs, attributes, "")


def _plain(name: str) -> str:
    """What an operation is called, as its output: the converter joins the names of what it has fused."""
    words = re.split(r"[^A-Za-z0-9_#-]+", name.split(";")[0])
    return ".".join(word for word in words if word) or "operation"
