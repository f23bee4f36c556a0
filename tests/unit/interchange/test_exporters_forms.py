"""Forms that exporters leave: means before a layer, pixels without a quantizer, planes with channels last."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from onnx import TensorProto

from tests.qonnx_files import DOMAIN, STATED, File, node, quant
from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import channels_first, layers_of_means, read_onnx
from tilewright.interchange.source import Imported
from tilewright.spec import ResidualAdd
from tilewright.studies.imports import compare_foreign, read_foreign

SIGNED = STATED | {"signed": 1, "narrow": 1}


def agree(path, samples=6):
    """The foreign network, of which every code and sum that is compared is the source's."""
    foreign = read_foreign(path, samples)
    comparisons = compare_foreign(foreign)
    assert [str(one) for one in comparisons if not one.passed] == []
    assert sum(one.compared for one in comparisons) > 0
    return foreign


def fails(path, samples=6):
    """Whether a code or sum differs from the source's."""
    return any(not one.passed for one in compare_foreign(read_foreign(path, samples)))


def of_means(path, kind="Gemm"):
    """A layer of the means of codes, with no quantizer between."""
    file = File()
    names = [one.output[0] for one in file.nodes]
    file.nodes = file.nodes[: names.index("codes") + 1]
    if kind == "Gemm":
        file.constants["w2"] = file.constants["w2"][:, :4]
        file.nodes += [
            node("GlobalAveragePool", "mean", ["codes"]),
            node("Flatten", "flat", ["mean"]),
            quant("weight2", "w2", "w2_scale", "bits4", SIGNED),
            node("Gemm", "head", ["flat", "weight2"], transB=1),
        ]
        return file.save(path)
    file.constants["w2"] = file.constants["w2"][:, :4, None, None]
    window = {"kernel_shape": [3, 2], "strides": [2, 1]}
    file.nodes += [
        node("AveragePool", "mean", ["codes"], **window),
        quant("weight2", "w2", "w2_scale", "bits4", SIGNED),
        node("Conv", "head", ["mean", "weight2"]),
    ]
    return file.save(path)


@pytest.mark.parametrize(("kind", "kernel"), [("Gemm", (8, 6)), ("Conv", (3, 2))])
def test_a_layer_of_means_is_one_of_the_codes(kind, kernel, tmp_path):
    foreign = agree(of_means(tmp_path / "net.onnx", kind))
    assert [one.name for one in foreign.network.nodes] == ["conv", "head"]  # no node for the means
    shape = foreign.network.node("head").shape
    assert (shape.kh, shape.kw) == kernel
    assert not foreign.open_sums["head"].any()


def test_means_that_others_read_too_stay(tmp_path):
    path = of_means(tmp_path / "net.onnx", "Conv")
    model = onnx.load(path)
    scale, *rest = model.graph.node[-2].input[1:]
    quantizer = onnx.helper.make_node(
        "Quant", ["mean", scale, *rest], ["again"], domain=DOMAIN, **SIGNED
    )
    layer = onnx.helper.make_node("Conv", ["again", "weight2"], ["other"])
    model.graph.node.extend([quantizer, layer])
    model.graph.output.append(onnx.helper.make_tensor_value_info("other", 1, None))
    onnx.save(model, path)
    network = agree(path).network
    assert {"mean", "head", "other"} <= {one.name for one in network.nodes}


def test_that_a_window_is_counted_once_too_often_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: the scale of the mean's sums taken twice."""
    is_bare = layers_of_means._is_bare

    def doubled(value):
        for step in value.steps:
            step.apply.gain[:] *= 2
        return is_bare(value)

    monkeypatch.setattr(layers_of_means, "_is_bare", doubled)
    assert fails(of_means(tmp_path / "net.onnx"))


