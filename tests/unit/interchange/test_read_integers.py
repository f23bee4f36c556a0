"""8-bit ONNX files as ONNX Runtime writes them: every code of its own integer kernels."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import product

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.chain import tilewright
from tests.float_networks import Float, quantize
from tilewright.engine import Engine
from tilewright.errors import FormatError, ShapeError, TilewrightError
from tilewright.interchange import export_network, read_onnx
from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import Addition, Average, Products, whole_gains
from tilewright.interchange.witness import run_file
from tilewright.spec import IntegerNetwork, NumberFormat, ResidualAdd, op_of
from tilewright.studies.imports import _with_own, compare_foreign, read_foreign
from tilewright.verify import reference_trace

U8, S8 = NumberFormat(8, is_signed=False), NumberFormat(8, is_signed=True)
FORMS = list(product(("QDQ", "QOperator"), ("QUInt8", "QInt8"), (False, True)))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A float file: an addition of two scales, a depthwise layer, two kinds of pools, a linear layer."""
    net = Float((3, 8, 6))
    x = net.relu(net.conv("x", 4))
    x = net.relu(net.node("Add", [net.conv(x, 4), x]))
    x = net.pool(net.relu(net.conv(x, 4, groups=4)))
    x = net.conv(x, 6, 1)  # no Relu: signed codes
    return net.save(tmp_path_factory.mktemp("float") / "net.onnx", net.head(net.conv(x, 6), 5))


def agree(foreign):
    """Every code that the source resolves is the reference's; returns how many were compared."""
    comparisons = compare_foreign(foreign)
    assert [str(one) for one in comparisons if not one.passed] == []
    foreign.network.require_whole()
    return sum(one.compared for one in comparisons)


@pytest.mark.parametrize(("form", "kind", "per_channel"), FORMS)
def test_every_code_is_that_of_the_kernels(form, kind, per_channel, small, tmp_path):
    path = quantize(small, tmp_path / "net.onnx", form=form, kind=kind, per_channel=per_channel)
    foreign = read_foreign(path, 3)
    assert agree(foreign) == 3 * (4 * 4 * 48 + 4 * 12 + 2 * 6 * 12 + 6 + 5)
    assert (foreign.doubtful, foreign.network.output.name) == (0, "output")
    names = [layer.name for layer in foreign.network.layers]
    assert names == ["conv0", "conv2", "conv5", "conv8", "conv9", "fc12"]
    assert {layer.act_format for layer in foreign.network.layers} == {U8 if "U" in kind else S8}


def test_a_symmetric_range_keeps_the_relu(small, tmp_path):
    """A Relu between a layer and codes that may be negative is computed in floats."""
    options = {"reduce_range": True, "extra_options": {"ActivationSymmetric": True}}
    path = quantize(small, tmp_path / "net.onnx", form="QDQ", kind="QInt8", **options)
    assert any(node.op_type == "Relu" for node in onnx.load(path).graph.node)
    foreign = read_foreign(path, 3)
    agree(foreign)
    assert max(np.abs(layer.weight).max() for layer in foreign.network.layers) <= 64


def test_an_average_pool_of_floats_leaves_its_ties_open(tmp_path):
    net = Float((3, 8, 8))
    x = net.pool(net.relu(net.conv("x", 4)), kind="AveragePool")
    net.save(tmp_path / "float.onnx", net.head(x, 5))
    foreign = read_foreign(quantize(tmp_path / "float.onnx", tmp_path / "net.onnx", form="QDQ"), 8)
    agree(foreign)
    assert foreign.doubtful > 0
    assert any(mask.any() for mask in foreign.open_codes.values())


@pytest.mark.parametrize("kind", ["MatMul", "Gemm"])
def test_the_output_may_be_floats(kind, tmp_path):
    """The sums of the last layer are then compared; its bias is in them."""
    net = Float((6,))
    x = net.linear(net.relu(net.linear("x", 8)), 5, kind=kind)
    net.save(tmp_path / "float.onnx", x)
    path = quantize(tmp_path / "float.onnx", tmp_path / "net.onnx", form="QDQ")
    model = onnx.load(path)
    quantized = [node for node in model.graph.node if node.op_type == "QuantizeLinear"][-1]
    model.graph.output[0].name = quantized.input[0]
    del model.graph.node[-2:]
    onnx.save(model, path)
    foreign = read_foreign(path, 4)
    assert agree(foreign) == 4 * (8 + 5)
    assert (foreign.network.output.bias is not None) == (kind == "Gemm")
    assert foreign.notes == ()


