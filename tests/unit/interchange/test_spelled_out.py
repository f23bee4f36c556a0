"""Quantizers that a file spells out, and weights that it has as floats: hand-written training, onnxsim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from onnx import TensorProto

from tests.naive import convolve
from tests.unit.interchange.test_functions_of_sums import agree, silu
from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError, RecoveryError
from tilewright.interchange import neighbors, read_onnx, spelled_out, weight_grids
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.reach import Reach
from tilewright.interchange.weight_grids import rows_on_grids, weight_on_grid
from tilewright.spec import BIPOLAR, NumberFormat
from tilewright.studies.imports import compare_foreign, read_foreign


class Spelled(Qdq):
    """A graph whose quantizers are arithmetic."""

    def number(self, value):
        return self.constant(np.float32(value))

    def steps(self, kind, x, value):
        return self.node(kind, x, self.number(value))

    def held(self, x, low, high):
        return self.node("Clip", x, self.number(low), self.number(high))

    def kernel(self, sizes, scale=0.1):
        """Weights rounded by hand, as a constant of floats."""
        steps = self.rng.integers(-7, 8, sizes)
        return self.constant((steps * np.float32(scale)).astype(np.float32))

    def conv(self, x, oc, ic, size=1, **attributes):
        return self.node("Conv", x, self.kernel((oc, ic, size, size)), **attributes)


def rounded_first(net, x, scale, low, high):
    codes = net.held(net.node("Round", net.steps("Div", x, scale)), low, high)
    return net.steps("Mul", codes, scale)


def held_first(net, x, scale, low, high):
    codes = net.node("Round", net.held(net.steps("Div", x, scale), low, high))
    return net.steps("Mul", codes, scale)


def pact(net, x, scale, low, high):
    held = net.held(x, low * scale, high * scale)
    return net.steps("Div", net.node("Round", net.steps("Mul", held, 1 / scale)), 1 / scale)


def floor(net, x, scale, low, high):
    codes = net.node("Floor", net.steps("Add", net.steps("Div", x, scale), 0.5))
    return net.steps("Mul", net.held(codes, low, high), scale)


def max_and_min(net, x, scale, low, high):
    codes = net.steps("Max", net.node("Round", net.steps("Div", x, scale)), low)
    return net.steps("Mul", net.steps("Min", codes, high), scale)


def cast(net, x, scale, low, high):
    codes = net.held(net.node("Round", net.steps("Div", x, scale)), low, high)
    whole = net.node("Cast", codes, to=TensorProto.INT32)
    return net.steps("Mul", net.node("Cast", whole, to=TensorProto.FLOAT), scale)


def cut_off(net, x, scale, low, high):
    held = net.steps("Add", net.held(net.steps("Div", x, scale), low, high), 0.5 if low >= 0 else 0)
    whole = net.node("Cast", held, to=TensorProto.INT16)
    return net.steps("Mul", net.node("Cast", whole, to=TensorProto.FLOAT), scale)


def with_zero_point(net, x, scale, low, high):
    zero = -low + (3 if low else 0)
    codes = net.steps("Add", net.node("Round", net.steps("Div", x, scale)), zero)
    codes = net.held(codes, low + zero, high + zero)
    return net.steps("Mul", net.steps("Sub", codes, zero), scale)


def between_ends(net, x, scale, low, high):
    """As TensorFlow's FakeQuant is written, with its lowest value taken away and added again."""
    least = np.float32(low * scale)
    steps = net.steps("Div", net.steps("Sub", net.held(x, least, high * scale), least), scale)
    codes = net.node("Floor", net.steps("Add", steps, 0.5))
    return net.steps("Add", net.steps("Mul", codes, scale), least)


def straight_through(net, x, scale, low, high):
    """As torch writes ``x + (round(x) - x).detach()``: of the values, and of the scale."""
    size = net.node("Sub", net.number(scale), net.number(scale / 3))
    size = net.node("Add", size, net.number(scale / 3))
    held = net.held(net.node("Div", x, size), low, high)
    codes = net.node("Add", held, net.node("Sub", net.node("Round", held), held))
    return net.node("Mul", codes, size)


def held_by_absolutes(net, x, scale, low, high):
    """As PACT has it: half of |x - low| - |x - high| + low + high."""
    low, high = low * scale, high * scale
    ends = [net.node("Abs", net.steps("Sub", x, end)) for end in (low, high)]
    held = net.steps("Mul", net.steps("Add", net.node("Sub", *ends), low + high), 0.5)
    return net.steps("Mul", net.node("Round", net.steps("Div", held, scale)), scale)


FORMS = (
    *(rounded_first, held_first, pact, floor, max_and_min, cast, cut_off, with_zero_point),
    *(between_ends, straight_through),
)


