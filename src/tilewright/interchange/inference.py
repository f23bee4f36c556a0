"""The sizes of all tensors of a foreign ONNX file: onnx's inference, and what that does not see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tilewright.interchange.attention_ops import ATTENTION, heads_of
from tilewright.interchange.onnx_graph import Operator, operator_of
from tilewright.interchange.topology import Sizes

_STAND_INS: dict[str, tuple[str, Sizes]] = {
    "FusedConv": ("Conv", (0, 1)),
    "QGemm": ("Gemm", (0, 3)),
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearMul": ("Mul", (0, 3)),
    "FusedMatMul": ("MatMul", (0, 1)),
}
"""Operations of ONNX Runtime, to the standard one with sizes like theirs and its inputs."""

_KEEPS_SIZES = {"Quant", "IntQuant", "FloatQuant", "BipolarQuant", "Trunc", "MultiThreshold"}
_KEEPS_SIZES |= {"QuantizeLinear", "DequantizeLinear", "QLinearLeakyRelu", "QLinearSigmoid"}
_KEEPS_SIZES |= {"QLinearSoftmax", "Gelu", "FusedGelu", "FastGelu", "QuickGelu", "BiasGelu"}
_KEEPS_SIZES |= {"SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "RotaryEmbedding"}
"""Operations of other domains whose output is as large as their first input."""

SMALL = 1024
"""Numbers of a constant that may say sizes; the values of larger ones are dropped."""


def simplify(graph: onnx.GraphProto) -> None:
    """Let onnx infer through operations of others; drop the values of weights, which say no sizes."""
    for tensor in graph.initializer:
        if math.prod(tensor.dims) > SMALL:
            kept = TensorProto(name=tensor.name, dims=tensor.dims, data_type=tensor.data_type)
            tensor.CopyFrom(kept)
    for node in graph.node:
        kind, places = _STAND_INS.get(node.op_type, ("", (0,)))
        if node.op_type in _KEEPS_SIZES and node.domain:
            kind = "Identity"
            del node.attribute[:]
            del node.output[1:]
        if kind and max(places) < len(node.input):
            inputs = [node.input[place] for place in places]
            del node.input[:]
            node.input.extend(inputs)
            node.op_type, node.domain = kind, ""


def inferred(model: onnx.ModelProto) -> onnx.GraphProto:
    """The graph with the sizes that onnx infers, those of operations that it does not know, and those that
    the file computes from sizes, as exporters write an open batch. Changes `model`.
    """
    while True:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
        known = sizes_in(graph)
        if all(name in known for node in graph.node for name in node.output if name):
            return graph
        if not _state_results(model.graph, known) and not _compute_sizes(model, known):
            return graph


def sizes_in(graph: onnx.GraphProto) -> dict[str, Sizes]:
    """Sizes of all tensors that are known in full."""
    found = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shape = value.type.tensor_type.shape
        sizes = tuple(dim.dim_value for dim in shape.dim)
        if value.type.tensor_type.HasField("shape") and min(sizes, default=1) >= 1:
            found.setdefault(value.name, sizes)
    return found


def _state_results(graph: onnx.GraphProto, known: Mapping[str, Sizes]) -> bool:
    """State the sizes of results of which onnx's inference knows nothing; whether there are any."""
    stated = []
    for node in graph.node:
        if node.op_type in {*ATTENTION, "MatMulNBits"} and node.output[0] not in known:
            sizes = _result_sizes(operator_of(node), known)
            if sizes:
                name = node.output[0]
                stated.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes))
    names = {one.name for one in stated}
    kept = [one for one in graph.value_info if one.name not in names]
    copies = [onnx.ValueInfoProto() for _ in kept]
    for copy, one in zip(copies, kept, strict=True):
        copy.CopyFrom(one)
    del graph.value_info[:]
    graph.value_info.extend([*copies, *stated])
    return bool(stated)


def _result_sizes(op: Operator, known: Mapping[str, Sizes]) -> Sizes:
    """Sizes of the first result of an operation that onnx's inference does not know, or ()."""
    if op.kind in ATTENTION:
        found = heads_of(op, lambda name: known.get(name, ()))
        return found.sizes if found else ()
    x = known.get(op.inputs[0], ())
    return (*x[:-1], int(op.number("N", 0))) if x else ()


def _compute_sizes(model: onnx.ModelProto, known: Mapping[str, Sizes]) -> bool:
    """Put the values of small tensors that follow from sizes in the place of what computes them.

    Whether there are any.
    """
    graph = model.graph
    values = {
        one.name: numpy_helper.to_array(one)
        for one in graph.initializer
        if math.prod(one.dims) <= SMALL and one.data_location != TensorProto.EXTERNAL
    }
    made, kept = 0, []
    for node in graph.node:
        found = _value_of(node, values, known, model)
        if found is None:
            kept.append(onnx.NodeProto())
            kept[-1].CopyFrom(node)
            continue
        values[node.output[0]] = found
        graph.initializer.append(numpy_helper.from_array(found, node.output[0]))
        made += 1
    del graph.node[:]
    graph.node.extend(kept)
    return made > 0


def _value_of(
    node: onnx.NodeProto,
    values: Mapping[str, Any],
    known: Mapping[str, Sizes],
    model: onnx.ModelProto,
) -> Any:
    """What a node computes from sizes and small constants alone; None where it reads anything else."""
    if len(node.output) != 1 or node.domain:
        return None
    if node.op_type == "Shape" and node.input[0] in known:
        ends = {one.name: int(one.i) for one in node.attribute}
        sizes = known[node.input[0]]
        return np.array(sizes[ends.get("start", 0) : ends.get("end", len(sizes))], np.int64)
    if not all(name in values for name in node.input if name):
        return None
    if math.prod(known.get(node.output[0], (1,))) > SMALL:
        return None
    graph = helper.make_graph(
        [node],
        "sizes",
        [],
        [helper.make_tensor_value_info(node.output[0], TensorProto.UNDEFINED, None)],
        [numpy_helper.from_array(values[name], name) for name in set(node.input) if name],
    )
    try:
        one = helper.make_model(graph, opset_imports=model.opset_import)
        found = np.asarray(next(iter(ReferenceEvaluator(one).run(None, {}))))
    except Exception:  # whatever it raises, the value is not known
        return None
    return found if found.size <= SMALL else None
