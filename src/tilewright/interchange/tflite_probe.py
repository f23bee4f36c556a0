"""One operation of a TFLite file run by itself, and whole files, in LiteRT's interpreter."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError, ToolError, UnknownNameError
from tilewright.interchange.extras import require
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.tflite_graph import IDENTIFIER, TfliteGraph, tensor_names
from tilewright.store.artifact import read_bytes

RESOLVERS = {"xnnpack": "BUILTIN", "reference": "BUILTIN_REF"}
"""The interpreter's own names of kernels: of those that it takes unless told otherwise, first."""

FARTHEST = 2.0**18
"""Between the scales of an operation: beyond 2**19 some of the interpreter's kernels have no factor."""

PREFIX = "litert-"
"""Before the name of the kernels: the engine."""


def run_alone(
    file: TfliteGraph, op: Operator, inputs: Sequence[Array], *, kernels: str
) -> list[Array]:
    """What an operation makes of these numbers in place of its inputs that are no constants.

    inputs: of any sizes that the operation takes. Raises `FormatError` with the interpreter's own words
    where it refuses the operation, and for scales farther apart than its kernels can compute with.
    """
    _check_scales(file, op)
    schema = require("ai_edge_litert.schema_py_generated", extra="tflite")
    model, graph = schema.ModelT(), schema.SubGraphT()
    one = copy.copy(_find(file, op))
    model.version, model.operatorCodes = 3, [file.model.operatorCodes[one.opcodeIndex]]
    model.buffers, model.subgraphs = [schema.BufferT()], [graph]
    graph.tensors, graph.operators, graph.inputs = [], [one], []
    left, names = iter(inputs), tuple(file.tensors)

    def add(number: int, *, is_read: bool) -> int:
        if number < 0:
            return -1
        tensor = copy.copy(file.model.subgraphs[0].tensors[number])
        buffer = file.model.buffers[tensor.buffer]
        tensor.shapeSignature, tensor.buffer = None, 0
        known = file.constants.get(names[number])
        if buffer.data is None and known is not None:  # computed of constants
            buffer, tensor.shape = schema.BufferT(), np.array(known.shape, np.int32)
            buffer.data = np.frombuffer(known.tobytes(), np.uint8)
        if buffer.data is not None:
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
        elif is_read:
            if (values := next(left, None)) is None:
                op.refuse(f"it must read {len(inputs)} tensors that are no constants, not more")
            graph.inputs.append(len(graph.tensors))
            tensor.shape = np.array(values.shape, np.int32)
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    one.opcodeIndex = 0
    one.inputs = [add(number, is_read=True) for number in one.inputs]
    one.outputs = graph.outputs = [add(number, is_read=False) for number in one.outputs]
    content = _packed(model)
    try:
        interpreter = _interpreter(content, kernels, keeps=False)
        for tensor, values in zip(graph.inputs, inputs, strict=True):
            interpreter.set_tensor(tensor, values)
        interpreter.invoke()
        return [interpreter.get_tensor(number) for number in graph.outputs]
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        op.refuse(f"the interpreter does not compute it: {reason}")


def _check_scales(file: TfliteGraph, op: Operator) -> None:
    """Where the interpreter has no factor for scales it ends the process; no network has such scales."""
    names = [name for name in (*op.inputs, *op.outputs) if name]
    stated = [file.tensors[name].scale for name in names]
    scales = np.concatenate([one for one in stated if one is not None] or [np.ones(1)])
    if not (np.isfinite(scales).all() and 0 < scales.max() <= FARTHEST * scales.min()):
        op.refuse(
            f"the scales of its tensors must be positive and within a factor of {FARTHEST:,.0f}, "
            f"not {scales.min():g} and {scales.max():g}"
        )


def _find(file: TfliteGraph, op: Operator) -> Any:
    """The file's own object of an operation."""
    names = (*op.inputs, *op.outputs)
    numbers = [file.tensors[name].number if name else -1 for name in names]
    operators = file.model.subgraphs[0].operators
    return next(one for one in operators if [*one.inputs, *one.outputs] == numbers)


def _packed(model: Any) -> bytes:
    builder = require("flatbuffers", extra="tflite").Builder(1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _interpreter(content: bytes, kernels: str, *, keeps: bool) -> Any:
    litert = require("ai_edge_litert.interpreter", extra="tflite")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that keeping all tensors takes memory
        found = litert.Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=getattr(litert.OpResolverType, RESOLVERS[kernels]),
            experimental_preserve_all_tensors=keeps,
        )
        found.allocate_tensors()
    return found


def run_tflite(
    path: Path, inputs: npt.NDArray[Any], *, engine: str, tensors: tuple[str, ...]
) -> dict[str, Array]:
    """The tensors called `tensors`, as `run_file` has them; engine: "litert-" and the kernels."""
    kernels = engine.removeprefix(PREFIX)
    if kernels not in RESOLVERS:
        raise UnknownNameError.among("engine", engine, tuple(PREFIX + one for one in RESOLVERS))
    content = read_bytes(path)
    schema = require("ai_edge_litert.schema_py_generated", extra="tflite")
    graph = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0]
    numbers = {name: number for number, name in enumerate(tensor_names(graph))}
    sizes = tuple(int(size) for size in graph.tensors[graph.inputs[0]].shape[1:])
    if inputs.shape[1:] != sizes:
        raise ShapeError(f"{path} takes inputs of {sizes}, not {inputs.shape[1:]}")
    found: dict[str, list[Array]] = {name: [] for name in tensors}
    try:
        interpreter = _interpreter(content, kernels, keeps=True)
        for sample in inputs:
            interpreter.set_tensor(graph.inputs[0], sample[None])
            interpreter.invoke()
            for name in tensors:
                one = interpreter.get_tensor(numbers[name])
                found[name].append(
                    one if one.shape[:1] == (1,) else one[None]
                )  # rows of one sample
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200] or "no reason is given"
        raise ToolError(
            f"ai-edge-litert {version('ai-edge-litert')} cannot compute {path}, so there is nothing to "
            f"compare with: {reason}"
        ) from None
    return {name: np.concatenate(parts) for name, parts in found.items()}