def network(path, form, *, out=(-8, 7)):
    net = Spelled((3, 5, 7))
    x = form(net, "x", 0.017, 0, 255)
    x = form(net, net.conv(x, 4, 3, 3, pads=[1, 0, 2, 1]), 0.113, *out)
    return net.save(path, net.conv(x, 5, 4, 3, pads=[1] * 4))


@pytest.mark.parametrize("form", FORMS)
def test_quantizers_in_arithmetic(form, tmp_path):
    foreign = agree(network(tmp_path / "net.onnx", form))
    first, second = foreign.network.layers
    assert first.act_format == NumberFormat(8, is_signed=False)
    assert second.act_format.bits in (4, 5)
    assert first.weight_format.bits == second.weight_format.bits == 4
    assert foreign.without_codes == []


def test_bounds_that_no_clip_states_are_those_of_the_sums(tmp_path):
    net = Spelled((3, 5, 7))
    x = net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3, pads=[1, 0, 2, 1])
    x = held_by_absolutes(net, x, 0.113, -8, 7)
    foreign = agree(net.save(tmp_path / "net.onnx", net.conv(x, 5, 4)))
    assert foreign.network.layers[1].act_format.name == "INT4"


def test_bounds_beyond_the_sums_are_none(tmp_path):
    """A mean of what is not negative, held from -2 on: no sum there is comes near that."""
    net = Spelled((3, 5, 7))
    x = net.node("Relu", net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3))
    x = max_and_min(net, net.node("GlobalAveragePool", x), 0.113, -2, 1)
    agree(net.save(tmp_path / "net.onnx", net.conv(x, 5, 4)))


def test_what_is_no_estimator_stays(tmp_path):
    """What is added is not what was taken away."""
    net = Spelled((3, 5, 7))
    x = net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3)
    other = net.steps("Mul", x, 0.5)
    x = net.node("Add", x, net.node("Sub", net.node("Relu", x), other))
    agree(net.save(tmp_path / "net.onnx", net.conv(rounded_first(net, x, 0.113, -8, 7), 5, 4)))


def test_the_sums_are_those_of_naive_arithmetic(tmp_path):
    foreign = agree(network(tmp_path / "net.onnx", rounded_first))
    for layer in foreign.network.layers:
        codes = foreign.stimulus.codes[layer.name].astype(np.int64)
        sums = convolve(layer.weight.astype(np.int64), codes[0], layer.shape)
        assert (sums == foreign.stimulus.psums[layer.name][0]).all()


def residual(path):
    """Additions and means of floats before quantizers in arithmetic, and one of codes behind a max-pool."""
    net = Spelled((3, 6, 4))
    a = rounded_first(
        net, net.node("Relu", net.conv(held_first(net, "x", 0.02, 0, 255), 4, 3)), 0.11, 0, 15
    )
    x = net.node("Relu", net.node("Add", net.conv(a, 4, 4, 3, pads=[1] * 4), a))
    x = rounded_first(net, x, 0.13, 0, 15)
    pooled = net.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    pooled = held_first(net, pooled, 0.21, 0, 7)
    mean = net.node("GlobalAveragePool", net.node("Relu", net.conv(pooled, 6, 4)))
    return net.save(path, net.conv(pact(net, mean, 0.017, 0, 255), 5, 6))


def test_what_stands_before_quantizers_in_arithmetic(tmp_path):
    agree(residual(tmp_path / "net.onnx"))


def test_functions_with_a_valley_before_a_quantizer_in_arithmetic(tmp_path):
    net = Spelled((3, 5, 7))
    x = silu(net, net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3))
    x = rounded_first(net, x, 0.11, -8, 7)
    agree(net.save(tmp_path / "net.onnx", net.conv(x, 5, 4)))


def sign(net, x):
    return net.node("Sign", x)


def chosen(net, x):
    places = net.node("GreaterOrEqual", x, net.number(0))
    return net.node("Where", places, net.number(0.5), net.number(-0.5))


def twice_less_one(net, x):
    places = net.node("Cast", net.steps("Greater", x, 0), to=TensorProto.FLOAT)
    return net.steps("Sub", net.steps("Mul", places, 2), 1)


@pytest.mark.parametrize("form", [sign, chosen, twice_less_one])
def test_signs_in_arithmetic(form, tmp_path):
    net = Spelled((3, 5, 7))
    x = net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3)
    foreign = agree(net.save(tmp_path / "net.onnx", net.conv(form(net, x), 5, 4)))
    wanted = BIPOLAR if form is chosen else NumberFormat.parse("TERNARY")
    assert foreign.network.layers[1].act_format == wanted


