"""Sizes of the layers of ONNX and TFLite files: those that torch and LiteRT run."""

from __future__ import annotations

import json
import warnings

import numpy as np
import onnx
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper
from torch import nn

from tests import tflite_networks
from tests.chain import tilewright
from tests.tflite_files import TfliteFile
from tilewright.errors import FormatError
from tilewright.interchange import read_file_topology
from tilewright.models.zoo import build_zoo, zoo_shapes
from tilewright.models.zoo_names import zoo_network
from tilewright.spec import ConvShape, LayerSizes


def exported(module, path, sizes, *, samples=1, is_open=False):
    """The ONNX file of a module that reads ``samples *sizes``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            (torch.zeros(samples, *sizes),),
            path,
            dynamo=False,
            input_names=["x"],
            dynamic_axes={"x": {0: "n"}} if is_open else None,
        )
    return path


def written(path, nodes, inputs, weights=(), domains=()):
    """An ONNX file of these nodes; weights: names and sizes."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name, sizes in inputs],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            helper.make_tensor(name, TensorProto.FLOAT, sizes, np.zeros(sizes, np.float32).ravel())
            for name, sizes in weights
        ],
    )
    opsets = [helper.make_opsetid(domain, 1) for domain in domains]
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), *opsets]), path)
    return path


@pytest.mark.parametrize(
    "name", ["ic_resnet8", "kws_ds_cnn", "ad_autoencoder", "sww_ds_cnn_1d", "unet"]
)
def test_layers_of_a_float_network_are_those_that_torch_runs(name, tmp_path):
    path = exported(build_zoo(name), tmp_path / "net.onnx", zoo_network(name).sizes)
    found = read_file_topology(path)
    assert [one.shape for one in found.layers] == list(zoo_shapes(name).values())
    assert found.notes == ()


class Mixed(nn.Module):
    """What the zoo has not: gaps, a transposed convolution in groups, tokens, a product of activations."""

    def __init__(self):
        super().__init__()
        self.gaps = nn.Conv2d(3, 8, 3, stride=2, padding=2, dilation=2)
        self.up = nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.tokens = nn.Linear(6, 5)
        self.head = nn.Linear(5, 10)

    def forward(self, x):
        tokens = self.tokens(self.up(self.gaps(x)).flatten(2).transpose(1, 2))
        mixed = (tokens @ tokens.transpose(1, 2)) @ tokens
        return self.head(mixed.mean(1))


@pytest.mark.parametrize(("samples", "is_open"), [(1, False), (4, False), (4, True)])
def test_sizes_are_those_of_one_sample(samples, is_open, tmp_path):
    path = tmp_path / "net.onnx"
    exported(Mixed(), path, (3, 16, 12), samples=samples, is_open=is_open)
    found = read_file_topology(path)
    assert [(one.shape, one.is_of_activations) for one in found.layers] == [
        (ConvShape(3, 16, 12, 8, 5, 5, stride=(2, 2), padding=(2, 2)), False),
        (ConvShape(8, 16 + 2, 12 + 2, 6, 3, 3, groups=2), False),  # an ofmap of 16 x 12
        (ConvShape(6, 16 * 12, 1, 5, 1, 1), False),
        (ConvShape(5, 16 * 12, 1, 16 * 12, 1, 1), True),
        (ConvShape(16 * 12, 16 * 12, 1, 5, 1, 1), True),
        (ConvShape(5, 1, 1, 10, 1, 1), False),
    ]
    assert {one.times for one in found.layers} == {1}
    assert found.notes == ()


@pytest.mark.parametrize(
    ("mode", "edges"), [("SAME_UPPER", ((0, 1), (1, 1))), ("SAME_LOWER", ((1, 0), (1, 1)))]
)
def test_operations_of_others_let_sizes_through(mode, edges, tmp_path):
    nodes = [
        helper.make_node("Quant", ["x", "s", "s", "s"], ["q"], domain="qonnx.custom_op.general"),
        helper.make_node("Quant", ["w", "s", "s", "s"], ["v"], domain="qonnx.custom_op.general"),
        helper.make_node(
            *("FusedConv", ["q", "v"], ["c"]),
            domain="com.microsoft",
            activation="Relu",
            auto_pad=mode,
            strides=[2, 2],
        ),
        helper.make_node(
            "QLinearAdd", ["c", "s", "s", "c", "s", "s", "s", "s"], ["a"], domain="com.microsoft"
        ),
        helper.make_node("Flatten", ["a"], ["f"]),
        helper.make_node(
            "QGemm", ["f", "s", "s", "g", "s", "s"], ["y"], domain="com.microsoft", transB=1
        ),
    ]
    path = written(
        tmp_path / "net.onnx",
        nodes,
        [("x", ["n", 3, 8, 9])],
        [("w", [4, 3, 3, 3]), ("s", [1]), ("g", [7, 4 * 4 * 5])],
        ("qonnx.custom_op.general", "com.microsoft"),
    )
    convolution, linear = (one.shape for one in read_file_topology(path).layers)
    assert convolution.edges == edges
    assert (convolution.ic, convolution.oc, convolution.oh, convolution.ow) == (3, 4, 4, 5)
    assert linear == ConvShape(80, 1, 1, 7, 1, 1)


