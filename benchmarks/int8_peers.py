"""The int8 runtimes that people would use instead, on a network of the same sizes.

Each peer gets the layers of an `IntegerNetwork` as a float graph (BatchNorm folded away, ReLU and pools
as they are) and quantizes it with its own calibration, to uint8 activations and int8 weights by channel.
Such a graph rounds its own scales, so its outputs are no oracle for ours; what is compared is time. A
network whose flatten joins more than one pixel is not covered.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.spec import IntegerLayer, IntegerNetwork

Images = npt.NDArray[np.float32]
Runner = Callable[[Images], Any]
BATCHES = (1, 8, 32)
CALIBRATION = 32


def peers(network: IntegerNetwork, *, threads: int) -> Iterator[tuple[str, int, Runner]]:
    """Name, batch, and a function that computes a batch ``n ic ih iw``; what is not installed is left out."""
    with tempfile.TemporaryDirectory() as folder:
        qdq = Path(folder) / "qdq.onnx"
        _quantize(network, qdq)
        for name, make in (("ort_qdq", _onnxruntime), ("openvino", _openvino)):
            for batch in BATCHES:
                try:
                    yield name, batch, make(qdq, batch, threads)
                except ImportError as error:
                    print(f"{name}: not measured: {error}", file=sys.stderr)
                    break
    try:
        yield "inductor", 32, _inductor(network, 32, threads)
    except ImportError as error:
        print(f"inductor: not measured: {error}", file=sys.stderr)


def _quantize(network: IntegerNetwork, path: Path) -> None:
    import onnx
    from onnxruntime import quantization

    sizes = network.node(network.inputs[0]).input_shape
    rng = np.random.default_rng(0)
    batches = iter([{"x": _random(rng, sizes, 8)} for _ in range(CALIBRATION // 8)])
    plain = path.with_name("float.onnx")
    onnx.save(_graph(network), plain)

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> Any:
            return next(batches, None)

    quantization.quantize_static(
        str(plain),
        str(path),
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        per_channel=True,
    )


def _graph(network: IntegerNetwork) -> Any:
    """The layers as float ONNX: Conv or Gemm, Relu, MaxPool, Flatten."""
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    weights: list[Any] = []
    value = "x"

    def add(kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [name], name=f"node_{name}", **attributes))
        return name

    def hold(array: npt.NDArray[Any]) -> str:
        weights.append(numpy_helper.from_array(array.astype(np.float32), f"w{len(weights)}"))
        return str(weights[-1].name)

    for layer in network.layers:
        shape = layer.shape
        weight = hold(_weight(layer))
        bias = hold(np.zeros(shape.oc))
        pads = [*shape.padding, *shape.padding]
        value = add(
            "Conv", [value, weight, bias], strides=list(shape.stride), pads=pads,
            kernel_shape=[shape.kh, shape.kw],
        )  # fmt: skip
        for link in layer.requantizations:
            value = add("Relu", [value])
            for pool in link.pools:
                value = add(
                    "MaxPool", [value], kernel_shape=list(pool.kernel), strides=list(pool.stride),
                    pads=[*pool.padding, *pool.padding],
                )  # fmt: skip
    sizes = network.node(network.inputs[0]).input_shape
    graph = helper.make_graph(
        nodes,
        "peer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *sizes])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["n", None, None, None])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _weight(layer: IntegerLayer) -> npt.NDArray[np.float32]:
    """Weights whose products stay near 1, so that no activation is lost."""
    weight = layer.weight.astype(np.float32)
    return weight / np.float32(np.sqrt(layer.weight[0].size) * max(1e-3, weight.std()))


def _onnxruntime(path: Path, _batch: int, threads: int) -> Runner:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"x": images})


def _openvino(path: Path, batch: int, threads: int) -> Runner:
    import openvino

    model = openvino.Core().read_model(str(path))
    model.reshape([batch, *list(model.input(0).get_partial_shape())[1:]])
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    return lambda images: compiled([images])


def _inductor(network: IntegerNetwork, batch: int, threads: int) -> Runner:
    """torch.export, torchao's post-training quantization for x86, compiled."""
    import torch
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    os.environ["TORCHINDUCTOR_FREEZING"] = "1"
    import torch._inductor.config as inductor

    inductor.freezing = True
    torch.set_num_threads(threads)
    sizes = network.node(network.inputs[0]).input_shape
    example = torch.from_numpy(_random(np.random.default_rng(0), sizes, batch))
    module = _module(network).eval().to(memory_format=torch.channels_last)
    with torch.no_grad():
        graph = torch.export.export(module, (example,)).module()
        quantizer = x86.X86InductorQuantizer()
        quantizer.set_global(x86.get_default_x86_inductor_quantization_config())
        prepared = prepare_pt2e(graph, quantizer)
        prepared(example)
        converted = convert_pt2e(prepared)
        compiled = torch.compile(converted)
        compiled(example)

    def run(images: Images) -> Any:
        with torch.no_grad():
            return compiled(torch.from_numpy(images))

    return run


def _module(network: IntegerNetwork) -> Any:
    import torch

    parts: list[Any] = []
    for layer in network.layers:
        shape = layer.shape
        conv = torch.nn.Conv2d(
            shape.ic, shape.oc, (shape.kh, shape.kw), shape.stride, shape.padding
        )
        conv.weight.data = torch.from_numpy(_weight(layer))
        parts.append(conv)
        for link in layer.requantizations:
            parts.append(torch.nn.ReLU())
            parts += [
                torch.nn.MaxPool2d(pool.kernel, pool.stride, pool.padding) for pool in link.pools
            ]
    return torch.nn.Sequential(*parts)


def _random(rng: np.random.Generator, sizes: tuple[int, ...], count: int) -> Images:
    return rng.random((count, *sizes), np.float32)
