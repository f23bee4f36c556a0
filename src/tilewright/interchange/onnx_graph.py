"""An ONNX file as plain data: operations in order, constants, inputs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from tilewright.errors import FormatError
from tilewright.interchange.beside import with_weights
from tilewright.interchange.lenient import tidy, with_stated_outputs
from tilewright.interchange.reach import divisions_of_integers
from tilewright.store.artifact import read_bytes

Array = npt.NDArray[Any]
SCOPES = "pkg.torch.onnx.name_scopes"
"""Where torch's exporter says which module an operation comes from."""

_NUMBERS = frozenset(
    getattr(TensorProto, kind)
    for kind in ("FLOAT", "DOUBLE", "FLOAT16", "BOOL", "INT8", "INT16", "INT32", "INT64")
) | {TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64}
_NUMBERS |= {TensorProto.INT2, TensorProto.INT4, TensorProto.UINT2, TensorProto.UINT4}
MAX_INPUT = 1 << 24
"""Most numbers of one sample: where each one goes is followed one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """One operation. outputs: at least one. `label` says where it stands, for messages: its name and type.

    written_as: the type in the file, where that is another one.
    """

    kind: str
    name: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    scope: str
    written_as: str = ""

    @property
    def output(self) -> str:
        """The first output; of all that is understood, the only one."""
        return self.outputs[0]

    @property
    def label(self) -> str:
        """Name and type, for messages."""
        return f"node {self.name or self.output} ({self.written_as or self.kind})"

    def refuse(self, reason: str) -> NoReturn:
        """Raise `FormatError` with the name of the operation."""
        raise FormatError(f"{self.label}: {reason}")

    def expect(self, **values: Any) -> None:
        """Refuse an attribute that is stated and has another value than these."""
        for key, value in values.items():
            found = self.attributes.get(key, value)
            if found != value:
                self.refuse(f"{key} must be {value}, not {found}")

    def sizes(self, key: str, default: list[int], *, least: int = 1) -> list[int]:
        """An attribute of as many integers as `default` has, each at least `least`; refuses others."""
        found = self.attributes.get(key, default)
        is_list = isinstance(found, list) and all(isinstance(one, int) for one in found)
        if not is_list or len(found) != len(default) or min(found) < least:
            self.refuse(f"{key} must be {len(default)} integers of at least {least}, not {found}")
        return list(found)

    def number(self, key: str, default: float) -> float:
        """An attribute that is a finite number; refuses others."""
        found = self.attributes.get(key, default)
        if not isinstance(found, int | float) or not math.isfinite(found):
            self.refuse(f"{key} must be a finite number, not {found}")
        return float(found)


@dataclass(frozen=True, slots=True)
class GraphInput:
    """An input of a graph. sizes: without the samples; kind: the type of its numbers."""

    name: str
    sizes: tuple[int, ...]
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Operations in the order in which they run. input_shape: without the samples, of which there are
    `batch`, or any number if that is 0. input_kind: the type of its numbers, as "float" or "uint8". last: the
    tensors of planes that have their channels last. opset: the version of the standard operators.
    plane: what the input is read as, if that is not its shape. others: the inputs behind the first one.
    made: tensors that are not in the file, of operations that stand for others. annotated: what the file says
    of the numbers of an input, as "UINT8". stood_for: of tensors that are not in the file, which one of whole
    numbers is, and what these are less. divided: results of divisions of integers, which drop what is left.
    """

    ops: tuple[Operator, ...]
    constants: dict[str, Array]
    input: str
    input_shape: tuple[int, ...]
    batch: int
    outputs: tuple[str, ...]
    input_kind: str = "float"
    last: frozenset[str] = frozenset()
    opset: int = 17
    plane: tuple[int, ...] = ()
    others: tuple[GraphInput, ...] = ()
    made: frozenset[str] = frozenset()
    annotated: Mapping[str, str] = field(default_factory=dict)
    stood_for: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    divided: frozenset[str] = frozenset()

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """All inputs, in the order of the file."""
        return GraphInput(self.input, self.input_shape, self.input_kind), *self.others

    @property
    def has_code_input(self) -> bool:
        """Whether the first input is codes."""
        return self.is_code(self.inputs[0])

    def is_code(self, read: GraphInput) -> bool:
        """Whether an input is codes: integers of up to 8 bits that nothing makes floats, or others, of."""
        reads = {op.kind for op in self.ops if read.name in op.inputs}
        is_code = read.kind in ("int4", "int8", "uint4", "uint8")
        return is_code and not reads & {"Cast", "QUANTIZE"}

    def readers(self) -> dict[str, list[Operator]]:
        """The operations that read each tensor."""
        found: dict[str, list[Operator]] = {}
        for op in self.ops:
            for name in dict.fromkeys(op.inputs):
                found.setdefault(name, []).append(op)
        return found


