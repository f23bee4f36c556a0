"""Constants that a file computes from constants: evaluated once, as every engine would."""

from __future__ import annotations

import numpy as np
from onnx import helper, numpy_helper

from tilewright.interchange.extras import require
from tilewright.interchange.onnx_graph import Array, Operator

FOLDED = frozenset(
    (
        *(
            "Abs",
            "Add",
            "Cast",
            "Ceil",
            "Clip",
            "Concat",
            "Div",
            "Exp",
            "Flatten",
            "Floor",
            "Gather",
        ),
        *(
            "Identity",
            "Log",
            "Max",
            "Min",
            "Mul",
            "Neg",
            "Pow",
            "Reciprocal",
            "ReduceMax",
            "ReduceMean",
        ),
        *("ReduceMin", "ReduceProd", "Relu", "Reshape", "Round", "Shape", "Sign", "Size", "Slice"),
        *("Sigmoid", "Split", "Sqrt", "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze"),
        *("And", "Equal", "Erf", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or"),
        *("ReduceL1", "ReduceL2", "ReduceSum", "Where"),
    )
)
"""Operations of constants that are evaluated: those of which the result is about as large as the inputs."""

GROWING = ("ConstantOfShape", "Expand", "Tile")
"""Those whose results may be much larger: their sizes are looked at first."""

FOLDED |= {*GROWING}

MICROSOFT = "com.microsoft"
"""Of ONNX Runtime's own operators."""

LARGEST = 2**26
"""Numbers that a constant may have."""


def fold(op: Operator, constants: dict[str, Array], opset: int) -> dict[str, Array]:
    """The outputs of an operation whose inputs are all constants, computed by ONNX Runtime.

    Refuses what is too large, and what ONNX Runtime refuses.
    """
    read = {name: constants[name] for name in op.inputs if name}
    shapes = [*_broadcast(read), *_asked_for(op, read)]
    if any(np.prod(shape, dtype=np.float64) > LARGEST for shape in (_fitted(shapes), *shapes)):
        op.refuse(f"its result must have at most {LARGEST} numbers")
    return run_alone(op, read, opset)


def _fitted(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The sizes that all of these are made to have; none if they do not fit: then nothing is multiplied."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return ()


def _asked_for(op: Operator, read: dict[str, Array]) -> list[tuple[int, ...]]:
    """Sizes that a constant states, of an operation that makes numbers of them."""
    if op.kind not in GROWING:
        return []
    sizes = [abs(int(size)) for size in read[op.inputs[-1]].reshape(-1)]
    if op.kind == "Tile":
        before = read[op.inputs[0]].shape
        sizes = [one * other for one, other in zip(before, sizes, strict=False)]
    return [tuple(sizes)]


def _broadcast(read: dict[str, Array]) -> list[tuple[int, ...]]:
    """Sizes of the inputs if they fit one another, else none: then there is nothing to multiply."""
    shapes = [values.shape for values in read.values()]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return []
    return shapes


def run_alone(op: Operator, read: dict[str, Array], opset: int) -> dict[str, Array]:
    """What ONNX Runtime makes of one operation, standard or its own, by the name of its outputs."""
    runtime = require("onnxruntime", extra="onnx")
    domain = MICROSOFT if op.domain == MICROSOFT else ""
    node = helper.make_node(op.kind, op.inputs, op.outputs, domain=domain, **op.attributes)
    tensors = [numpy_helper.from_array(np.asarray(values), name) for name, values in read.items()]
    ends = [helper.make_empty_tensor_value_info(name) for name in op.outputs]
    graph = helper.make_graph([node], "constants", [], ends, tensors)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what it raises is told below
    options.intra_op_num_threads = 1  # it would start one for each core, for one operation
    try:
        session = runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        found = session.run(list(op.outputs), {})
    except Exception as error:  # an engine raises classes of its own, and says them nowhere
        reason = " ".join(str(error).split())[:120]
        op.refuse(f"its constants cannot be computed: {reason}")
    return dict(zip(op.outputs, found, strict=True))
