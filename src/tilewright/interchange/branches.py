"""Branches of a file whose condition is known: what exporters write of ``squeeze`` and of options.

A condition that follows from constants and from sizes is the same for every input. The nodes of the branch
that is taken stand in the place of the ``If``, with names of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

MOST_BRANCHES = 1000
"""That are taken, one in another too."""
SIZES = (1, 2)
"""Of what a file leaves open: a condition that differs between them is not known."""


def take_branches(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model`, changed: each ``If`` of a known condition is the branch that is taken; others stay."""
    for _ in range(MOST_BRANCHES):
        found = [node for node in model.graph.node if node.op_type == "If" and node.input]
        if not found:
            break
        kinds = _kinds(model)
        known = ((node, _condition(model, node.input[0], kinds)) for node in found)
        taken = next(((node, chosen) for node, chosen in known if chosen is not None), None)
        if taken is None:
            break
        _put_in_place(model.graph, *taken)
    return model


def _kinds(model: onnx.ModelProto) -> dict[str, Any]:
    """The type of each tensor, with its sizes as far as they are known; none where they contradict."""
    try:
        inferred = onnx.shape_inference.infer_shapes(model)
    except onnx.shape_inference.InferenceError:
        return {}
    infos = (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output)
    return {one.name: one.type.tensor_type for one in infos}


def _condition(model: onnx.ModelProto, name: str, kinds: dict[str, Any]) -> bool | None:
    """What a condition is; None where it follows from the input, or from a size that is left open."""
    found = {_evaluated(model, name, size, kinds) for size in SIZES}
    return found.pop() if len(found) == 1 else None


def _evaluated(model: onnx.ModelProto, name: str, size: int, kinds: dict[str, Any]) -> bool | None:
    """The condition, where open sizes are `size`; None if it does not follow from sizes and constants."""
    makers = {one: node for node in model.graph.node for one in node.output if one}
    constants = {tensor.name for tensor in model.graph.initializer}
    nodes: list[Any] = []
    shapes: list[str] = []
    wanted, seen = [name], set[str]()
    while wanted:
        one = wanted.pop()
        node = makers.get(one)
        if one in constants or one in seen:
            continue
        seen.add(one)
        if node is None or node.op_type in ("If", "Loop", "Scan"):
            return None
        if node.op_type == "Shape":
            shapes.append(one)
            continue
        if node not in nodes:
            nodes.append(node)
        wanted.extend(read for read in node.input if read)
    known = {one: _shape(makers[one], size, kinds) for one in shapes}
    if any(values is None for values in known.values()):
        return None
    return _run(model, [node for node in model.graph.node if node in nodes], known, name)


def _shape(node: Any, size: int, kinds: dict[str, Any]) -> Any:
    """The sizes that a Shape gives, those that are open as `size`; None if it is not known how many."""
    kind = kinds.get(node.input[0])
    if kind is None or not kind.HasField("shape"):
        return None
    sizes = np.array([one.dim_value or size for one in kind.shape.dim], np.int64)
    ends = {one.name: int(one.i) for one in node.attribute}
    return sizes[ends.get("start", 0) : ends.get("end", len(sizes))]


def _run(
    model: onnx.ModelProto, nodes: Sequence[Any], known: dict[str, Any], name: str
) -> bool | None:
    """A condition that these operations compute of constants and sizes."""
    tensors = [*model.graph.initializer]
    tensors += [numpy_helper.from_array(values, one) for one, values in known.items()]
    end = helper.make_tensor_value_info(name, onnx.TensorProto.BOOL, None)
    graph = helper.make_graph(list(nodes), "condition", [], [end], tensors)
    try:
        (found,) = ReferenceEvaluator(
            helper.make_model(graph, opset_imports=model.opset_import)
        ).run(None, {})
        return bool(np.asarray(found).reshape(-1)[0])
    except Exception:  # whatever it raises, the condition is not known
        return None


def _put_in_place(graph: onnx.GraphProto, node: onnx.NodeProto, chosen: bool) -> None:
    """The nodes of the branch that is taken, in the place of the node."""
    branches = {one.name: one.g for one in node.attribute}
    branch = branches["then_branch" if chosen else "else_branch"]
    inner = [tensor.name for tensor in branch.initializer]
    inner += [name for one in branch.node for name in one.output if name]
    names = {name: f"{node.name or node.output[0]}.{name}" for name in inner}
    copies = []
    for one in branch.node:
        copies.append(onnx.NodeProto())
        copies[-1].CopyFrom(one)
        copies[-1].name = f"{node.name or node.output[0]}.{one.name}"
        _rename(copies[-1], names)
    for tensor in branch.initializer:
        own = graph.initializer.add()
        own.CopyFrom(tensor)
        own.name = names[tensor.name]
    for result, output in zip(branch.output, node.output, strict=False):
        read = names.get(result.name, result.name)
        copies.append(helper.make_node("Identity", [read], [output], name=f"{output}.taken"))
    place = next(at for at, one in enumerate(graph.node) if one == node)
    nodes = [*graph.node[:place], *copies, *graph.node[place + 1 :]]
    kept = [onnx.NodeProto() for _ in nodes]
    for copy, one in zip(kept, nodes, strict=True):
        copy.CopyFrom(one)
    del graph.node[:]
    graph.node.extend(kept)


def _rename(node: onnx.NodeProto, names: dict[str, str]) -> None:
    """Give what a node reads and makes the names that it has in the graph, in its own branches too."""
    for field in (node.input, node.output):
        renamed = [names.get(name, name) for name in field]
        del field[:]
        field.extend(renamed)
    inner: Iterable[Any] = (
        one.g for one in node.attribute if one.type == onnx.AttributeProto.GRAPH
    )
    for graph in inner:
        for one in graph.node:
            _rename(one, names)
        for output in graph.output:
            output.name = names.get(output.name, output.name)