def read_graph(path: Path) -> Graph:
    """Read an ONNX file, and the weights that it keeps in its folder; nothing else is opened.

    Raises `ArtifactError` if it cannot be read, and `FormatError` if it is no ONNX file, keeps its
    weights elsewhere, or has sizes that are not fixed.
    """
    try:
        stated = onnx.load_model_from_string(read_bytes(path))
        model = tidy(with_weights(stated, path))
        graph = _parse(model.graph, path)
        onnx.checker.check_model(with_stated_outputs(model))
        opset = max(one.version for one in model.opset_import if not one.domain)
    except (DecodeError, onnx.checker.ValidationError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path} is no valid ONNX file: {reason}") from None
    return replace(graph, opset=opset, divided=divisions_of_integers(model))


def _parse(graph: onnx.GraphProto, path: Path) -> Graph:
    constants = _constants(graph)
    inputs = [value for value in graph.input if value.name not in constants]
    ops = tuple(operator_of(node) for node in graph.node if node.op_type != "Constant")
    _check_known(ops, {*constants, *(one.name for one in inputs)})
    outputs = tuple(value.name for value in graph.output)
    ops = needed(ops, outputs)
    first, *others = _read_inputs(inputs, path)
    batch = max(inputs[0].type.tensor_type.shape.dim[0].dim_value, 0)
    return Graph(
        ops,
        constants,
        first.name,
        first.sizes,
        batch,
        outputs,
        first.kind,
        others=tuple(others),
        annotated=_annotated(graph),
    )


def _annotated(graph: onnx.GraphProto) -> dict[str, str]:
    """What numbers tensors hold, as qonnx and FINN note it."""
    return {
        one.tensor_name: pair.value
        for one in graph.quantization_annotation
        for pair in one.quant_parameter_tensor_names
        if pair.key == "finn_datatype"
    }


def _read_inputs(inputs: list[onnx.ValueInfoProto], path: Path) -> list[GraphInput]:
    """The inputs of a file: at least one; of several, each flat or a plane, and as many samples."""
    if not inputs:
        raise FormatError(f"{path} must have one input or more, but has none")
    found = []
    for value in inputs:
        kind = TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
        found.append(GraphInput(value.name, _sizes(value, path), kind))
    counts = {max(value.type.tensor_type.shape.dim[0].dim_value, 0) for value in inputs}
    sequences = [one.name for one in found if len(one.sizes) == 2]
    if len(found) > 1 and (len(counts) > 1 or sequences):
        what = f"{sequences[0]} is a sequence" if sequences else f"they take {sorted(counts)}"
        raise FormatError(
            f"{path}: several inputs must each be (n, channels) or (n, channels, h, w), with as many "
            f"samples, but {what}"
        )
    return found


def _constants(graph: onnx.GraphProto) -> dict[str, Array]:
    tensors = list(graph.initializer)
    tensors += [_stated(node) for node in graph.node if node.op_type == "Constant"]
    return {tensor.name: _array(tensor) for tensor in tensors}


def _stated(node: onnx.NodeProto) -> TensorProto:
    """The tensor of a Constant node: as a tensor, or as one or several numbers."""
    tensor = TensorProto()
    for one in node.attribute if node.output else ():
        if one.name == "value":
            tensor.CopyFrom(one.t)
        elif one.name in ("value_float", "value_floats"):
            numbers = list(one.floats) if one.name.endswith("s") else one.f
            tensor.CopyFrom(numpy_helper.from_array(np.array(numbers, np.float32)))
        elif one.name in ("value_int", "value_ints"):
            numbers = list(one.ints) if one.name.endswith("s") else one.i
            tensor.CopyFrom(numpy_helper.from_array(np.array(numbers, np.int64)))
        else:
            continue
        tensor.name = node.output[0]
        return tensor
    raise FormatError(f"node {node.name} (Constant): it must state a tensor, or numbers")


