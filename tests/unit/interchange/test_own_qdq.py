"""QDQ files as other tools than ONNX Runtime write them: 4 bits, blocks, quantizers further behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

import onnx
from onnx import TensorProto, helper

from tilewright.errors import FormatError
from tilewright.interchange import read_onnx
from tilewright.interchange.read_layers import Weight
from tilewright.interchange.witness import run_file
from tilewright.spec import NumberFormat
from tilewright.studies.imports import compare_foreign, read_foreign

U8, S8, U4, S4 = (TensorProto.DataType.Value(kind) for kind in ("UINT8", "INT8", "UINT4", "INT4"))


class Qdq:
    """A graph of opset 21 in the making; methods return the name of the tensor that they add."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.rng, self._sizes = np.random.default_rng(0), sizes
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, values, kind=TensorProto.FLOAT):
        name, values = f"c{len(self._constants)}", np.asarray(values)
        self._constants.append(helper.make_tensor(name, kind, values.shape, values.reshape(-1)))
        return name

    def node(self, kind, *inputs, **attributes):
        name = f"{kind.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def codes(self, x, scale, zero, kind=U8):
        """A QuantizeLinear and its DequantizeLinear."""
        pair = self.constant(scale), self.constant(zero, kind)
        return self.node("DequantizeLinear", self.node("QuantizeLinear", x, *pair), *pair)

    def weight(self, sizes, scale, zero=None, *, kind=S4, **attributes):
        """Random codes and their values; of 4 bits, if nothing is said."""
        low, high = {S4: (-8, 8), U4: (0, 16)}.get(kind, (-127, 128))
        read = [
            self.constant(self.rng.integers(low, high, sizes), kind),
            self.constant(np.asarray(scale, np.float32)),
        ]
        zeros = [] if zero is None else [self.constant(zero, kind)]
        return self.node("DequantizeLinear", *read, *zeros, **attributes)

    def save(self, path, output, kind=TensorProto.FLOAT):
        x = helper.make_tensor_value_info("x", kind, ["n", *self._sizes])
        end = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self._nodes, "net", [x], [end], self._constants)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
        return path


WEIGHTS = {
    "s4": {"scale": 0.05},
    "s4 by channel": {"scale": np.linspace(0.01, 0.1, 4), "axis": 0},
    "u4": {"scale": 0.05, "zero": 8, "kind": U4},
    "u4 by channel": {
        "scale": np.linspace(0.01, 0.1, 4),
        "zero": [8, 7, 3, 0],
        "kind": U4,
        "axis": 0,
    },
    "one block": {"scale": np.full((4, 1, 3, 3), 0.05), "axis": 1, "block_size": 3},
}


def convolved(path, weight):
    """A convolution whose codes lie on many halves, and another one that shows them."""
    net = Qdq((3, 8, 6))
    x = net.node("Conv", net.codes("x", 0.05, 100), net.weight((4, 3, 3, 3), **WEIGHTS[weight]))
    x = net.codes(net.node("Relu", x), 0.1, 0)
    return net.save(path, net.node("Conv", x, net.weight((5, 4, 1, 1), 0.05)))


@pytest.mark.parametrize("weight", WEIGHTS)
def test_weights_of_4_bits_are_computed_as_floats(weight, tmp_path):
    foreign = read_foreign(convolved(tmp_path / "net.onnx", weight), 4)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert foreign.network.layers[0].weight.min() >= -15
    assert foreign.doubtful > 0