OF_CODES = {
    "held at what is no format": lambda net, x: net.held(x, -0.22, 0.55),
    "a slope of a fourth": lambda net, x: net.node("LeakyRelu", x, alpha=0.25),
    "less than nothing": lambda net, x: net.node(
        "Neg", net.node("MaxPool", x, kernel_shape=[2, 2])
    ),
}


@pytest.mark.parametrize("form", OF_CODES)
def test_what_is_made_of_codes_may_be_codes_of_another_scale(form, tmp_path):
    net = Spelled((3, 5, 7))
    x = net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3)
    x = OF_CODES[form](net, rounded_first(net, x, 0.11, -8, 7))
    agree(net.save(tmp_path / "net.onnx", net.conv(x, 5, 4)))


def test_factors_by_channel_of_codes_are_scales_by_channel(tmp_path):
    net = Spelled((3, 5, 7))
    x = rounded_first(net, net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3), 0.11, -8, 7)
    factors = np.array([0.7, 1.1, 0.3, 2.9], np.float32).reshape(1, 4, 1, 1)
    x = net.node("Mul", x, net.constant(factors))
    x = net.node("Conv", x, net.kernel((4, 1, 3, 3)), group=4)
    agree(net.save(tmp_path / "net.onnx", net.conv(held_first(net, x, 0.2, -8, 7), 5, 4)))


def test_a_bound_that_is_off_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: the highest codes are said to be none."""
    grid = Reach.grid
    monkeypatch.setattr(
        spelled_out.Reach, "grid", lambda reach: grid(replace(reach, high=reach.high // 2))
    )
    path = network(tmp_path / "net.onnx", rounded_first, out=(0, 15))
    with pytest.raises(
        RecoveryError, match=r"^from conv\d+ to conv\d+: the code must be a step func"
    ):
        read_foreign(path, 4)


def test_numbers_that_are_whole_and_few_are_codes():
    assert Reach(0, 15, is_whole=True).grid().number_format.name == "UINT4"
    assert Reach(-1, 1, is_whole=True).grid().number_format.name == "TERNARY"
    assert Reach(-8, 7, is_whole=True).grid().number_format.name == "INT4"
    wide = Reach(-100, 155, is_whole=True).grid()
    assert (wide.number_format.name, wide.zero_point, wide.low, wide.high) == (
        "UINT8",
        100,
        -100,
        155,
    )
    assert Reach(0, 256, is_whole=True).grid() is None
    assert Reach(0, 15).grid() is None
    assert Reach(0, is_whole=True).grid() is None


@pytest.mark.parametrize("factor", [None, 3])
def test_integers_of_codes_are_not_divided(factor, tmp_path):
    """Whether they are codes of a few numbers or of many, and whatever is made of these before."""
    for low, high in ((0, 300), (-15, 15)):
        net = Spelled((3, 5, 7))
        x = net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3)
        x = net.node("Cast", net.held(net.node("Round", x), low, high), to=TensorProto.INT32)
        if factor is not None:
            x = net.node("Mul", x, net.constant(factor, TensorProto.INT32))
        x = net.node("Cast", net.node("Div", x, net.constant(7, TensorProto.INT32)), to=1)
        path = net.save(tmp_path / "net.onnx", net.conv(rounded_first(net, x, 1, 0, 15), 5, 4))
        with pytest.raises(FormatError, match=r"\(Div\): it divides integers, which drops what is"):
            read_onnx(path)


def test_a_cast_must_hold_what_it_reads(tmp_path):
    net = Spelled((3, 5, 7))
    x = net.conv(rounded_first(net, "x", 0.017, 0, 255), 4, 3, 3)
    x = net.node("Round", net.steps("Mul", x, 99))
    x = net.node("Cast", net.node("Cast", x, to=TensorProto.INT8), to=TensorProto.FLOAT)
    with pytest.raises(FormatError, match=r"\(Cast\): it must follow a Clip to numbers that its"):
        read_onnx(net.save(tmp_path / "net.onnx", net.conv(x, 5, 4)))


# --- weights


def weights(path, make, kind="Conv"):
    net = Spelled((3, 5, 7)) if kind != "Gemm" else Spelled((12,))
    x = net.codes("x", 0.017, 100)
    if kind == "Gemm":
        x = net.node("Gemm", x, net.constant(make(net, (6, 12), (6, 1))), transB=1)
        end = make(net, (6, 5), (1, 5))
        return net.save(path, net.node("MatMul", net.codes(x, 0.11, 30), net.constant(end)))
    kernel = (3, 4, 2, 3) if kind == "ConvTranspose" else (4, 3, 2, 3)
    scale = (1, 4, 1, 1) if kind == "ConvTranspose" else (4, 1, 1, 1)
    x = net.node(kind, x, net.constant(make(net, kernel, scale)))
    return net.save(path, net.conv(net.codes(net.node("Relu", x), 0.11, 0), 5, 4))


def by_channel(net, sizes, scales):
    steps = net.rng.integers(-127, 128, sizes)
    return (steps * net.rng.uniform(0.005, 0.02, scales).astype(np.float32)).astype(np.float32)


def of_all(net, sizes, _):
    return (net.rng.integers(-7, 8, sizes) * np.float32(0.083)).astype(np.float32)


def less_zero_point(net, sizes, _):
    return ((net.rng.integers(0, 256, sizes) - 60) * np.float32(0.01)).astype(np.float32)


def dorefa(net, sizes, _):
    steps = net.rng.integers(0, 16, sizes).astype(np.float32)
    return (steps / np.float32(15)) * np.float32(2) - np.float32(1)


def test_weights_that_the_file_rounds(tmp_path):
    """Of three values, with a threshold and a scale that it computes, behind an estimator."""
    net = Spelled((3, 5, 7))
    w = net.constant(net.rng.normal(size=(4, 3, 3, 3)).astype(np.float32))
    size = net.node("Abs", w)
    least = net.steps("Mul", net.node("ReduceMean", size, keepdims=0), 0.7)
    is_large = net.node("Cast", net.node("Greater", size, least), to=TensorProto.FLOAT)
    total = net.node("ReduceSum", net.node("Mul", size, is_large), keepdims=0)
    mean = net.node("Div", total, net.node("ReduceSum", is_large, keepdims=0))
    signs = net.node("Mul", net.node("Sign", w), is_large)
    codes = net.node("Add", w, net.node("Sub", net.node("Mul", mean, signs), w))
    x = net.node("Conv", rounded_first(net, "x", 0.017, 0, 255), codes)
    x = rounded_first(net, x, 0.113, -8, 7)
    foreign = agree(net.save(tmp_path / "net.onnx", net.conv(x, 5, 4)))
    assert {*np.unique(foreign.network.layers[0].weight)} == {-1, 0, 1}


@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose", "Gemm"])
@pytest.mark.parametrize("make", [by_channel, of_all, less_zero_point, dorefa])
def test_weights_are_whole_multiples_of_a_scale(make, kind, tmp_path):
    foreign = agree(weights(tmp_path / "net.onnx", make, kind))
    assert len(foreign.network.layers) == 2


def test_it_is_said_that_onnx_runtime_would_make_other_weights(tmp_path):
    foreign = agree(weights(tmp_path / "net.onnx", by_channel))
    assert any("disabled_optimizers=['WeightBiasQuantization']" in one for one in foreign.notes)


def test_that_onnx_runtime_makes_other_weights_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: it is run as it is by default."""
    monkeypatch.setattr(neighbors.Neighbors, "_has_floats", lambda *_: False)
    foreign = read_foreign(weights(tmp_path / "net.onnx", by_channel), 4)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_a_weight_that_is_off_would_be_seen(tmp_path, monkeypatch):
    """The sabotage."""

    def off(values):
        scales, codes = rows_on_grids(values)
        codes[0, 0] += 1
        return scales, codes

    path = weights(tmp_path / "net.onnx", of_all)
    monkeypatch.setattr(weight_grids, "rows_on_grids", off)
    assert any(not one.passed for one in compare_foreign(read_foreign(path, 4)))