def _array(tensor: TensorProto) -> Array:
    if tensor.data_type not in _NUMBERS:
        kind = TensorProto.DataType.Name(tensor.data_type)
        more = ": codes are integers here; quantize to INT8 or UINT8" if "FLOAT" in kind else ""
        raise FormatError(f"constant {tensor.name} must hold numbers, not {kind}{more}")
    values = numpy_helper.to_array(tensor)
    if values.dtype.kind == "f" and values.size > 1 and not np.isfinite(values).all():
        raise FormatError(f"constant {tensor.name} must be finite, but holds NaN or infinity")
    return values


def operator_of(node: onnx.NodeProto) -> Operator:
    """A node as plain data; refuses one without an output."""
    outputs = tuple(name for name in node.output if name)
    if not outputs:
        label = f"node {node.name or node.op_type} ({node.op_type})"
        raise FormatError(f"{label}: it must have one output, not 0")
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    scope = next((one.value for one in node.metadata_props if one.key == SCOPES), "")
    names = re.findall(r"'([^']*)'", scope)
    return Operator(
        node.op_type,
        node.name,
        node.domain,
        tuple(node.input),
        outputs,
        {key: _plain(value) for key, value in attributes.items()},
        names[-2] if len(names) > 1 else "",
        node.op_type,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return list(value) if isinstance(value, (list, tuple)) else value


def _check_known(ops: tuple[Operator, ...], known: set[str]) -> None:
    for op in ops:
        for name in op.inputs:
            if name and name not in known:
                op.refuse(f"its input {name!r} is missing: no node or initializer gives it")
        known.update(op.outputs)


def needed(ops: tuple[Operator, ...], outputs: tuple[str, ...]) -> tuple[Operator, ...]:
    """The operations that the outputs follow from, each with the outputs that somebody reads.

    How many parts a Split makes may be known by its outputs alone: it keeps all.
    """
    needed, kept = set(outputs), []
    for op in reversed(ops):
        read = tuple(name for name in op.outputs if name in needed)
        if read:
            needed.update(op.inputs)
            is_short = op.outputs[0] in read and op.kind != "Split"
            kept.append(replace(op, outputs=read) if is_short else op)
    return tuple(kept[::-1])


def _sizes(value: onnx.ValueInfoProto, path: Path) -> tuple[int, ...]:
    """Sizes of the input after the first axis, which counts samples and may be open."""
    dims = value.type.tensor_type.shape.dim
    sizes = tuple(dim.dim_value for dim in dims[1:])
    if len(sizes) not in (1, 2, 3) or min(sizes, default=0) < 1:
        found = [dim.dim_param or dim.dim_value or "?" for dim in dims]
        what_to_do = (
            "volumes are not read" if len(sizes) > 3 else "export it with the sizes of your images"
        )
        raise FormatError(
            f"{path}: the input {value.name} must be (n, channels), (n, channels, h, w) or a sequence "
            f"(n, channels, length) with fixed sizes, not {found}: {what_to_do}"
        )
    if math.prod(sizes) > MAX_INPUT:
        raise FormatError(
            f"{path}: the input {value.name} must have at most {MAX_INPUT:,} numbers a sample, not "
            f"{math.prod(sizes):,} ({' x '.join(map(str, sizes))})"
        )
    return sizes


def scalar(op: Operator, values: Array, what: str) -> float:
    """The one number in `values`, however often it stands there; refuses several, and what is not finite."""
    if values.size != 1 and not (values.size and (values == values.flat[0]).all()):
        op.refuse(f"{what} must be one number, not {values.size}")
    number = float(values.flat[0])
    if not math.isfinite(number):
        op.refuse(f"{what} must be a finite number, not {number:g}")
    return number
