"""What a file computes with floats between the sums of a layer and a quantizer: valleys, and moves."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from onnx import TensorProto

from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import read_onnx, turning, views
from tilewright.interchange.witness import run_file
from tilewright.spec import CodeMove, ResidualAdd
from tilewright.studies import imports
from tilewright.studies.imports import compare_foreign, read_foreign

INT64 = TensorProto.INT64


def agree(path, samples=4):
    """The foreign network; every code and sum that is compared is ONNX Runtime's."""
    foreign = read_foreign(path, samples)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    foreign.network.require_whole()
    return foreign


def layer(net, x, oc=4, ic=3, kernel=(3, 1), **attributes):
    weight = net.weight((oc, ic, *kernel), 0.00713, 0, kind=S8)
    bias = net.constant(np.linspace(-1.3, 1.1, oc).astype(np.float32))
    return net.node("Conv", x, weight, bias, **attributes)


def silu(net, x):
    return net.node("Mul", x, net.node("Sigmoid", x))


def gelu(net, x):
    """As torch's older exporter writes it."""
    wide = net.node("Erf", net.node("Div", x, net.constant(np.float32(np.sqrt(2)))))
    half = net.node("Mul", x, net.node("Add", wide, net.constant(1.0)))
    return net.node("Mul", half, net.constant(0.5))


def mish(net, x):
    """As torch's newer exporter writes it, with the softplus of large numbers chosen."""
    soft = net.node("Log", net.node("Add", net.node("Exp", x), net.constant(1.0)))
    large = net.node("Greater", x, net.constant(20.0))
    return net.node("Mul", x, net.node("Tanh", net.node("Where", large, x, soft)))


def hard_swish(net, x):
    wide = net.node("Add", x, net.constant(3.0))
    six = net.node("Clip", wide, net.constant(0.0), net.constant(6.0))
    return net.node("Mul", net.node("Mul", six, x), net.constant(np.float32(1 / 6)))


def of_ort(kind, **attributes):
    return lambda net, x: net.node(kind, x, **attributes)


def mirrored(net, x):
    """The scale of a normalization may be negative: then the sums rise where the function falls."""
    numbers = [[0.9, -1.1, 1.3, -0.7], [0.1, 0.2, -0.3, 0.4], [0.0] * 4, [1.0] * 4]
    constants = [net.constant(np.array(one, np.float32)) for one in numbers]
    return silu(net, net.node("BatchNormalization", x, *constants))


VALLEYS = {
    "silu": silu,
    "gelu": gelu,
    "hard swish": hard_swish,
    "mirrored": mirrored,
    "HardSwish": of_ort("HardSwish"),
    "Mish": of_ort("Mish"),
    "Gelu": of_ort("Gelu"),
    "Gelu tanh": of_ort("Gelu", approximate="tanh"),
    "QuickGelu": of_ort("QuickGelu", domain="com.microsoft", alpha=1.2),
    "Abs": of_ort("Abs"),
}


def behind_sums(path, function, *, zero=-90, scale=0.0213):
    net = Qdq((3, 6, 4))
    x = function(net, layer(net, net.codes("x", 0.05, 3, S8)))
    return net.save(path, layer(net, net.codes(x, scale, zero, S8), 2, 4))


@pytest.mark.parametrize("name", VALLEYS)
def test_a_function_with_a_valley_behind_sums_is_two_that_only_rise_or_fall(name, tmp_path):
    foreign = agree(behind_sums(tmp_path / "net.onnx", VALLEYS[name]), 20)
    (both,) = (one for one in foreign.network.nodes if isinstance(one, ResidualAdd))
    assert len(foreign.network.layers) == 2
    assert {f"{both.name}", f"{both.name}:1"} == set(foreign.without_codes)
    codes = foreign.stimulus.codes[foreign.network.layers[1].name]
    assert len(np.unique(codes)) > 100


def test_codes_are_those_of_the_file_as_it_is_deployed(tmp_path):
    """With its last sums as the only output, so that ONNX Runtime may join what it likes."""
    path = behind_sums(tmp_path / "net.onnx", silu)
    foreign = read_foreign(path, 30)
    last = foreign.network.layers[1]
    codes = foreign.stimulus.codes[foreign.network.inputs[0]].astype(np.float32)
    inputs = (codes - 3) * np.float32(0.05)
    tensor = read_onnx(path).sums[last.name]
    found = run_file(path, inputs, engine="onnxruntime", tensors=(tensor.tensor,))[tensor.tensor]
    sums = (found - tensor.real.offset.reshape(-1, 1, 1)) / tensor.real.gain.reshape(-1, 1, 1)
    assert np.array_equal(np.rint(sums).astype(np.int64), foreign.stimulus.psums[last.name])