def test_the_input_may_be_codes(small, tmp_path):
    path = quantize(small, tmp_path / "net.onnx", form="QOperator")
    model = onnx.load(path)
    first = model.graph.node[0]
    assert first.op_type == "QuantizeLinear"
    model.graph.input[0].name = first.output[0]
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    model.graph.node.remove(first)
    onnx.save(model, path)
    agree(read_foreign(path, 2))


def test_another_bias_is_another_network(small, tmp_path):
    """The sabotage: one step of the psum in one channel of one layer."""
    path = quantize(small, tmp_path / "net.onnx", form="QDQ")
    imported = read_onnx(path)
    model = onnx.load(path)
    bias = next(one for one in model.graph.initializer if one.name == "conv2.bias_quantized")
    values = numpy_helper.to_array(bias).copy()
    values[1] += 400
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    onnx.save(model, tmp_path / "other.onnx")
    other = replace(imported, path=tmp_path / "other.onnx")
    source = _with_own(imported.network, other.run_source(3)[0])
    foreign = replace(read_foreign(path, 3), stimulus=source)
    wrong = compare_foreign(foreign)
    assert {one.layer for one in wrong if not one.passed} == {"conv2"}


def one_node(kind, inputs, constants, *, sizes, dtype=TensorProto.UINT8, **attributes):
    """A model of one of ONNX Runtime's own operators."""
    ends = [helper.make_tensor_value_info("x", dtype, sizes)]
    ends.append(helper.make_tensor_value_info("y", dtype, None))
    node = helper.make_node(kind, inputs, ["y"], domain="com.microsoft", **attributes)
    tensors = [
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    ]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


@pytest.mark.parametrize("seed", range(6))
def test_all_additions_of_two_codes(seed, tmp_path):
    """65,536 pairs: the formula is the kernel's, and thresholds on the sum of two gains keep it."""
    rng = np.random.default_rng(seed)
    scales = np.exp(rng.uniform(-6, -2, 3)).astype(np.float32)
    scales[2] = (scales[0] + scales[1]) * np.float32(0.8)
    first, second, out = (
        Grid(U8, float(scale), int(zero))
        for scale, zero in zip(scales, rng.integers(0, 256, 3), strict=True)
    )
    a, b = np.indices((256, 256), np.uint8)  # no broadcasting: that is another kernel
    constants = {"b": b}
    for name, grid in (("sa", first), ("sb", second), ("sc", out)):
        constants[name] = np.float32(grid.scale)
        constants[f"{name}z"] = np.uint8(grid.zero_point)
    inputs = ["x", "sa", "saz", "b", "sb", "sbz", "sc", "scz"]
    path = tmp_path / "one.onnx"
    onnx.save(one_node("QLinearAdd", inputs, constants, sizes=["n", 256]), path)
    found = run_file(path, a, engine="onnxruntime", tensors=("y",))["y"]
    kernel = Addition(first, second, whole_gains(first, second))
    np.testing.assert_array_equal(kernel.codes(out), found)
    assert kernel.attained(out).thresholds(out)[1] == 0