def test_scales_are_the_largest_and_the_float32_numbers_that_were_there():
    steps = np.array([[6, -4, 2], [0, 0, 0], [5, -255, 1]])
    scales = np.array([0.1, 1.0, 0.0371], np.float32)
    found, codes = rows_on_grids((steps * scales[:, None]).astype(np.float32))
    assert codes.tolist() == [[3, -2, 1], [0, 0, 0], [5, -255, 1]]
    assert (found.astype(np.float32) == [np.float32(0.2), 1, scales[2]]).all()
    assert rows_on_grids(np.array([[0.1, 0.2, 0.3001]], np.float32)) is None
    assert rows_on_grids(np.array([[1.0, 256.0]], np.float32)) is None


def test_other_floats_are_no_weights(tmp_path):
    net = Spelled((3, 5, 7))
    floats = net.constant(net.rng.normal(size=(4, 3, 2, 2)).astype(np.float32))
    path = net.save(tmp_path / "net.onnx", net.node("Conv", net.codes("x", 0.05, 3, S8), floats))
    with pytest.raises(
        FormatError, match=r"\(Conv\): its weights are floats, and no whole multiples"
    ):
        read_onnx(path)
    op = Operator("Conv", "conv", "", ("x", "w"), ("y",), {}, "")
    assert weight_on_grid(op, "w", {}) is None