def test_what_only_falls_within_reach_needs_no_second_operand(tmp_path):
    """The lowest number of a channel may lie beyond all its sums."""

    def far(net, x):
        return net.node("HardSwish", net.node("Add", x, net.constant(100.0)))

    foreign = agree(behind_sums(tmp_path / "net.onnx", far, scale=1.0))
    assert not any(isinstance(one, ResidualAdd) for one in foreign.network.nodes)


def test_a_valley_may_be_flattened_before_its_quantizer(tmp_path):
    net = Qdq((3, 6, 4))
    x = net.node("Flatten", silu(net, layer(net, net.codes("x", 0.05, 3, S8), pads=[1, 0, 1, 0])))
    x = net.codes(x, 0.0213, -90, S8)
    agree(
        net.save(
            tmp_path / "net.onnx", net.node("MatMul", x, net.weight((96, 5), 0.01, 0, kind=S8))
        )
    )


@pytest.mark.parametrize("function", [silu, gelu, hard_swish, mish])
def test_functions_of_the_same_codes_are_one(function, tmp_path):
    net = Qdq((3, 6, 4))
    x = function(net, net.codes(layer(net, net.codes("x", 0.05, 3, S8)), 0.03, -20, S8))
    foreign = agree(net.save(tmp_path / "net.onnx", layer(net, net.codes(x, 0.02, -110, S8), 2, 4)))
    assert foreign.doubtful == 0


def test_the_input_may_go_through_such_a_function(tmp_path):
    net = Qdq((3, 6, 4))
    x = net.codes(silu(net, net.codes("x", 0.05, 3, S8)), 0.02, -110, S8)
    assert agree(net.save(tmp_path / "net.onnx", layer(net, x))).doubtful == 0


def halved(path):
    """Half of the sums are ties, which float32 decides."""
    net = Qdq((16, 6, 4))
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), net.weight((4, 16, 3, 1), 0.007, 0, kind=S8))
    x = net.codes(net.node("Abs", x), 2 * np.float32(0.05) * np.float32(0.007), -128, S8)
    return net.save(path, net.node("Conv", x, net.weight((2, 4, 1, 1), 0.01, 0, kind=S8)))


def test_what_follows_from_open_codes_of_no_tensor_is_open(tmp_path, monkeypatch):
    path = halved(tmp_path / "net.onnx")
    foreign = agree(path, 40)
    assert foreign.open_differ
    assert foreign.open_codes[foreign.network.layers[1].name].any()
    nothing = np.zeros((1, 1, 1, 1), np.bool_)
    monkeypatch.setattr(imports, "_inherited", lambda *_: nothing)
    assert not all(one.passed for one in compare_foreign(read_foreign(path, 40)))


@pytest.mark.parametrize("by", [-40, 40])
def test_a_valley_in_another_place_would_be_seen(by, tmp_path, monkeypatch):
    """The sabotage: the two parts do not meet in the lowest number."""
    found = turning._lowest
    monkeypatch.setattr(turning, "_lowest", lambda *which: found(*which) + by * 200)
    with pytest.raises(FormatError, match="it must fall and then rise"):
        read_onnx(behind_sums(tmp_path / "net.onnx", silu))


def test_a_part_of_a_valley_would_be_missed(tmp_path, monkeypatch):
    """The sabotage: of the two parts one is read twice."""
    both = turning._both

    def twice(op, value, halves, grid, assembly):
        return both(op, value, (halves[1], halves[1]), grid, assembly)

    monkeypatch.setattr(turning, "_both", twice)
    foreign = read_foreign(behind_sums(tmp_path / "net.onnx", silu), 4)
    assert not all(one.passed for one in compare_foreign(foreign))


# --- moves


def test_a_mean_over_tokens_of_an_input_of_two_axes(tmp_path):
    """As a mixer of tokens has it: linear layers of (n, tokens, channels) from the input on."""
    net = Qdq((8, 6))
    x = net.node("MatMul", net.codes("x", 0.05, 3, S8), net.weight((6, 5), 0.01, 0, kind=S8))
    x = net.codes(gelu(net, x), 0.0213, -110, S8)
    x = net.node("ReduceMean", x, integers(net, 1), keepdims=0)
    x = net.codes(x, 0.01, -110, S8)
    agree(
        net.save(tmp_path / "net.onnx", net.node("MatMul", x, net.weight((5, 3), 0.01, 0, kind=S8)))
    )


def integers(net, *numbers):
    return net.constant(numbers, INT64)