def test_that_a_kernel_of_bytes_computes_otherwise_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: as if ONNX Runtime had integer kernels for them."""
    of_integers = Weight.of_integers.__func__

    def as_bytes(cls, op, found):
        return replace(of_integers(cls, op, found), is_integer=True)

    monkeypatch.setattr(Weight, "of_integers", classmethod(as_bytes))
    foreign = read_foreign(convolved(tmp_path / "net.onnx", "s4"), 4)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_activations_of_4_bits_are_seen_by_their_values(tmp_path):
    net = Qdq((3, 8, 6))
    x = net.node("Conv", net.codes("x", 0.05, 100), net.weight((4, 3, 3, 3), 0.05))
    x = net.codes(x, 0.3, 5, U4)
    path = net.save(tmp_path / "net.onnx", net.node("Conv", x, net.weight((5, 4, 1, 1), 0.05)))
    foreign = read_foreign(path, 4)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert foreign.network.layers[1].act_format == NumberFormat(4, is_signed=False)


def test_blocks_of_input_channels_are_refused(tmp_path):
    net = Qdq((8,))
    scale = net.rng.uniform(0.01, 0.1, (2, 5))
    weight = net.weight((8, 5), scale, axis=0, block_size=4)
    path = net.save(tmp_path / "net.onnx", net.node("MatMul", net.codes("x", 0.05, 100), weight))
    with pytest.raises(
        FormatError, match=r"\(MatMul\): its weight has scales that differ by input"
    ):
        read_onnx(path)


@pytest.mark.parametrize("kind", ["GlobalAveragePool", "Add", "Mul", "Sub"])
def test_what_is_flattened_before_its_quantizer_is_computed_as_floats(kind, tmp_path):
    """ONNX Runtime has integer kernels where a quantizer follows at once, and nowhere else."""
    net = Qdq((4, 6, 5))
    x = net.codes("x", 0.0371, 100)
    others = [] if kind == "GlobalAveragePool" else [net.codes(net.node("Neg", x), 0.0913, 37)]
    x = net.node("Flatten", net.node(kind, x, *others))
    numbers = 4 if kind == "GlobalAveragePool" else 120
    weight = net.weight((numbers, 3), 0.05)
    path = net.save(tmp_path / "net.onnx", net.node("MatMul", net.codes(x, 0.013, 99), weight))
    foreign = read_foreign(path, 40)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert foreign.doubtful > 0


def test_an_integer_kernel_there_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: a mean of 30 codes on the halves of the next ones."""
    from tilewright.interchange.neighbors import Neighbors

    monkeypatch.setattr(Neighbors, "meets_quantizer", lambda *_: True)
    net = Qdq((64, 4, 4))
    x = net.node("Flatten", net.node("GlobalAveragePool", net.codes("x", 0.05, 100)))
    weight = net.weight((64, 3), 0.05)
    path = net.save(tmp_path / "net.onnx", net.node("MatMul", net.codes(x, 0.05, 99), weight))
    assert any(not one.passed for one in compare_foreign(read_foreign(path, 40)))


def test_quantizers_of_onnx_runtimes_own_domain_are_the_standard_ones(tmp_path):
    """As `UseQDQContribOps` writes them; of 16 bits they are refused by that."""
    path = convolved(tmp_path / "net.onnx", "s4")
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    for one in model.graph.node:
        if one.op_type == "QuantizeLinear":
            one.domain = "com.microsoft"
    onnx.save(model, path)
    assert [str(one) for one in compare_foreign(read_foreign(path, 2)) if not one.passed] == []
    zero = next(one for one in model.graph.initializer if one.data_type == TensorProto.UINT8)
    zero.CopyFrom(onnx.numpy_helper.from_array(np.array(3, np.uint16), zero.name))
    onnx.save(model, path)
    with pytest.raises(
        FormatError, match=r"codes must be of type int8, uint8, int4, uint4, int2, uint2, not ui"
    ):
        read_onnx(path)


def biased(path, kind, *, act=U8, to=(U8, 3), weight=None, behind=(), before=()):
    """A layer with a bias of floats between codes, and one more."""
    net = Qdq((6, 6, 4))
    x = net.codes("x", 0.05, 7, act)
    for one, options in before:
        x = net.node(one, x, **options)
    sizes = {"Conv": (4, 6, 3, 3), "ConvTranspose": (6, 4, 3, 3), "Gemm": (144, 4)}[kind]
    x = net.node("Flatten", x) if kind == "Gemm" else x
    bias = net.constant(net.rng.normal(size=4) * 0.1)
    x = net.node(kind, x, net.weight(sizes, **(weight or {"scale": 0.02, "kind": S8})), bias)
    for one, options in behind:
        x = net.node(one, x, **options)
    x = net.codes(x, 0.11, to[1], to[0])
    last = (4, 5) if kind == "Gemm" else (5, 4, 1, 1)
    layer = "MatMul" if kind == "Gemm" else "Conv"
    return net.save(path, net.node(layer, x, net.weight(last, 0.05, kind=S8)))