def pixels(path, *, kind=TensorProto.UINT8, factor=None, annotated=None):
    """A file whose first layer reads the input, through a Cast and a factor, and no quantizer."""
    file = File()
    before = [] if annotated else [node("Cast", "cast", ["x"], to=TensorProto.FLOAT)]
    name = before[-1].output[0] if before else "x"
    if factor is not None:
        file.constants["factor"] = factor
        before.append(node("Mul", "scaled", [name, "factor"]))
        name = "scaled"
    file.find("conv").input[0] = name
    file.constants["act_scale"] = 12.0
    file.nodes = [*before, *file.nodes[1:]]
    model = onnx.load(file.save(path))
    if annotated:
        note = model.graph.quantization_annotation.add(tensor_name="x")
        note.quant_parameter_tensor_names.add(key="finn_datatype", value=annotated)
    else:
        model.graph.input[0].type.tensor_type.elem_type = kind
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("kind", ["UINT8", "INT8"])
@pytest.mark.parametrize("factor", [None, 1 / 255])
def test_pixels_are_codes(kind, factor, tmp_path):
    made = pixels(tmp_path / "net.onnx", kind=TensorProto.DataType.Value(kind), factor=factor)
    network = agree(made).network
    assert network.nodes[0].act_format.name == kind
    assert network.nodes[0].act_scale == pytest.approx(factor or 1.0)


@pytest.mark.parametrize("kind", ["UINT8", "INT8"])
def test_floats_that_a_note_says_are_pixels(kind, tmp_path):
    network = agree(pixels(tmp_path / "net.onnx", annotated=kind)).network
    assert network.nodes[0].act_format.name == kind


@pytest.mark.parametrize("annotated", ["UINT16", "FLOAT32"])
def test_other_floats_are_no_codes(annotated, tmp_path):
    with pytest.raises(FormatError, match=r"^node conv \(Conv\): its input x is not quantized"):
        read_onnx(pixels(tmp_path / "net.onnx", annotated=annotated))


def last(path, body, channels):
    """A plane of codes with its channels last, and what is done to it before a linear layer."""
    net = Qdq((3, 6, 4))
    x = net.codes("x", 0.02, 3, S8)
    first = net.node("Conv", x, net.weight((4, 3, 3, 3), 0.01, 0, kind=S8), pads=[1] * 4)
    y = net.node("Transpose", net.codes(first, 0.05, -9, S8), perm=[0, 2, 3, 1])
    flat = net.node("Reshape", body(net, y), net.constant([0, -1], TensorProto.INT64))
    return net.save(path, net.node("MatMul", flat, net.weight((channels, 5), 0.01, 0, kind=S8)))


def whole(net, *values):
    return [net.constant(one, TensorProto.INT64) for one in values]


ISLANDS = {
    "nothing": (lambda _, y: y, 96),
    "put together by channel": (lambda net, y: net.node("Concat", y, y, axis=3), 192),
    "put together by column": (lambda net, y: net.node("Concat", y, y, axis=2), 192),
    "zeros around": (
        lambda net, y: net.node("Pad", y, *whole(net, [0, 1, 0, 0, 0, 0, 2, 0])),
        168,
    ),
    "channels cut out": (lambda net, y: net.node("Slice", y, *whole(net, [1], [3], [3])), 48),
    "a factor by channel": (
        lambda net, y: net.codes(
            net.node("Mul", y, net.constant([0.5, 1.0, 2.0, 0.25])), 0.1, 0, S8
        ),
        96,
    ),
    "slopes by channel": (
        lambda net, y: net.codes(
            net.node("PRelu", y, net.constant([0.5, 0.1, 0.2, 0.25])), 0.06, 0, S8
        ),
        96,
    ),
}


@pytest.mark.parametrize("island", ISLANDS)
def test_planes_with_channels_last_as_tf2onnx_flattens_them(island, tmp_path):
    body, channels = ISLANDS[island]
    agree(last(tmp_path / "net.onnx", body, channels))