def nearest(net, x):
    return net.node("Resize", x, "", net.constant(np.array([1, 1, 2, 2], np.float32)))


def cut(net, x):
    return net.node("Slice", x, integers(net, 1), integers(net, 3), integers(net, 2))


def channels_cut(net, x):
    return net.node("Slice", x, integers(net, 1), integers(net, 3), integers(net, 1))


def reflected(net, x):
    return net.node("Pad", x, integers(net, 0, 0, 1, 2, 0, 0, 1, 2), mode="reflect")


def bordered(net, x):
    """A border of 0, which is no code of its own before the quantizer."""
    return net.node("Pad", x, integers(net, 0, 0, 1, 2, 0, 0, 1, 2), net.constant(0.0))


def cut_then_rectified(net, x):
    return net.node("Relu", cut(net, x))


def repeated_then_turned(net, x):
    return silu(net, nearest(net, x))


def turned_then_cut(net, x):
    return cut(net, net.node("HardSwish", x))


def halves_together(net, x):
    """Of a Split, whose halves nobody quantizes before they are put together in another order."""
    return net.node("Concat", channels_cut(net, x), net.node("Relu", x), axis=1)


def larger_half(net, x):
    last = net.node("Slice", x, integers(net, 2), integers(net, 4), integers(net, 1))
    first = net.node("Slice", x, integers(net, 0), integers(net, 2), integers(net, 1))
    return net.node("Max", first, last)


def test_the_larger_of_two_layers_has_the_larger_code(tmp_path):
    net = Qdq((3, 6, 4))
    x = net.codes("x", 0.05, 3, S8)
    x = net.codes(net.node("Max", layer(net, x), layer(net, x)), 0.0213, -40, S8)
    agree(net.save(tmp_path / "net.onnx", layer(net, x, 2, 4)))


def test_what_rises_twice_may_be_pooled(tmp_path):
    """A sum and its sigmoid, whose sum rises."""
    net = Qdq((3, 6, 4))
    x = layer(net, net.codes("x", 0.05, 3, S8))
    x = net.node("MaxPool", net.node("Add", x, net.node("Sigmoid", x)), kernel_shape=[2, 2])
    agree(net.save(tmp_path / "net.onnx", layer(net, net.codes(x, 0.02, -110, S8), 2, 4, (1, 1))))


MOVES = {
    nearest: 4,
    cut: 4,
    channels_cut: 2,
    reflected: 4,
    bordered: 4,
    cut_then_rectified: 4,
    repeated_then_turned: 4,
    turned_then_cut: 4,
    halves_together: 6,
    larger_half: 2,
}


def moved(path, body):
    net = Qdq((3, 6, 4))
    x = body(net, layer(net, net.codes("x", 0.05, 3, S8)))
    x = net.codes(x, 0.0213, -40, S8)
    return net.save(path, layer(net, x, 2, MOVES[body], (1, 1)))


@pytest.mark.parametrize("body", MOVES)
def test_sums_are_quantized_before_they_are_moved(body, tmp_path):
    foreign = agree(moved(tmp_path / "net.onnx", body))
    assert any(isinstance(one, CodeMove) for one in foreign.network.nodes)


def test_numbers_moved_elsewhere_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: what is quantized first is cut out elsewhere."""
    add = views.add_move

    def shifted(op, source, index, assembly, **rest):
        return add(op, source, np.ascontiguousarray(index[:, :, ::-1]), assembly, **rest)

    monkeypatch.setattr(views, "add_move", shifted)
    foreign = read_foreign(moved(tmp_path / "net.onnx", cut), 4)
    assert not all(one.passed for one in compare_foreign(foreign))


# --- refused


def hill(net, x):
    return net.node("Neg", silu(net, x))


def wave(net, x):
    return net.node("Cos", x)


def of_two(net, x):
    other = layer(net, net.codes("x", 0.05, 3, S8))
    return net.node("Mul", x, net.node("Sigmoid", other))


def compared_with_another(net, x):
    return net.node("Where", net.node("Greater", x, layer(net, net.codes("x", 0.05, 3, S8))), x, x)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            hill,
            r"\(QuantizeLinear\): what it reads may fall and rise .*; it must fall and then rise, and not",
        ),
        (wave, r"\(Cos\): it must stand between two quantizers"),
        (of_two, r"\(Mul\): its input .* is not quantized: put a quantizer before it$"),
        (
            compared_with_another,
            r"\(Greater\): all that it reads must follow from the same codes or sums",
        ),
    ],
)
def test_other_functions_of_sums_are_refused(body, words, tmp_path):
    with pytest.raises(FormatError, match=words):
        read_onnx(behind_sums(tmp_path / "net.onnx", body))
