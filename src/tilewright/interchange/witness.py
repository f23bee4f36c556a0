"""Run an ONNX file in other projects' runtimes, and return every tensor."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError, TilewrightError, ToolError, UnknownNameError
from tilewright.interchange.extras import require
from tilewright.interchange.tflite_probe import PREFIX, run_tflite

AS_STATED = "onnxruntime-stated"
"""ONNX Runtime without the optimizer that quantizes weights which a file has as floats."""
ENGINES = ("onnxruntime", "onnxruntime-default", AS_STATED, "reference", "qonnx")

PRECISION = "session.x64quantprecision"
"""ONNX Runtime's option that forbids adding products of 8 bits in pairs to 16 bits, where they saturate."""

SIGNED_CODES = "session.qdqisint8allowed"
"""Its option to compute between signed codes with integers, as it does between unsigned ones, not floats."""

FLOAT_INPUTS = "session.qdq_matmulnbits_accuracy_level"
"""Its option for floats that meet dequantized weights: by default (4) it rounds them to 8 bits, at 1 not."""

PASSED = ("Flatten", "MaxPool", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze")
"""Operations through which its optimizer may move a quantizer."""

Tensors = dict[str, npt.NDArray[Any]]
Evaluate = Callable[[Tensors], list[npt.NDArray[Any]]]
"""One batch of each input, by name, to the wanted tensors."""


def run_file(
    path: Path,
    pixels: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]],
    *,
    engine: str,
    tensors: tuple[str, ...],
) -> Tensors:
    """The tensors called `tensors` that `engine` computes from `pixels` with the file at `path`.

    engine: "onnxruntime" (with its integer kernels, and exact sums), "onnxruntime-default" (without options:
    sums of 16 bits saturate on processors without a better instruction, signed codes are computed as floats),
    "onnxruntime-stated" (weights of floats stay what they are),
    "reference" (onnx's ReferenceEvaluator), "qonnx" (its executor, which alone knows Quant nodes), or
    "litert-" and the name of LiteRT's kernels for a TFLite file. pixels: ``n ...``, of the type of the file's
    only input, or one of these for each input by name; a file with a fixed batch runs several times. Raises
    `ShapeError` if n is no multiple of that batch.
    """
    if engine.startswith(PREFIX):
        (inputs,) = pixels.values() if isinstance(pixels, Mapping) else (pixels,)
        return run_tflite(path, inputs, engine=engine, tensors=tensors)
    if engine not in ENGINES:
        raise UnknownNameError.among("engine", engine, ENGINES)
    makers = (_onnxruntime, _default_onnxruntime, _stated_onnxruntime, _reference, _qonnx)
    make = dict(zip(ENGINES, makers, strict=True))[engine]
    from tilewright.interchange.beside import with_weights
    from tilewright.interchange.lenient import close_batch, cut_behind, real_inputs, tidy

    stated = require("onnx", extra="onnx").load(path, load_external_data=False)
    model = tidy(with_weights(stated, path))
    if engine == "qonnx":
        close_batch(
            cut_behind(model, tensors)
        )  # its executor needs a number, and computes all there is
    first = real_inputs(model)[0]
    feeds = dict(pixels) if isinstance(pixels, Mapping) else {first.name: pixels}
    count = len(feeds[first.name])
    batch = first.type.tensor_type.shape.dim[0].dim_value or count
    if count % batch:
        raise ShapeError(f"{path} takes {batch} images at a time, so {count} do not fit")
    with _as_witness(engine, path):
        run = make(model, tensors)
        parts = [
            run({name: values[start : start + batch] for name, values in feeds.items()})
            for start in range(0, count, batch)
        ]
    return {
        name: np.concatenate([part[number] for part in parts])
        for number, name in enumerate(tensors)
    }


@contextmanager
def _as_witness(engine: str, path: Path) -> Iterator[None]:
    """What an engine raises is its own affair, and neither a fault of ours nor of the network's."""
    try:
        yield
    except TilewrightError:
        raise
    except Exception as error:
        package = "onnx" if engine == "reference" else engine.partition("-")[0]
        reason = " ".join(str(error).split())[:200] or "no reason is given"
        raise ToolError(
            f"{package} {version(package)} cannot compute {path}, so there is nothing to compare with: "
            f"{type(error).__name__}: {reason}"
        ) from None


def _show(model: Any, tensors: tuple[str, ...]) -> None:
    """Make inner tensors outputs too, so that an engine keeps them."""
    described = {info.name: info for info in model.graph.value_info}
    for name in sorted({*tensors} - {info.name for info in model.graph.output}):
        output = model.graph.output.add()
        output.name = name
        if name in described:
            output.CopyFrom(described[name])