POOL = ("MaxPool", {"kernel_shape": [2, 2]})
RELU = ("Relu", {})
ROUNDED = {
    "conv": ("Conv", {}),
    "conv, Relu in floats": ("Conv", {"behind": [RELU]}),
    "conv, Relu and pool": ("Conv", {"behind": [RELU, POOL]}),
    "conv of pooled codes": ("Conv", {"before": [POOL]}),
    "conv, other signs": ("Conv", {"to": (S8, -5)}),
    "conv, signed": ("Conv", {"act": S8, "to": (S8, -5)}),
    "conv, by channel": (
        "Conv",
        {"weight": {"scale": [0.02, 0.03, 0.05, 0.01], "kind": S8, "axis": 0}},
    ),
    "conv, weights of 4 bits": ("Conv", {"weight": {"scale": 0.05}}),
    "conv, codes of 4 bits": ("Conv", {"to": (U4, 3)}),
    "transposed": ("ConvTranspose", {}),
    "conv of codes in other places": (
        "Conv",
        {"before": [("Transpose", {"perm": [0, 1, 3, 2]})]},
    ),
    "linear, behind a Flatten": ("Gemm", {}),
}


@pytest.mark.parametrize("case", ROUNDED)
def test_a_bias_of_floats_between_codes_is_rounded_with_or_without_a_kernel(case, tmp_path):
    kind, options = ROUNDED[case]
    foreign = read_foreign(biased(tmp_path / "net.onnx", kind, **options), 40)
    found = compare_foreign(foreign)
    assert [str(one) for one in found if not one.passed] == []
    name = foreign.network.layers[0].name
    is_rounded = kind != "Gemm"  # a Flatten holds quantizers up
    assert any(f"{name}: the bias is a float in" in note for note in foreign.notes) == is_rounded


@pytest.mark.parametrize("is_rounded", [True, False])
def test_another_rounding_of_the_bias_would_be_seen(is_rounded, tmp_path, monkeypatch):
    """The sabotage: where it is rounded, and where it is not, behind an operation in between."""
    from tilewright.interchange.neighbors import Neighbors

    monkeypatch.setattr(Neighbors, "rounds_bias", lambda *_: not is_rounded)
    behind = [RELU] if is_rounded else [("LeakyRelu", {})]
    foreign = read_foreign(biased(tmp_path / "net.onnx", "Conv", behind=behind), 40)
    assert any(not one.passed for one in compare_foreign(foreign))


@pytest.mark.parametrize("stated", [0, 1])
def test_gemm_has_a_kernel_where_its_weights_state_a_zero_point(stated, tmp_path, monkeypatch):
    """Else ONNX Runtime computes with floats, and ties are doubtful."""
    from tilewright.interchange.neighbors import Neighbors

    net = Qdq((64,))
    zero = {"zero": 0} if stated else {}
    x = net.node("Gemm", net.codes("x", 0.5, 100), net.weight((64, 8), 0.5, kind=S8, **zero))
    x = net.codes(x, 0.5, 90)
    path = net.save(tmp_path / "net.onnx", net.node("MatMul", x, net.weight((8, 3), 0.05, kind=S8)))
    foreign = read_foreign(path, 40)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert ("gemm3" in foreign.without_sums) == bool(stated)
    monkeypatch.setattr(Neighbors, "has_kernel", lambda *_: not stated)
    assert ("gemm3" in read_foreign(path, 1).without_sums) != bool(stated)


def test_a_relu_before_codes_of_4_bits_stays_and_is_noted(tmp_path):
    """ONNX Runtime's optimizer drops it, whatever the zero-point; its own answer without that counts."""
    foreign = read_foreign(biased(tmp_path / "net.onnx", "Conv", to=(U4, 3), behind=[RELU]), 20)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert any("drops the Relu before a quantizer of 4 bits" in note for note in foreign.notes)
    plain = read_foreign(biased(tmp_path / "net.onnx", "Conv", to=(U4, 0), behind=[RELU]), 20)
    assert not any("drops the Relu" in note for note in plain.notes)
    names = foreign.network.nodes[1].name
    assert foreign.stimulus.codes[names].min() == 3