@pytest.mark.parametrize(("scale", "out_scale"), [(0.3, 0.1), (0.7, 0.1), (0.1, 0.3), (0.3, 0.3)])
@pytest.mark.parametrize("edge", [4, 6])
def test_means_of_a_plane(scale, out_scale, edge, tmp_path):
    """Scales with many ties: the order of the divisions decides."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (64, 32, edge, edge), np.uint8)
    constants = {"s": np.float32(scale), "z": np.uint8(7)}
    constants |= {"t": np.float32(out_scale), "u": np.uint8(9)}
    path = tmp_path / "one.onnx"
    inputs, sizes = ["x", "s", "z", "t", "u"], ["n", 32, edge, edge]
    onnx.save(one_node("QLinearGlobalAveragePool", inputs, constants, sizes=sizes), path)
    found = run_file(path, x, engine="onnxruntime", tensors=("y",))["y"][:, :, 0, 0]
    out, area = Grid(U8, float(np.float32(out_scale)), 9), edge * edge
    kernel = Products(np.array([scale], np.float32), np.array([-7 * area]), U8, area)
    values = kernel(out).apply(x.sum(axis=(2, 3)).astype(np.float64))
    np.testing.assert_array_equal(np.rint(values / out.scale) + 9, found)
    assert not Average(scale, -7 * area, area)(out).is_own


def spoiled(path, change):
    """The file with its graph changed."""
    model = onnx.load(path)
    change(model.graph)
    onnx.save(model, path)
    return path


def set_constant(name, value):
    """Give a constant another value."""

    def change(graph):
        graph.initializer.remove(next(one for one in graph.initializer if one.name == name))
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))

    return change


REFUSED = {
    "x_scale": (
        set_constant("x_scale", np.array([1e-5, 0.2, 0.3], np.float32)),
        "node conv0 (Conv): its input and its weight have scales that differ by input channel, and not by "
        "whole factors that weights up to 1024 hold: let the quantizer of its input have one scale",
    ),
    "16 bits": (
        set_constant("x_zero_point", np.uint16(3)),
        "node x_QuantizeLinear (QuantizeLinear): codes must be of type int8, uint8, int4, uint4, int2,",
    ),
    "negative scale": (
        set_constant("x_scale", np.float32(-0.1)),
        "node x_QuantizeLinear (QuantizeLinear): the scale must be positive, not -0.1",
    ),
    "no scale": (
        set_constant("conv2.weight_scale", np.float32(0)),
        "conv2.weight_DequantizeLinear (DequantizeLinear): the scale must be finite and not 0",
    ),
}


def turn_scales(graph):
    """The scales of two output channels of conv2 become negative, as NNCF writes them."""
    for one in graph.initializer:
        if one.name in ("conv2.weight_scale", "conv2.bias_quantized_scale"):
            turned = numpy_helper.to_array(one) * np.array([-1, 1, -1, 1], np.float32)
            one.CopyFrom(numpy_helper.from_array(turned, one.name))


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_scales_of_weights_may_be_negative(form, small, tmp_path):
    """A larger sum of such a channel is a smaller code; the sabotage leaves the signs out."""
    path = quantize(small, tmp_path / "net.onnx", form=form, per_channel=True)
    upright = read_foreign(path, 3)
    turned = read_foreign(spoiled(path, turn_scales), 3)
    agree(turned)
    assert (turned.network.node("conv2").weight_scale < 0).tolist() == [True, False, True, False]
    source = _with_own(upright.network, turned.stimulus)
    wrong = compare_foreign(replace(upright, stimulus=source))
    assert "conv2" in {one.layer for one in wrong if not one.passed}


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_weights_of_9_bits_are_parts_of_8(form, small, tmp_path):
    """Unsigned weights less their zero-point: channels with too large ones are read twice, in groups too."""
    path = quantize(small, tmp_path / "net.onnx", form=form, weights="QUInt8")
    foreign = read_foreign(path, 3)
    agree(foreign)
    read = {layer.name: layer.shape.ic for layer in foreign.network.layers}
    assert read["conv5"] in (4, 8)
    assert sum(read.values()) > 3 + 4 + 4 + 4 + 6 + 6
    assert sum("need more than 8 bits" in note for note in foreign.notes) > 0
    assert foreign.doubtful == 0


def test_a_bias_in_steps_of_its_own_is_computed_as_floats(small, tmp_path):
    """ONNX Runtime takes its codes as those of the psum only where their scales say so."""

    def change(graph):
        name = "conv2.bias_quantized_scale"
        scale = next(one for one in graph.initializer if one.name == name)
        set_constant(name, numpy_helper.to_array(scale) * np.float32(0.37))(graph)

    path = spoiled(quantize(small, tmp_path / "net.onnx", form="QDQ"), change)
    foreign = read_foreign(path, 3)
    agree(foreign)
    assert foreign.doubtful > 0


def test_a_bias_that_leaves_32_bits_with_the_sums_is_refused(small, tmp_path):
    biases = np.array([2**31 - 1, 0, 0, 0], np.int32)
    path = quantize(small, tmp_path / "net.onnx", form="QDQ")
    with pytest.raises(FormatError, match=r"\(Conv\): its sums and bias must stay below 2\*\*31"):
        read_onnx(spoiled(path, set_constant("conv2.bias_quantized", biases)))


def test_scales_that_do_not_fit_one_another_are_refused(small, tmp_path):
    path = quantize(small, tmp_path / "net.onnx", form="QOperator", per_channel=True)
    three = np.array([0.1, 0.2, 0.3], np.float32)
    with pytest.raises(FormatError, match=r"its scales must fit one another, not be 3 and 4"):
        read_onnx(spoiled(path, set_constant("x_scale", three)))


@pytest.mark.parametrize("zero", [-100, 127])
def test_weights_far_off_center_are_parts_too(zero, small, tmp_path):
    path = quantize(small, tmp_path / "net.onnx", form="QDQ")
    change = set_constant("conv5.weight_zero_point", np.int8(zero))
    network = read_foreign(spoiled(path, change), 3)
    agree(network)


def test_a_part_of_a_weight_that_is_left_out_would_be_seen(small, tmp_path, monkeypatch):
    """The sabotage: weights cut to 8 bits."""
    path = quantize(small, tmp_path / "net.onnx", form="QDQ", weights="QUInt8")
    monkeypatch.setattr(
        "tilewright.interchange.wide_weights._split",
        lambda codes: (np.arange(codes.shape[1]), codes.clip(-128, 127)),
    )
    assert any(not one.passed for one in compare_foreign(read_foreign(path, 3)))


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_stated_is_refused_by_name(case, small, tmp_path):
    change, message = REFUSED[case]
    path = spoiled(quantize(small, tmp_path / "net.onnx", form="QDQ"), change)
    with pytest.raises(FormatError) as caught:
        read_onnx(path)
    assert message in str(caught.value)


def test_codes_with_the_scale_of_others_are_refused(small, tmp_path):
    def change(graph):
        node = next(one for one in graph.node if one.input[0] == "x_QuantizeLinear_Output")
        node.input[1] = "conv2.y_scale"

    path = spoiled(quantize(small, tmp_path / "net.onnx", form="QDQ"), change)
    with pytest.raises(FormatError, match=r"^node x_DequantizeLinear .*: its scale and zero-point"):
        read_onnx(path)


def test_gains_go_to_files_engines_and_onnx(small, tmp_path):
    network = read_onnx(quantize(small, tmp_path / "net.onnx", form="QDQ")).network
    add = next(node for node in network.nodes if isinstance(node, ResidualAdd))
    assert max(add.gains) == 2**22 > min(add.gains) > 1
    network.save(tmp_path / "network")
    assert IntegerNetwork.load(tmp_path / "network").fingerprint() == network.fingerprint()
    codes = np.random.default_rng(0).integers(0, 256, (3, 3, 8, 6), np.uint8)
    expected = reference_trace(network, codes)
    np.testing.assert_array_equal(Engine(network).sums(codes), expected.sums["output"])
    with pytest.raises(FormatError, match=r"^add3: an addition of operands with gains .*: use --f"):
        op_of(add).onnx_values(add, (), None, None, None)
    export_network(network, tmp_path / "out.onnx", form="onnx")
    found = run_file(tmp_path / "out.onnx", codes, engine="onnxruntime", tensors=("add3.psum",))
    np.testing.assert_array_equal(found["add3.psum"], expected.sums["add3"])
    with pytest.raises(ShapeError, match=r"^add3: the first of two gains must .* and sums at most"):
        replace(add, gains=(2**24, 1))


def test_a_file_as_torch_writes_it(small, tmp_path):
    """Of torchao's pt2e: biases are floats, and layers share a zero-point."""
    path = quantize(small, tmp_path / "net.onnx", form="QDQ")
    model = onnx.load(path)
    constants = {one.name: one for one in model.graph.initializer}
    shared = next(one.name for one in model.graph.initializer if "weight_zero_point" in one.name)
    for node in list(model.graph.node):
        if node.op_type == "DequantizeLinear" and node.input[0].endswith("bias_quantized"):
            codes, scale = (numpy_helper.to_array(constants[name]) for name in node.input[:2])
            values = ((codes + 0.3) * scale).astype(np.float32)  # rounded down to these codes again
            model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
            model.graph.node.remove(node)
        elif node.op_type == "DequantizeLinear" and node.input[0].endswith("weight_quantized"):
            node.input[2] = shared
    onnx.save(model, tmp_path / "torch.onnx")
    foreign = read_foreign(tmp_path / "torch.onnx", 3)
    agree(foreign)
    assert foreign.doubtful == 0
    assert foreign.network.fingerprint() == read_onnx(path).network.fingerprint()
    assert foreign.notes[0] == (
        "conv0, conv2, conv5, conv8, conv9, fc12: the bias is a float in the file, and here in whole "
        "steps of the psum, as ONNX Runtime has it"
    )


