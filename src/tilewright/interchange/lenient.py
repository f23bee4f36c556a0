"""ONNX files as they are found: what every tool of QONNX overlooks is put right on a copy."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import onnx
from onnx import TensorProto, helper
from onnx.inliner import inline_local_functions

from tilewright.interchange.branches import take_branches

CUSTOM_VERSION = 1
APART = 4
"""The version of files from which on constants need not be inputs too."""
TRUNC_OF_TWO = 6
"""Inputs of a Trunc of the second version of its domain; of the first, it has five."""
CODES_OF_WEIGHTS = {
    "DequantizeLinear": (0, 2),
    "QLinearConv": (3, 5),
    "QLinearMatMul": (3, 5),
    "QGemm": (3, 5),
}
"""Which inputs of operations are weights and their zero-point."""
FLOAT = TensorProto.FLOAT


def tidy(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with an opset import for each custom domain that nodes use, each tensor described once, and
    operations in the order in which they can run.

    Files of older exporters and of qonnx's own clean-up lack the imports; other tools list an input, an
    output or an initializer in ``value_info`` again, or one tensor there twice. Functions that a file defines
    itself stand where they are called, and branches of known conditions where these are asked. A graph
    without a name gets one, and a file whose constants are no inputs the version that allows it. "ai.onnx" is
    another name of the domain without one, and ROUND_TO_ZERO, as Brevitas has it, of what qonnx's executor
    calls DOWN. A Trunc of six inputs is of the second version of its domain, whatever the import says.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(inline_local_functions(model) if model.functions else model)
    for one in (*copy.opset_import, *copy.graph.node):
        if one.domain == "ai.onnx":
            one.domain = ""
    if {one.name for one in copy.graph.initializer} - {one.name for one in copy.graph.input}:
        copy.ir_version = max(copy.ir_version, APART)
    _order(take_branches(copy).graph)
    for node in copy.graph.node:
        for one in node.attribute:
            if one.name == "rounding_mode" and one.s.upper() == b"ROUND_TO_ZERO":
                one.s = b"DOWN"
    known = {one.domain for one in copy.opset_import}
    for domain in sorted({node.domain for node in copy.graph.node} - known - {""}):
        copy.opset_import.append(helper.make_opsetid(domain, CUSTOM_VERSION))
    _state_truncs(copy)
    graph = copy.graph
    graph.name = graph.name or "graph"
    seen = {one.name for one in (*graph.input, *graph.output, *graph.initializer)}
    kept = []
    for info in graph.value_info:
        if info.name not in seen:
            kept.append(info)
        seen.add(info.name)
    del graph.value_info[:]
    graph.value_info.extend(kept)
    return copy


def _state_truncs(model: onnx.ModelProto) -> None:
    """Let the domain of a Trunc be of the version that its inputs are of, which decides what they mean."""
    second = {
        node.domain
        for node in model.graph.node
        if node.op_type == "Trunc" and len(node.input) == TRUNC_OF_TWO
    }
    for one in model.opset_import:
        if one.domain in second:
            one.version = max(one.version, 2)


def _order(graph: onnx.GraphProto) -> None:
    """Put operations behind those that they read; what is in order stays so, and circles stay as they are."""
    nodes = list(graph.node)
    maker = {name: place for place, node in enumerate(nodes) for name in node.output if name}
    before = {
        place: {maker[name] for name in node.input if name in maker}
        for place, node in enumerate(nodes)
    }
    if all(max(read, default=-1) < place for place, read in before.items()):
        return
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError:
        return
    copies = [onnx.NodeProto() for _ in order]
    for one, place in zip(copies, order, strict=True):
        one.CopyFrom(nodes[place])
    del graph.node[:]
    graph.node.extend(copies)


def with_stated_outputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy for the checker, which wants sizes of outputs; every engine finds those itself."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for output in copy.graph.output:
        output.type.tensor_type.shape.SetInParent()
    return copy


MAKERS_OF_WEIGHTS = ("Clip", "DequantizeLinear", "QuantizeLinear")
"""Operations from constants to the values of weights."""


def unshare_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model`, changed: each operation has quantized weights, and their zero-point, of its own.

    With exact sums, ONNX Runtime makes unsigned weights of signed ones, and fails where two operations share
    theirs, as the heads of a detector do.
    """
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    _unshare_weight_values(model, constants)
    taken, stated = set[str](), {*constants}
    for number, node in enumerate(model.graph.node):
        if node.op_type in MAKERS_OF_WEIGHTS and node.input[0] in stated:
            stated.add(node.output[0])
        places = [at for at in CODES_OF_WEIGHTS.get(node.op_type, ()) if at < len(node.input)]
        if not places or node.input[places[0]] not in stated:
            continue
        shared = [at for at in places if at > places[0] or node.input[at] in taken]
        taken.add(node.input[places[0]])
        for at in shared:
            if node.input[at] in constants:
                own = model.graph.initializer.add()
                own.CopyFrom(constants[node.input[at]])
                own.name = node.input[at] = f"{own.name}.{number}"
    return model