def test_weights_on_the_left_and_a_name_twice(tmp_path):
    nodes = [
        helper.make_node("MatMul", ["w", "x"], ["a"], name="mix"),
        helper.make_node("MatMul", ["a", "v"], ["y"], name="mix"),
    ]
    weights = [("w", [5, 8]), ("v", [6, 2])]
    path = written(tmp_path / "net.onnx", nodes, [("x", [1, 8, 6])], weights)
    assert read_file_topology(path).layers == (
        LayerSizes("mix", ConvShape(8, 6, 1, 5, 1, 1)),
        LayerSizes("mix#2", ConvShape(6, 5, 1, 2, 1, 1)),
    )


CONV = helper.make_node("Conv", ["x", "w"], ["y"], name="c")


@pytest.mark.parametrize(
    ("nodes", "sizes", "weight", "told"),
    [
        ([CONV], ["n", 3, "h", 8], [4, 3, 3, 3], r"fixed sizes behind the first one, not \[1, 3, 'h', 8\]"),
        ([CONV], [1, 3, 8, 8, 8], [4, 3, 3, 3, 3], "node c .Conv.: a convolution must have one or two"),
        ([CONV], [1, 3, 2, 2], [4, 3, 3, 3], r"node c .Conv.: .*the kernel 3x3 must fit"),
        (
            [helper.make_node("Odd", ["x"], ["o"], name="odd", domain="mine"),
             helper.make_node("Conv", ["o", "w"], ["y"])],
            [1, 3, 8, 8], [4, 3, 3, 3], r"the sizes of o are not known: they end at node odd \(Odd\)",
        ),
        ([helper.make_node("Relu", ["x"], ["y"])], [1, 3], [1], "must hold a convolution or a matrix"),
        (
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            [1, 3, 4], [5, 4], r"must fit one another, not \[1, 3, 4\] and \[5, 4\]",
        ),
    ],
)  # fmt: skip
def test_what_has_no_sizes_is_named(nodes, sizes, weight, told, tmp_path):
    path = written(tmp_path / "net.onnx", nodes, [("x", sizes)], [("w", weight)], ("mine",))
    with pytest.raises(FormatError, match=told):
        read_file_topology(path)


def test_open_axes_have_the_sizes_that_are_given(tmp_path):
    path = written(tmp_path / "net.onnx", [CONV], [("x", ["n", 3, "h", 8])], [("w", [4, 3, 3, 3])])
    (layer,) = read_file_topology(path, {"h": 10}).layers
    assert (layer.shape.ih, layer.shape.iw) == (10, 8)
    assert read_file_topology(path, {"x.2": 10}).layers == (layer,)
    with pytest.raises(FormatError, match=r"give those of your samples with plan --axes h=N, or"):
        read_file_topology(path)
    with pytest.raises(FormatError, match=r"must have an open axis 'w', which --axes gives a size"):
        read_file_topology(path, {"h": 10, "w": 3})


def test_plan_takes_sizes_of_open_axes(tmp_path):
    path = written(tmp_path / "net.onnx", [CONV], [("x", ["n", 3, "h", 8])], [("w", [4, 3, 3, 3])])
    done = tilewright("plan", path, "--axes", "h=10", "--json")
    (layer,) = json.loads(done.stdout)["arrays"][0]["layers"]
    assert (done.returncode, layer["ih"]) == (0, 10)
    for arguments, told in [
        ((path, "--axes", "h"), "--axes is NAME=N, for example sequence=128, not 'h'"),
        ((path, "--axes", "h=0"), "--axes is NAME=N"),
        (("vgg_tiny", "--axes", "h=8"), "open axes are those of an ONNX file, not of vgg_tiny"),
    ]:
        done = tilewright("plan", *arguments)
        assert done.returncode == 2
        assert told in done.stderr


def test_a_file_that_is_none(tmp_path):
    for name in ("net.onnx", "net.tflite"):
        (tmp_path / name).write_bytes(b"\x08\x01 no network")
        with pytest.raises(FormatError, match=f"{name} is no (valid )?"):
            read_file_topology(tmp_path / name)


KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


def up(path):
    """A strided kernel with gaps beside a transposed convolution."""
    file = TfliteFile((9, 8, 3))
    x = file.layer("CONV_2D", file.input, 4, stride=2, padding="VALID")
    x = file.layer("CONV_2D", x, 5, dilation=2)
    return file.save(path, file.transposed(x, 6, kernel=(3, 2), stride=2))


@pytest.mark.parametrize("name", ["resnet8", "ds_cnn", "mobilenet", "autoencoder", "gated", "up"])
def test_layers_of_a_tflite_file_are_those_that_litert_runs(name, tmp_path):
    path = tmp_path / "net.tflite"
    (up if name == "up" else getattr(tflite_networks, name))(path)
    interpreter = Interpreter(str(path))
    sizes = {one["index"]: tuple(one["shape"]) for one in interpreter.get_tensor_details()}
    ofmaps, taps = [], []
    for op in interpreter._get_ops_details():
        if op["op_name"] in KINDS:
            *pixels, oc = sizes[op["outputs"][0]][1:]
            ofmaps.append((oc, *(pixels or (1, 1))))
            taps.append(int(np.prod(sizes[op["inputs"][1]])))
    shapes = [one.shape for one in read_file_topology(path).layers]
    assert [(shape.oc, shape.oh, shape.ow) for shape in shapes] == ofmaps
    gaps = (5 * 5 - 3 * 3) * 4 * 5 if name == "up" else 0  # weights of 0 in the kernel with gaps
    assert sum(int(np.prod(shape.weight_sizes)) for shape in shapes) == sum(taps) + gaps