def _onnxruntime(model: Any, tensors: tuple[str, ...], *without: str) -> Evaluate:
    """With exact sums; models whose activations are signed cannot be loaded so, and are exact anyway."""
    from tilewright.interchange.lenient import unshare_weights

    unshare_weights(model)
    entries = {SIGNED_CODES: "1", FLOAT_INPUTS: "1"}
    try:
        return _session(model, tensors, entries | {PRECISION: "1"}, *without)
    except Exception as error:
        if "NOT_IMPLEMENTED" not in str(error):
            raise
    return _session(model, tensors, entries, *without)


def _stated_onnxruntime(model: Any, tensors: tuple[str, ...]) -> Evaluate:
    return _onnxruntime(model, tensors, "WeightBiasQuantization")


def _default_onnxruntime(model: Any, tensors: tuple[str, ...]) -> Evaluate:
    return _session(model, tensors, {})


def _apart(model: Any, tensors: tuple[str, ...]) -> tuple[str, ...]:
    """The names under which ONNX Runtime shows tensors as the file has them.

    It moves the quantizer behind a Reshape, say, to the layer before, and what it then shows of the layer is
    on the quantizer's grid. A second reader, which hands the tensor on, keeps the quantizer where it is.
    """
    nodes = model.graph.node
    pads = {node.output[0]: node for node in nodes if node.op_type == "Pad"}
    made = {name for node in nodes for name in node.output}  # an earlier session of it has them
    for name in sorted(pads.keys() & {*tensors}):  # shown, it would be no padding of a convolution
        if f"{name}.shown" in made:
            continue
        twin = nodes.add()
        twin.CopyFrom(pads[name])
        twin.name = twin.output[0] = f"{name}.shown"
        made.add(twin.name)
    moved = {name for node in nodes if node.op_type in PASSED for name in node.input} & {*tensors}
    for name in sorted(moved):
        shown = f"{name}.shown"
        if shown not in made:
            nodes.add(op_type="Identity", name=shown, input=[name], output=[shown])
    apart = moved | pads.keys()
    return tuple(f"{name}.shown" if name in apart else name for name in tensors)


def _session(
    model: Any, tensors: tuple[str, ...], entries: dict[str, str], *without: str
) -> Evaluate:
    tensors = _apart(model, tensors)
    runtime = require("onnxruntime", extra="onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # errors only: what it optimizes away is not the user's concern
    for key, value in entries.items():
        options.add_session_config_entry(key, value)
    _show(model, tensors)
    drops_relu = entries and _has_4_bits(model)
    session = runtime.InferenceSession(
        model.SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=[*without, *(("ReluQuantRewrite",) if drops_relu else ())] or None,
    )
    return lambda feeds: list(session.run(list(tensors), feeds))


def _has_4_bits(model: Any) -> bool:
    """Whether a file has codes of a type of 4 bits, before which ONNX Runtime drops what it must not."""
    proto = require("onnx", extra="onnx").TensorProto
    attributes = (one for node in model.graph.node for one in node.attribute)
    kinds = {one.i for one in attributes if one.name == "output_dtype"}
    kinds |= {one.data_type for one in model.graph.initializer}
    return bool(kinds & {proto.INT4, proto.UINT4})


def _reference(model: Any, tensors: tuple[str, ...]) -> Evaluate:
    evaluators = require("onnx.reference", extra="onnx")
    _show(model, tensors)
    evaluator = evaluators.ReferenceEvaluator(model)

    def run(feeds: Tensors) -> list[npt.NDArray[Any]]:
        with np.errstate(invalid="ignore"):  # it pads pools of integers with NaN, by width 0 too
            return list(evaluator.run(list(tensors), feeds))

    return run


def _qonnx(model: Any, tensors: tuple[str, ...]) -> Evaluate:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Some old-style domain", UserWarning)  # read as well
        wrapper = require("qonnx.core.modelwrapper", extra="onnx").ModelWrapper(model)
    if not wrapper.check_all_tensor_shapes_specified():
        shapes = require("qonnx.transformation.infer_shapes", extra="onnx")
        wrapper = wrapper.transform(shapes.InferShapes())
    executor = require("qonnx.core.onnx_exec", extra="onnx")

    def run(feeds: Tensors) -> list[npt.NDArray[Any]]:
        with warnings.catch_warnings():  # sizes that the file states and does not have
            warnings.filterwarnings("ignore", "Output shapes disagree", UserWarning)
            found = executor.execute_onnx(wrapper, feeds, return_full_exec_context=True)
        return [found[tensor] for tensor in tensors]

    return run