def test_altered_files_are_refused_or_read(small, tmp_path):
    """Inputs, operators and constants exchanged: an error of ours or a network, never another exception."""
    path = quantize(small, tmp_path / "net.onnx", form="QDQ", per_channel=True)
    random, read = np.random.default_rng(0), 0
    for _ in range(40):
        model = onnx.load(path)
        graph = model.graph
        node = graph.node[int(random.integers(len(graph.node)))]
        names = [*(one.name for one in graph.initializer), *(one.output[0] for one in graph.node)]
        way = int(random.integers(3))
        if way == 0 and node.input:
            node.input[int(random.integers(len(node.input)))] = str(random.choice(names))
        elif way == 1:
            node.op_type = str(random.choice(["Relu", "Add", "QuantizeLinear", "Gemm", "Clip"]))
        else:
            constant = graph.initializer[int(random.integers(len(graph.initializer)))]
            values = numpy_helper.to_array(constant)
            changed = [values * 0, values.reshape(-1)[:1], values[None], values.astype(np.float32)]
            altered = numpy_helper.from_array(
                np.asarray(changed[int(random.integers(4))]), constant.name
            )
            constant.CopyFrom(altered)
        onnx.save(model, tmp_path / "altered.onnx")
        with contextlib.suppress(TilewrightError):
            read_onnx(tmp_path / "altered.onnx")
            read += 1
    assert 3 < read < 37


