"""Codes put together, repeated, multiplied and looked up in tables, in files of other tools."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.float_networks import Float, gated, quantize, upsampled
from tilewright.engine import Engine
from tilewright.errors import FormatError
from tilewright.interchange import read_onnx
from tilewright.interchange.functions import evaluate
from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import Factors
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.witness import run_file
from tilewright.spec import (
    CodeMove,
    CodeProduct,
    CodeTable,
    IntegerNetwork,
    NumberFormat,
)
from tilewright.studies.imports import _with_own, compare_foreign, read_foreign
from tilewright.verify import compare_traces, reference_trace

pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from tests.qonnx_files import STATED, File, node, quant

U8, S8 = NumberFormat(8, is_signed=False), NumberFormat(8, is_signed=True)
FORMS = list(product(("QDQ", "QOperator"), ("QUInt8", "QInt8")))


def branches(net):
    """Three branches of scales of their own, one of them up-sampled; one is read twice."""
    x = net.relu(net.conv("x", 4))
    low = upsampled(net, net.pool(net.relu(net.conv(x, 3))))
    both = net.node("Concat", [net.conv(x, 2, 1), low, x], 9, axis=1)
    last = net.relu(net.conv(both, 4))
    return net.head(net.node("Concat", [last, last], 8, axis=-3), 5)


def gates(net):
    """A gate of a sigmoid, x times its own sigmoid, and a leaky Relu."""
    x = gated(net, net.conv("x", 6), kind="Sigmoid")
    x = net.conv(x, 4)
    x = net.node("Mul", [x, net.node("Sigmoid", [x])])
    return net.head(net.node("LeakyRelu", [net.conv(x, 4)], alpha=0.1), 5)


def hard(net):
    """Functions that ONNX Runtime computes in floats between codes."""
    x = gated(net, net.node("HardSwish", [net.conv("x", 6)]))
    x = net.node("Tanh", [net.conv(x, 4)])
    return net.head(net.node("Elu", [net.conv(x, 4)], alpha=0.7), 5)


def files(build, tmp_path, form="QDQ", kind="QUInt8"):
    net = Float((3, 8, 6))
    net.save(tmp_path / "float.onnx", build(net))
    return quantize(tmp_path / "float.onnx", tmp_path / "net.onnx", form=form, kind=kind)


def agree(path, samples=3):
    """Codes and sums are the file's own, those of the engine the reference's, also of a saved network."""
    foreign = read_foreign(path, samples)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    network = foreign.network
    network.require_whole()
    stem = path.with_suffix("")
    network.save(stem)
    pixels = foreign.stimulus.codes[network.inputs[0]]
    trace = reference_trace(network, pixels)
    for one in (network, IntegerNetwork.load(stem)):
        found = compare_traces(trace, Engine(one).trace(pixels), what="engine")
        assert all(comparison.passed for comparison in found)
    return foreign


def kinds(foreign, noun):
    return [one.name for one in foreign.network.nodes if isinstance(one, noun)]


@pytest.mark.parametrize(("form", "kind"), FORMS)
def test_branches_are_put_together_on_one_grid(form, kind, tmp_path):
    foreign = agree(files(branches, tmp_path, form, kind))
    assert [len(one.planes) for one in foreign.network.nodes if isinstance(one, CodeMove)] == [
        1,
        3,
        2,
    ]
    assert foreign.doubtful == 0


def test_what_is_moved_twice_is_not_doubtful(tmp_path):
    """Codes up-sampled, then put on another grid beside a branch: a table of codes, with ties."""

    def build(net):
        x = net.relu(net.conv("x", 4))
        y = upsampled(net, net.pool(net.relu(net.conv(x, 4))))
        return net.conv(net.node("Concat", [y, net.conv(x, 4)], 8, axis=1), 2, 1)

    assert agree(files(build, tmp_path), 2).doubtful == 0


@pytest.mark.parametrize(("form", "kind"), FORMS)
def test_gates_and_functions_of_codes(form, kind, tmp_path):
    foreign = agree(files(gates, tmp_path, form, kind))
    assert (len(kinds(foreign, CodeProduct)), len(kinds(foreign, CodeTable))) == (2, 3)
    assert foreign.doubtful == 0
    products = [one for one in foreign.network.nodes if isinstance(one, CodeProduct)]
    assert any(any(one.zero_points) for one in products)


@pytest.mark.parametrize("kind", ["QUInt8", "QInt8"])
def test_functions_of_floats_between_codes(kind, tmp_path):
    foreign = agree(files(hard, tmp_path, kind=kind))
    assert len(kinds(foreign, CodeTable)) == 4


def test_another_scale_of_a_gate_is_another_network(tmp_path):
    """The sabotage: what leaves the products no longer fits."""
    path = files(gates, tmp_path)
    imported = read_onnx(path)
    model = onnx.load(path)
    name = next(one for one in model.graph.node if one.op_type == "Mul").output[0]
    scale = next(one for one in model.graph.initializer if one.name == f"{name}_scale")
    half = numpy_helper.to_array(scale) * np.float32(0.5)
    scale.CopyFrom(numpy_helper.from_array(half, scale.name))
    onnx.save(model, tmp_path / "other.onnx")
    other = replace(imported, path=tmp_path / "other.onnx")
    foreign = replace(
        read_foreign(path, 3), stimulus=_with_own(imported.network, other.run_source(3)[0])
    )
    wrong = {one.layer for one in compare_foreign(foreign) if not one.passed}
    assert kinds(foreign, CodeProduct)[0] in wrong


@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_of_a_product_is_that_of_onnx_runtime(seed, tmp_path):
    """All pairs of codes, with zero-points."""
    rng = np.random.default_rng(seed)
    scales = [float(np.float32(one)) for one in (*rng.uniform(0.001, 0.1, 2), 0.11)]
    scales[2] = float(np.float32(scales[0] * scales[1] * 2.0 ** (5 + seed)))
    a, b, c = (Grid(U8, scale, int(rng.integers(256))) for scale in scales)
    constants = {
        f"{kind}{name}": numpy_type(value)
        for name, grid in zip("abc", (a, b, c), strict=True)
        for kind, numpy_type, value in (
            ("s", np.float32, grid.scale),
            ("z", np.uint8, grid.zero_point),
        )
    }
    tensors = [numpy_helper.from_array(np.asarray(one), name) for name, one in constants.items()]
    tensors.append(numpy_helper.from_array(np.arange(256, dtype=np.uint8).reshape(1, 256), "y"))
    names = ["x", "sa", "za", "y", "sb", "zb", "sc", "zc"]
    one = helper.make_node("QLinearMul", names, ["made"], domain="com.microsoft")
    ends = [helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 1])]
    ends.append(helper.make_tensor_value_info("made", TensorProto.UINT8, None))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph([one], "one", ends[:1], ends[1:], tensors)
    path = tmp_path / "one.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    codes = np.arange(256, dtype=np.uint8).reshape(256, 1)
    made = run_file(path, codes, engine="onnxruntime", tensors=("made",))["made"]
    steps = np.arange(256.0)
    products = (steps - a.zero_point)[:, None] * (steps - b.zero_point)
    values = Factors(a.scale, b.scale)(c).apply(products)
    assert (np.rint(values / c.scale) + c.zero_point == made).all()


def two_branches(*joined, second="act_scale"):
    """A QONNX file in which a second convolution of the input has codes of its own, and both are joined."""
    file = File()
    file.constants["second_scale"] = 0.0625
    file.constants["w3"] = np.random.default_rng(3).normal(size=(4, 3, 1, 1)) * 0.5
    file.constants["w2"] = np.random.default_rng(2).normal(size=(5, 8 * 4 * 3)) * 0.3
    signed = STATED | {"signed": 1, "narrow": 1}
    more = [
        quant("weight3", "w3", "w1_scale", "bits4", signed),
        node("Conv", "side", ["pixels", "weight3"]),
        node("Relu", "side_relu", ["side"]),
        quant("side_codes", "side_relu", second, "bits4", STATED),
        *joined,
    ]
    place = file.nodes.index(file.find("pool"))
    file.nodes[place:place] = more
    file.find("pool").input[0] = joined[-1].output[0]
    return file


def concat():
    return node("Concat", "both", ["codes", "side_codes"], axis=1)


def test_qonnx_puts_codes_of_one_quantizer_together(tmp_path):
    foreign = agree(two_branches(concat()).save(tmp_path / "net.onnx"))
    assert kinds(foreign, CodeMove) == ["both"]


def test_qonnx_quantizes_branches_of_two_scales_behind_them(tmp_path):
    again = quant("again", "both", "act_scale", "bits4", STATED)
    agree(two_branches(concat(), again, second="second_scale").save(tmp_path / "net.onnx"))


def test_qonnx_multiplies_codes(tmp_path):
    joined = node("Mul", "both", ["codes", "side_codes"])
    file = two_branches(joined, quant("again", "both", "act_scale", "bits4", STATED))
    file.constants["w2"] = file.constants["w2"][:, : 4 * 4 * 3]
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert kinds(foreign, CodeProduct) == ["both"]


@pytest.mark.parametrize("kind", ["Sigmoid", "Tanh", "Softplus", "HardSigmoid", "LeakyRelu", "Erf"])
def test_a_function_that_rises_becomes_thresholds(kind, tmp_path):
    file = File()
    file.insert("norm", node(kind, "act", ["norm"]))
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert kinds(foreign, CodeTable) == []


@pytest.mark.parametrize("kind", ["HardSwish", "Sigmoid"])
def test_a_function_between_quantizers_is_a_table(kind, tmp_path):
    file = File()
    first = quant("first", "norm", "act_scale", "bits4", STATED | {"signed": 1})
    file.insert("norm", first)
    file.insert("first", node(kind, "act", ["first"]))
    place = file.nodes.index(file.find("relu"))
    file.nodes[place].input[0], file.find("codes").input[0] = "act", "act"
    del file.nodes[place]  # a quantizer follows directly
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert kinds(foreign, CodeTable) == ["act"]


@pytest.mark.parametrize("domain", ["", "com.microsoft"])
def test_gelu_is_what_onnx_runtime_makes_of_each_code(domain):
    op = Operator("Gelu", "act", domain, ("x",), ("y",), {}, "")
    values = np.linspace(-4, 4, 65, dtype=np.float32)
    expected = [value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in values.tolist()]
    assert evaluate(op, values, {}) == pytest.approx(expected, abs=1e-6)


def test_concatenated_values_are_quantized_behind_them(tmp_path):
    """Values of sums, which no quantizer has seen, along another axis."""
    joined = node("Concat", "both", ["relu", "norm"], axis=2)
    again = quant("again", "both", "act_scale", "bits4", STATED | {"signed": 1})
    file = two_branches(joined, again)
    file.constants["w2"] = np.random.default_rng(2).normal(size=(5, 4 * 8 * 3)) * 0.3
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert kinds(foreign, CodeMove) == ["both"]


@pytest.mark.parametrize(
    ("kind", "bits"),
    [(kind, bits) for kind in ("Add", "Sub", "Mul") for bits in ("bits4", "bits8")]
    + [("Concat", "bits4")],
)
def test_codes_of_two_formats_are_those_of_one(kind, bits, tmp_path):
    """u4 and s4 in 5 bits, u8 and s8 by counting from another zero."""
    signed = quant("signed_codes", "norm", "act_scale", bits, STATED | {"signed": 1})
    attributes = {"axis": 1} if kind == "Concat" else {}
    joined = node(kind, "both", ["codes", "signed_codes"], **attributes)
    again = quant("again", "both", "act_scale", "bits4", STATED | {"signed": 1})
    file = two_branches(signed, joined, *([] if kind == "Concat" else [again]))
    file.find("codes").input[3] = bits
    channels = 8 if kind == "Concat" else 4
    file.constants["w2"] = np.random.default_rng(2).normal(size=(5, channels * 4 * 3)) * 0.3
    foreign = agree(file.save(tmp_path / "net.onnx"))
    joined_node = foreign.network.node("both")
    assert joined_node.act_format.bits == (5 if bits == "bits4" else 8)


PLACES = [("asymmetric", "floor"), ("asymmetric", "ceil"), ("half_pixel", "round_prefer_floor")]
PLACES += [("pytorch_half_pixel", "round_prefer_ceil"), ("asymmetric", "round_prefer_floor")]


@pytest.mark.parametrize("sizes", [(16, 18), (11, 4)])
@pytest.mark.parametrize(("kind", "rule"), PLACES)
def test_pixels_are_repeated_where_onnx_has_them(kind, rule, sizes, tmp_path):
    file = File()
    file.constants["sizes"] = np.array([1, 4, *sizes])
    numbers = 4 * (sizes[0] // 2) * (sizes[1] // 2)
    file.constants["w2"] = np.random.default_rng(2).normal(size=(5, numbers)) * 0.1
    places = {"coordinate_transformation_mode": kind, "nearest_mode": rule}
    big = node("Resize", "big", ["codes", "", "", "sizes"], mode="nearest", **places)
    file.insert("codes", big)
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert kinds(foreign, CodeMove) == ["big"]


def unlike():
    file = two_branches(concat(), second="second_scale")
    file.constants["second_scale"] = 0.0731
    return file


def test_codes_of_scales_in_whole_ratios_need_no_quantizer_behind(tmp_path):
    agree(two_branches(concat(), second="second_scale").save(tmp_path / "net.onnx"))


def other_axis():
    return two_branches(node("Concat", "both", ["codes", "side_codes"], axis=0))


def alone():
    file = File()
    file.insert("norm", node("Cos", "act", ["norm"]))
    return file


def cubic():
    file = File()
    file.constants["scales"] = np.array([1.0, 1, 2, 2])
    file.insert("codes", node("Resize", "big", ["codes", "", "scales"], mode="cubic"))
    return file


def unquantized():
    return two_branches(node("Mul", "both", ["codes", "side_relu"]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            unlike,
            "node head (Gemm): its input and its weight have scales that differ by input channel",
        ),
        (other_axis, "node both (Concat): it must put planes together that fit one another, not"),
        (
            alone,
            "node act (Cos): it must stand between two quantizers, so that it is a table",
        ),
        (cubic, "node big (Resize): mode must be nearest or linear, not cubic"),
        (
            unquantized,
            "node both (Mul): its input side_relu is not quantized: put a quantizer before",
        ),
    ],
)
def test_what_has_no_codes_is_refused(make, message, tmp_path):
    with pytest.raises(FormatError) as caught:
        read_onnx(make().save(tmp_path / "net.onnx"))
    assert message in str(caught.value)
