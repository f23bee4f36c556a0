"""Graphs of integers as hardware designers write them: ConvInteger, MatMulInteger, multipliers and shifts."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tilewright.errors import FormatError
from tilewright.interchange import read_onnx
from tilewright.interchange.reach import Reach
from tilewright.studies.imports import compare_foreign, run_foreign
from tilewright.verify import reference_trace

FLOAT, INT8, INT32, INT64 = (
    getattr(TensorProto, one) for one in ("FLOAT", "INT8", "INT32", "INT64")
)
UINT8 = TensorProto.UINT8
LAST = "last"


class Net:
    """A file in the making: two layers of integers with a requantization between them."""

    def __init__(self, sizes=(3, 8, 8), *, kind=UINT8):
        self.rng = np.random.default_rng(0)
        self.sizes, self.kind, self.nodes, self.constants = sizes, kind, [], {}

    def constant(self, values, kind=np.float32):
        name = f"constant{len(self.constants)}"
        self.constants[name] = np.asarray(values, kind)
        return name

    def weight(self, *sizes, kind=np.int8):
        low, high = (0, 256) if kind == np.uint8 else (-127, 128)
        return self.constant(self.rng.integers(low, high, sizes), kind)

    def node(self, operator, *inputs, **attributes):
        name = LAST if attributes.pop("is_last", False) else f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def by_factor(self, x, factor=0.001713, *, rounding="Round", kind=UINT8):
        """As integers are often made of sums: a factor, rounding, bounds."""
        low, high = (0, 255) if kind == UINT8 else (-128, 127)
        x = self.node("Mul", self.node("Cast", x, to=FLOAT), self.constant(factor))
        x = self.node("Clip", self.node(rounding, x), self.constant(low), self.constant(high))
        return self.node("Cast", x, to=kind)

    def by_shift(self, x, multiplier, half, divisor, *, wide=INT64, kind=INT8):
        """As hardware does: a multiplier, half of what is shifted out, a division that drops the rest."""
        dtype = np.int64 if wide == INT64 else np.int32
        low, high = (0, 255) if kind == UINT8 else (-128, 127)
        x = self.node("Mul", self.node("Cast", x, to=wide), self.constant(multiplier, dtype))
        x = self.node("Add", x, self.constant(half, dtype))
        x = self.node("Div", x, self.constant(divisor, dtype))
        x = self.node("Clip", x, self.constant(low, dtype), self.constant(high, dtype))
        return self.node("Cast", x, to=kind)

    def save(self, path):
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [helper.make_tensor_value_info("x", self.kind, ["n", *self.sizes])],
            [helper.make_tensor_value_info(LAST, INT32, None)],
            [numpy_helper.from_array(values, name) for name, values in self.constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, path)
        return path


def plain(net):
    x = net.node("ConvInteger", "x", net.weight(6, 3, 3, 3))
    return net.node("ConvInteger", net.by_factor(x), net.weight(4, 6, 3, 3), is_last=True)


def biased(net):
    x = net.node("ConvInteger", "x", net.weight(6, 3, 3, 3), pads=[1] * 4, strides=[2, 1])
    x = net.node("Add", x, net.constant(net.rng.integers(-3000, 3000, (1, 6, 1, 1)), np.int32))
    x = net.node("Relu", x)
    x = net.node("MaxPool", net.by_factor(x, rounding="Floor"), kernel_shape=[2, 2])
    return net.node("ConvInteger", x, net.weight(4, 6, 2, 2), is_last=True)


def around_zero_points(net):
    """Pads stand for the zero-point of what is padded."""
    zero, second = net.constant(-5, np.int8), net.constant(7, np.int8)
    x = net.node("ConvInteger", "x", net.weight(6, 3, 3, 3), zero, pads=[1] * 4, dilations=[2, 2])
    x = net.by_factor(x, kind=INT8)
    return net.node(
        "ConvInteger", x, net.weight(4, 6, 3, 3), second, pads=[0, 1, 1, 0], is_last=True
    )


def depthwise(net):
    x = net.node("ConvInteger", "x", net.weight(3, 1, 3, 3), group=3, pads=[1] * 4)
    x = net.by_factor(x, np.array([0.00213, 0.00437, 0.00591]).reshape(1, 3, 1, 1))
    return net.node("ConvInteger", x, net.weight(4, 3, 1, 1), is_last=True)


def shifted(net, *numbers, **kinds):
    x = net.node("ConvInteger", "x", net.weight(6, 3, 3, 3))
    x = net.by_shift(x, *numbers, **kinds)
    return net.node("ConvInteger", x, net.weight(4, 6, 3, 3), is_last=True)


def quantized(net):
    """Codes that a QuantizeLinear makes of sums, less its zero-point."""
    zero = net.constant(10, np.uint8)
    x = net.node("Cast", net.node("ConvInteger", "x", net.weight(6, 3, 3, 3)), to=FLOAT)
    x = net.node("QuantizeLinear", x, net.constant(700.0), zero)
    return net.node("ConvInteger", x, net.weight(4, 6, 3, 3), zero, is_last=True)


def quantized_input(net):
    net.kind = FLOAT
    zero = net.constant(10, np.uint8)
    x = net.node("QuantizeLinear", "x", net.constant(0.03), zero)
    x = net.node("ConvInteger", x, net.weight(6, 3, 3, 3), zero, pads=[1] * 4)
    return net.node("ConvInteger", net.by_factor(x), net.weight(4, 6, 3, 3), is_last=True)


def flat(net):
    zeros = net.constant(100, np.uint8), net.constant(128, np.uint8)
    x = net.node("Flatten", "x")
    x = net.node("MatMulInteger", x, net.weight(192, 5, kind=np.uint8), *zeros)
    x = net.node("Add", x, net.constant(net.rng.integers(-999, 999, 5), np.int32))
    return net.node("MatMulInteger", net.by_factor(x), net.weight(5, 4), is_last=True)


def tokens(net):
    net.sizes = (6, 8)
    x = net.node("MatMulInteger", "x", net.weight(8, 5))
    return net.node("MatMulInteger", net.by_factor(x, 0.0123), net.weight(5, 4), is_last=True)


def tokens_of_floats(net):
    """The same numbers as floats, with a quantizer that is spelled out."""
    net.sizes = (6, 8)
    first, second = net.weight(8, 5, kind=np.float32), net.weight(5, 4, kind=np.float32)
    x = net.by_factor(net.node("MatMul", net.node("Cast", "x", to=FLOAT), first), 0.0123)
    x = net.node("MatMul", net.node("Cast", x, to=FLOAT), second)
    return net.node("Cast", x, to=INT32, is_last=True)


def residual(net):
    x = net.by_factor(net.node("ConvInteger", "x", net.weight(6, 3, 3, 3), pads=[1] * 4))
    y = net.node("ConvInteger", x, net.weight(6, 6, 3, 3), pads=[1] * 4)
    x = net.node("Mul", net.node("Cast", x, to=INT32), net.constant(100, np.int32))
    x = net.by_factor(net.node("Add", y, x))
    return net.node("ConvInteger", x, net.weight(4, 6, 3, 3), is_last=True)


NETS = {
    "plain": plain,
    "biased": biased,
    "depthwise": depthwise,
    "flat": flat,
    "quantized": quantized,
    "quantized input": quantized_input,
    "residual": residual,
    "tokens": tokens,
    "tokens of floats": tokens_of_floats,
    "shifted": lambda net: shifted(net, 111, 1 << 15, 1 << 16),
    "shifted, no power of two": lambda net: shifted(net, 7, 0, 9999),
    "shifted, falling": lambda net: shifted(net, -111, 0, 1 << 16, kind=UINT8),
    "shifted, 32 bits": lambda net: shifted(net, 3, 500, 1001, wide=INT32),
}
SIGNED = {"zero-points": around_zero_points, "shifted": NETS["shifted"], "tokens": tokens}


def written(make, path, kind=UINT8):
    net = Net(kind=kind)
    make(net)
    return net.save(path)


def inputs(imported, count=16):
    """Random inputs, and the lowest and highest codes everywhere."""
    (read,) = imported.inputs
    found = read.draw(count, np.random.default_rng(1))
    if found.dtype.kind in "iu":
        ends = np.iinfo(found.dtype)
        found[0], found[1] = ends.min, ends.max
        found[2].reshape(-1)[::2], found[2].reshape(-1)[1::2] = ends.min, ends.max
    return found


def scaled_twice(net):
    """A Cast between two factors changes no number; bounds behind it are those before."""
    x = net.node("Cast", net.node("ConvInteger", "x", net.weight(6, 3, 3, 3)), to=FLOAT)
    x = net.node("Clip", x, net.constant(0.0), net.constant(40_000.0))
    x = net.node("Cast", net.node("Mul", x, net.constant(0.00613)), to=FLOAT)
    x = net.node("Cast", net.node("Round", x), to=UINT8)
    return net.node("ConvInteger", x, net.weight(4, 6, 3, 3), is_last=True)


NETS["scaled twice"] = scaled_twice


def check(path):
    """Sums and codes are those of the file, and the network's end, from its input alone, is the file's."""
    imported = read_onnx(path)
    foreign = run_foreign(imported, 8)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    given = inputs(imported)
    stimulus, _ = imported.run_inputs({"x": given})
    (first,) = imported.network.inputs
    trace = reference_trace(imported.network, stimulus.codes[first])
    with np.errstate(invalid="ignore"):  # it pads pools of integers with NaN
        (expected,) = ReferenceEvaluator(str(path)).run([LAST], {"x": given})  # sums never saturate
    actual = trace.sums[imported.network.outputs[0]]
    if expected.ndim == 3:
        actual = actual.reshape(*actual.shape[:2], -1).transpose(0, 2, 1)
    differ = (actual.reshape(expected.shape) != expected).reshape(len(expected), -1).any(axis=1)
    return imported, int(differ.sum())


@pytest.mark.parametrize("name", list(NETS))
def test_a_graph_of_integers_is_what_onnxruntime_computes(name, tmp_path):
    imported, differ = check(written(NETS[name], tmp_path / "net.onnx"))
    assert len(imported.network.layers) >= 2
    assert differ == 0


@pytest.mark.parametrize("name", list(SIGNED))
def test_signed_codes_too(name, tmp_path):
    _, differ = check(written(SIGNED[name], tmp_path / "net.onnx", INT8))
    assert differ == 0


def test_another_multiplier_is_found(tmp_path):
    """The sabotage: the network of one file, held against another that shifts by one bit less."""
    right = read_onnx(written(NETS["shifted"], tmp_path / "right.onnx"))
    other = lambda net: shifted(net, 111, 1 << 15, 1 << 15)  # noqa: E731
    wrong = written(other, tmp_path / "wrong.onnx")
    trace = reference_trace(right.network, inputs(right))
    (found,) = ReferenceEvaluator(str(wrong)).run([LAST], {"x": inputs(right)})
    assert (trace.sums[right.network.outputs[0]] != found).any()


def test_integers_that_may_pass_their_type_are_refused(tmp_path):
    make = lambda net: shifted(net, 111_111, 0, 1 << 30, wide=INT32)  # noqa: E731
    with pytest.raises(
        FormatError, match=r"node .* \(Mul\): its integers may pass those that its type"
    ):
        read_onnx(written(make, tmp_path / "net.onnx"))
    wide = lambda net: shifted(net, 111_111, 0, 1 << 30)  # noqa: E731
    assert check(written(wide, tmp_path / "net.onnx"))[1] == 0


def test_zero_points_that_the_file_finds_as_it_runs_are_refused(tmp_path):
    def make(net):
        zero = net.node("Cast", net.node("ReduceMin", "x", keepdims=0), to=UINT8)
        return net.node("ConvInteger", "x", net.weight(4, 3, 3, 3), zero, is_last=True)

    with pytest.raises(FormatError, match="its zero-points must be constants"):
        read_onnx(written(make, tmp_path / "net.onnx"))


@pytest.mark.parametrize(
    ("function", "is_whole"),
    [(lambda x: x * 0.5, False), (lambda x: x * 3, True), (lambda x: x + 0.5, False),
     (lambda x: np.clip(x, -2, 9), True), (lambda x: np.clip(x * 0.5, 0, 10), False)],
)  # fmt: skip
@pytest.mark.parametrize("reach", [Reach(-8, 40, True), Reach(is_whole=True), Reach(0, 4, True)])
def test_whole_numbers_stay_whole_where_all_of_them_do(function, is_whole, reach):
    """Half of an even number is whole, half of its neighbor is not."""
    assert reach.after(function, makes_whole=False).is_whole == is_whole