def test_that_channels_last_are_taken_for_first_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: operations along an axis as if it were that of channels first."""
    monkeypatch.setattr(channels_first, "ALIKE", (*channels_first.ALIKE, "Concat"))
    monkeypatch.setattr(channels_first, "ALONG", ())
    monkeypatch.setattr(channels_first, "READ", (*channels_first.READ, "Concat"))
    body, channels = ISLANDS["put together by channel"]
    assert fails(last(tmp_path / "net.onnx", body, channels))


def added(path):
    """Signed codes whose sums are sometimes near zero, of scales without small common factors."""
    file = File()
    names = [one.output[0] for one in file.nodes]
    file.nodes = file.nodes[: names.index("codes") + 1]
    file.constants |= {"other_scale": 0.07, "act_scale": 0.1, "end_scale": 0.1}
    file.constants["w2"] = np.tile(file.constants["w2"], 4)[:, :192]
    file.nodes += [
        node("Neg", "opposite", ["norm"]),
        quant("other", "opposite", "other_scale", "bits4", SIGNED),
        node("Add", "sum", ["codes", "other"]),
        quant("end", "sum", "end_scale", "bits4", SIGNED),
        node("Flatten", "flat", ["end"]),
        quant("weight2", "w2", "w2_scale", "bits4", SIGNED),
        node("Gemm", "head", ["flat", "weight2"], transB=1),
    ]
    return file.save(path)


def test_sums_of_which_little_is_left_are_not_told_apart(tmp_path):
    network = agree(added(tmp_path / "net.onnx"), 20).network
    assert isinstance(network.node("sum"), ResidualAdd)
    assert max(network.node("sum").gains) > 2**22


def test_that_their_terms_are_rounded_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: only what is left of the terms is looked at."""
    unresolved = Imported.unresolved_sums
    monkeypatch.setattr(
        Imported, "unresolved_sums", lambda self, of, sums, _: unresolved(self, of, sums)
    )
    assert fails(added(tmp_path / "net.onnx"), 20)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_six_inputs_make_a_trunc_one_of_the_second_version(version, tmp_path):
    """Of the first version, the fifth input would be the width."""
    file = File()
    file.constants |= {"wide": 10.0, "truncated": 1.0, "area": 48.0}
    file.constants["w2"] = file.constants["w2"][:, :4]
    trunc = ["sum", "act_scale", "zero", "wide", "truncated", "bits4"]
    names = [one.output[0] for one in file.nodes]
    file.nodes = file.nodes[: names.index("codes") + 1]
    file.nodes += [
        node("GlobalAveragePool", "mean", ["codes"]),
        node("Mul", "sum", ["mean", "area"]),
        node("Trunc", "cut", trunc, domain=DOMAIN, rounding_mode="FLOOR", signed=0, narrow=0),
        node("Flatten", "flat", ["cut"]),
        quant("weight2", "w2", "w2_scale", "bits4", SIGNED),
        node("Gemm", "head", ["flat", "weight2"], transB=1),
    ]
    model = onnx.load(file.save(tmp_path / "net.onnx"))
    for one in [one for one in model.opset_import if one.domain == DOMAIN]:
        one.version = max(version, 1)
        if not version:
            model.opset_import.remove(one)
    onnx.save(model, tmp_path / "net.onnx")
    agree(tmp_path / "net.onnx")


def test_scales_of_half_precision_are_refused(tmp_path):
    net = Qdq((3, 8, 6))
    scale = net.constant(np.float16(0.02), TensorProto.FLOAT16)
    codes = net.node("QuantizeLinear", "x", scale, net.constant(3, S8))
    x = net.node("DequantizeLinear", codes, scale, net.constant(3, S8))
    path = net.save(tmp_path / "net.onnx", net.node("Conv", x, net.weight((4, 3, 3, 3), 0.1)))
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    onnx.save(model, path)
    with pytest.raises(
        FormatError, match=r"its scale is float16, .*: export the network in float32"
    ):
        read_onnx(path)


def test_quantizers_of_one_tool_are_refused_with_what_to_do(tmp_path):
    """As AMD's Quark writes them for types that ONNX has not."""
    net = Qdq((3, 8, 6))
    path = net.save(
        tmp_path / "net.onnx",
        net.node("Conv", net.codes("x", 0.02, 3, S8), net.weight((4, 3, 3, 3), 0.1)),
    )
    model = onnx.load(path)
    for one in model.graph.node[:2]:
        one.domain, one.op_type = "com.amd.quark", f"Extended{one.op_type}"
    onnx.save(model, path)
    with pytest.raises(FormatError, match=r"\(ExtendedQuantizeLinear\): .*: quantize with ONNX's"):
        read_onnx(path)