def test_sums_of_a_last_layer_behind_a_flatten_are_not_rounded(tmp_path):
    """ONNX Runtime rounds floats that meet dequantized weights to 8 bits by default: it is asked not to."""
    net = Qdq((3, 4, 4))
    x = net.node("Flatten", net.node("Relu", net.codes("x", 0.5, 0)))
    wide = net.weight((48, 3), 1 / 16, kind=S8)
    path = net.save(tmp_path / "net.onnx", net.node("MatMul", x, wide))
    foreign = read_foreign(path, 20)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    pixels = np.random.default_rng(1).integers(0, 256, (4, 3, 4, 4)).astype(np.float32) / 2
    (end,) = (one.name for one in onnx.load(path).graph.output)
    answers = {
        engine: run_file(path, pixels, engine=engine, tensors=(end,))[end]
        for engine in ("onnxruntime", "onnxruntime-default", "reference")
    }
    assert (answers["onnxruntime"] == answers["reference"]).all()
    assert (answers["onnxruntime-default"] != answers["reference"]).any()


def test_codes_of_bytes_that_a_clip_narrows_have_the_kernels_of_bytes(tmp_path):
    """As Brevitas writes QCDQ: 3 bits in int8, between a Clip and its DequantizeLinear."""
    net = Qdq((3, 8, 6))
    pair = net.constant(0.25), net.constant(0, S8)
    x = net.codes("x", 0.05, 0, S8)
    bias = net.constant(net.rng.normal(size=4) * 0.3)
    x = net.node("Conv", x, net.weight((4, 3, 3, 3), 0.02, kind=S8), bias)
    low, high = (net.constant(bound, S8) for bound in (-4, 3))
    x = net.node("Clip", net.node("QuantizeLinear", x, *pair), low, high)
    x = net.node("DequantizeLinear", x, *pair)
    path = net.save(tmp_path / "net.onnx", net.node("Conv", x, net.weight((5, 4, 1, 1), 0.05)))
    foreign = read_foreign(path, 20)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert foreign.network.layers[1].act_format == NumberFormat(3, is_signed=True)
    assert foreign.doubtful == 0


def test_an_input_that_a_clip_narrows_has_one_quantizer(tmp_path):
    """QCDQ: nothing of the file comes before it, and the codes that are drawn are all those it has."""
    net = Qdq((3, 8, 6))
    pair = net.constant(0.25), net.constant(0, S8)
    low, high = (net.constant(bound, S8) for bound in (-4, 3))
    x = net.node("Clip", net.node("QuantizeLinear", "x", *pair), low, high)
    x = net.node("DequantizeLinear", x, *pair)
    path = net.save(tmp_path / "net.onnx", net.node("Conv", x, net.weight((5, 3, 1, 1), 0.05)))
    foreign = read_foreign(path, 4)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert not any("comes before the quantizer" in note for note in foreign.notes)
    codes = foreign.stimulus.codes[foreign.network.nodes[0].name]
    assert (codes.min(), codes.max()) == (-4, 3)


NORMS = {
    "LayerNormalization": ((6, 4), "train with BatchNormalization in its place, or build it of"),
    "InstanceNormalization": ((4, 6, 5), "train with BatchNormalization in its place, or build it"),
    "Softmax": ((6, 4), "build the attention of integers with tilewright.quant.AttentionScores"),
}


@pytest.mark.parametrize("kind", NORMS)
def test_what_follows_from_each_input_is_refused_by_its_own_name(kind, tmp_path):
    """Tokens of three axes too: it is the operation that hinders, not their sizes."""
    sizes, words = NORMS[kind]
    net = Qdq(sizes)
    ones = [net.constant(np.ones(4)) for _ in range(2)]
    x = net.node(kind, net.codes("x", 0.05, 100), *(ones if kind != "Softmax" else ()))
    weight = net.weight((5, 4, 1, 1) if len(sizes) == 3 else (4, 5), 0.05, kind=S8)
    x = net.codes(x, 0.01, 128)
    end = net.node("Conv" if len(sizes) == 3 else "MatMul", x, weight)
    with pytest.raises(
        FormatError, match=rf"\({kind}\): it cannot be stated in integers .*{words}"
    ):
        read_onnx(net.save(tmp_path / "net.onnx", end))