def _unshare_weight_values(model: onnx.ModelProto, constants: Mapping[str, Any]) -> None:
    """Let each operation but the first that reads the values of weights read those of another operation."""
    nodes = [onnx.NodeProto() for _ in model.graph.node]
    for copy, node in zip(nodes, model.graph.node, strict=True):
        copy.CopyFrom(node)
    found, taken = list[Any](), set[str]()
    makers = dict[str, list[Any]]((name, []) for name in constants)  # from a constant to the tensor
    for number, node in enumerate(nodes):
        for at, name in enumerate(node.input):
            chain = makers.get(name, [])
            if not chain or chain[-1].op_type != "DequantizeLinear":
                continue
            if name in taken:
                found.extend(_copied(chain, f"{number}.{at}", model, constants))
                node.input[at] = found[-1].output[0]
            taken.add(name)
        if node.op_type in MAKERS_OF_WEIGHTS and node.input[0] in makers:
            makers[node.output[0]] = [*makers[node.input[0]], node]
        found.append(node)
    del model.graph.node[:]
    model.graph.node.extend(found)


def _copied(
    chain: list[Any], suffix: str, model: onnx.ModelProto, constants: Mapping[str, Any]
) -> list[Any]:
    """Copies of operations of which each reads the one before, with names and constants of their own."""
    found: list[Any] = []
    for node in chain:
        own = onnx.NodeProto()
        own.CopyFrom(node)
        own.name, own.output[0] = f"{own.name}.{suffix}", f"{node.output[0]}.{suffix}"
        if found:
            own.input[0] = found[-1].output[0]
        for at, name in enumerate(own.input):
            if (
                at == 0 and name in constants and len(chain) > 1
            ):  # or it is one operation to ONNX Runtime
                constant = model.graph.initializer.add()
                constant.CopyFrom(constants[name])
                constant.name = own.input[at] = f"{name}.{suffix}.{len(found)}"
        found.append(own)
    return found


def real_inputs(model: onnx.ModelProto) -> list[Any]:
    """The inputs that are no initializers; older files list those as inputs too."""
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def close_batch(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model`, changed: an open batch is 1, and what followed from it is left to inference again."""
    firsts = [one.type.tensor_type.shape.dim[0] for one in real_inputs(model)]
    if all(first.dim_value > 0 for first in firsts):
        return model
    for first in firsts:
        first.dim_value = first.dim_value if first.dim_value > 0 else 1
    del model.graph.value_info[:]
    for output in model.graph.output:
        sizes = output.type.tensor_type.shape.dim
        if sizes and sizes[0].dim_value < 1:
            sizes[0].dim_value = 1
    return model


def cut_behind(model: onnx.ModelProto, tensors: tuple[str, ...]) -> onnx.ModelProto:
    """`model`, changed: operations that none of the tensors needs are gone, and with them their outputs."""
    graph = model.graph
    needed, kept = set(tensors), []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    if len(kept) == len(graph.node):
        return model
    kept = kept[::-1]
    read = {name for node in kept for name in node.input}
    known = {one.name: one for one in (*graph.output, *graph.value_info)}
    ends = [name for node in kept for name in node.output if name and name not in read]
    outputs = [known.get(name) or helper.make_tensor_value_info(name, FLOAT, None) for name in ends]
    inner = [one for one in graph.value_info if one.name in needed and one.name not in ends]
    copies = []
    for one in (*kept, *outputs, *inner):
        copies.append(type(one)())
        copies[-1].CopyFrom(one)
    del graph.node[:], graph.output[:], graph.value_info[:]
    graph.node.extend(copies[: len(kept)])
    graph.output.extend(copies[len(kept) : len(kept) + len(outputs)])
    graph.value_info.extend(copies[len(kept) + len(outputs) :])
    return model