def test_all_that_hinders_is_listed_at_once(small, tmp_path):
    def change(graph):
        set_constant("x_scale", np.array([1e-5, 0.2, 0.3], np.float32))(graph)
        set_constant("conv5.weight_scale", np.float32(0))(graph)
        node = next(one for one in graph.node if one.name == "globalaveragepool10")
        node.op_type = "GlobalLpPool"

    path = spoiled(quantize(small, tmp_path / "net.onnx", form="QDQ"), change)
    with pytest.raises(FormatError) as caught:
        read_onnx(path)
    found = [reason.split(":")[0] for reason in caught.value.reasons]
    assert found == [
        "node conv0 (Conv)",
        "node conv5.weight_DequantizeLinear (DequantizeLinear)",
        "node globalaveragepool10 (GlobalLpPool)",
    ]


def test_the_commands_take_an_8_bit_file(small, tmp_path):
    path, run = quantize(small, tmp_path / "net.onnx", form="QDQ"), tmp_path / "run"
    done = tilewright("import-network", path, "--out", run, "--samples", 2)
    assert done.returncode == 0, done.stderr
    compared = 2 * (4 * 4 * 48 + 4 * 12 + 2 * 6 * 12 + 6 + 5)
    assert f"{compared:,} codes and sums of the source's own forward compared on 2" in done.stdout
    assert "not resolved" not in done.stdout
    assert tilewright("verify", run).returncode == 0
