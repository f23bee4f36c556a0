"""Means and additions of values that nobody has quantized, between a layer and the next quantizer."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from tests.qonnx_files import DOMAIN, STATED, File, node, quant
from tilewright.errors import FormatError
from tilewright.interchange import float_additions, float_layers, float_sums, read_onnx
from tilewright.interchange.ramps import reach
from tilewright.spec import IntegerLayer, ResidualAdd
from tilewright.studies.imports import compare_foreign, read_foreign
from tilewright.verify import reference_trace

SIGNED = STATED | {"signed": 1, "narrow": 1}
WEIGHT_BITS, CODE_BITS = "bits4", "bits4"


def agree(path, samples=12):
    """The foreign network, of which every code and sum that is compared is the source's, and few are open."""
    foreign = read_foreign(path, samples)
    comparisons = compare_foreign(foreign)
    assert [str(one) for one in comparisons if not one.passed] == []
    compared = sum(one.compared for one in comparisons)
    assert sum(one.unresolved for one in comparisons) < compared / 50
    return foreign


def started(*, upto="relu"):
    """A file whose nodes end where something else is to follow."""
    file = File()
    names = [one.output[0] for one in file.nodes]
    file.nodes = file.nodes[: names.index(upto) + 1]
    return file


def ended(file, value, channels, *, scale=0.03, bits=CODE_BITS, attributes=STATED):
    """A quantizer of a value, and a linear layer of its codes."""
    weight = np.tile(file.constants["w2"], 4)[:, :channels]
    file.constants |= {"end_scale": scale, "w2": weight}
    file.nodes += [
        quant("end", value, "end_scale", bits, attributes),
        node("Flatten", "flat", ["end"], axis=1),
        quant("weight2", "w2", "w2_scale", WEIGHT_BITS, SIGNED),
        node("Gemm", "head", ["flat", "weight2"], transB=1),
    ]
    return file


MEANS = {
    "of the plane": ("GlobalAveragePool", {}, 4),
    "along axes": ("ReduceMean", {"axes": [2, 3], "keepdims": 1}, 4),
    "of rows": ("ReduceMean", {"axes": [2], "keepdims": 1}, 24),
    "of windows": ("AveragePool", {"kernel_shape": [3, 2], "strides": [2, 1]}, 60),
    "a sum": ("ReduceSum", {"keepdims": 1}, 4),
}


def mean(path, way="of the plane", *, between=(), upto="relu", **end):
    kind, attributes, channels = MEANS[way]
    file = started(upto=upto)
    for number, (op, others) in enumerate(between):
        file.nodes.append(node(op, f"between{number}", [file.nodes[-1].output[0], *others]))
    inputs = [file.nodes[-1].output[0]]
    if kind == "ReduceSum":
        file.constants["axes"] = np.array([2, 3])
        inputs.append("axes")
        end |= {"scale": 1.5}
    file.nodes.append(node(kind, "mean", inputs, **attributes))
    return ended(file, "mean", channels, **end).save(path)


@pytest.mark.parametrize("way", MEANS)
def test_means_of_floats(way, tmp_path):
    foreign = agree(mean(tmp_path / "net.onnx", way))
    summed = next(one for one in foreign.network.layers if one.name == "mean")
    assert summed.shape.groups == 4
    assert any("the source adds floats" in note for note in foreign.notes)


def test_the_codes_are_those_of_naive_arithmetic(tmp_path):
    """From the first layer's psums in float64: BatchNorm, Relu, mean and quantizer."""
    path = mean(tmp_path / "net.onnx", bits="bits8")
    foreign, file = agree(path, 30), File()
    of = {key: np.asarray(file.constants[key], np.float64).reshape(-1, 1, 1) for key in NORM}
    scale = float(np.float32(1 / 255)) * float(np.float32(0.1))
    real = foreign.stimulus.psums["conv"] * scale - of["running_mean"]
    real = real / np.sqrt(of["running_var"] + 1e-5) * of["gamma"] + of["beta"]
    means = np.maximum(real, 0).mean(axis=(2, 3)) / float(np.float32(0.03))
    codes = reference_trace(foreign.network, foreign.stimulus.codes["conv"]).codes["head"]
    far = np.abs(means - np.floor(means) - 0.5) > 2**-6  # of a step
    assert far.mean() > 0.9
    assert (codes.reshape(means.shape)[far] == np.rint(means).clip(0, 255)[far]).all()


NORM = ("gamma", "beta", "running_mean", "running_var")


def test_means_of_what_is_held_at_both_ends(tmp_path):
    """As Relu6 holds it."""
    file_constants = {"low": 0.0, "high": 0.7}
    file = started(upto="norm")
    file.constants |= file_constants
    file.nodes.append(node("Clip", "held", ["norm", "low", "high"]))
    file.nodes.append(node("GlobalAveragePool", "mean", ["held"]))
    agree(ended(file, "mean", 4).save(tmp_path / "net.onnx"), 30)


@pytest.mark.parametrize("bits", ["bits4", "bits8"])
def test_means_of_affine_values(bits, tmp_path):
    agree(mean(tmp_path / "net.onnx", upto="norm", bits=bits, attributes=SIGNED))


def test_means_behind_a_max_pool_of_few_sums(tmp_path):
    file = started()
    file.constants |= {"w1_scale": 0.4, "pixel_scale": 1 / 3, "bits8": 2.0, "end_scale": 0.1}
    file.nodes += [
        node("MaxPool", "largest", ["relu"], kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", "mean", ["largest"]),
    ]
    agree(ended(file, "mean", 4).save(tmp_path / "net.onnx"))


def codes_of(file, *, attributes=SIGNED):
    file.constants |= {"mid_scale": 0.11}
    file.nodes.append(quant("mid", "norm", "mid_scale", CODE_BITS, attributes))


def test_means_of_codes_times_factors_by_channel(tmp_path):
    file = started(upto="norm")
    codes_of(file)
    again = ["mid", "gamma", "beta", "running_mean", "running_var"]
    file.nodes.append(node("BatchNormalization", "again", again))
    file.nodes.append(node("GlobalAveragePool", "mean", ["again"]))
    agree(ended(file, "mean", 4, attributes=SIGNED).save(tmp_path / "net.onnx"), 30)


@pytest.mark.parametrize("kind", ["Sigmoid", "Tanh", "Abs"])
def test_means_of_functions_of_codes(kind, tmp_path):
    file = started(upto="norm")
    codes_of(file)
    file.nodes.append(node(kind, "function", ["mid"]))
    file.nodes.append(node("GlobalAveragePool", "mean", ["function"]))
    path = ended(file, "mean", 4, scale=0.01, bits="bits8", attributes=SIGNED).save(
        tmp_path / "net.onnx"
    )
    agree(path, 30)


ADDITIONS = ("codes", "another convolution", "a difference", "three")


def addition(path, way):
    file = started()
    rng = np.random.default_rng(3)
    file.constants |= {
        "mid_scale": 0.1,
        "w3": rng.normal(size=(4, 4, 3, 3)) * 0.3,
        "w4": rng.normal(size=(4, 4, 1, 1)) * 0.3,
        "bias": rng.normal(size=4),
    }
    file.nodes += [
        quant("mid", "relu", "mid_scale", CODE_BITS, STATED),
        quant("weight3", "w3", "w2_scale", WEIGHT_BITS, SIGNED),
        quant("weight4", "w4", "w2_scale", WEIGHT_BITS, SIGNED),
        node("Conv", "branch", ["mid", "weight3", "bias"], pads=[1, 1, 1, 1]),
        node("Conv", "other", ["mid", "weight4"]),
    ]
    if way == "three":
        file.nodes.append(node("Add", "two", ["branch", "other"]))
    terms = {
        "codes": ("Add", ["branch", "mid"]),
        "another convolution": ("Add", ["other", "branch"]),
        "a difference": ("Sub", ["mid", "branch"]),
        "three": ("Add", ["two", "mid"]),
    }
    kind, inputs = terms[way]
    file.nodes.append(node(kind, "added", inputs))
    file.nodes.append(node("Relu", "end_relu", ["added"]))
    file.constants["w2"] = rng.normal(size=(5, 192)) * 0.3
    return ended(file, "end_relu", 192, scale=0.15).save(path)


@pytest.mark.parametrize("way", ADDITIONS)
def test_additions_of_floats(way, tmp_path):
    foreign = agree(addition(tmp_path / "net.onnx", way), 6)
    network = foreign.network
    assert not any(isinstance(one, ResidualAdd) for one in network.nodes)
    unread = [one.name for one in network.nodes if not one.requantizations]
    assert unread == list(network.outputs)
    names = [one.name for one in network.layers]
    assert "added" in names
    assert "two" not in names  # the sum of two is none of its own where three are added


def means_of_additions(path, scales, kind="Add"):
    file = started()
    file.constants |= {"first": scales[0], "second": scales[1]}
    file.nodes += [
        node("Neg", "opposite", ["norm"]),
        quant("one", "relu", "first", "bits8", STATED),
        quant("other", "opposite", "second", "bits8", SIGNED),
        node(kind, "added", ["one", "other"]),
        node("Relu", "end_relu", ["added"]),
        node("GlobalAveragePool", "mean", ["end_relu"]),
    ]
    return ended(file, "mean", 4, scale=0.004, bits="bits8").save(path)


@pytest.mark.parametrize("kind", ["Add", "Sub"])
@pytest.mark.parametrize("scales", [(0.006, 0.011), (0.0137, 0.0031), (0.008, 0.008)])
def test_means_of_additions_of_8_bits(scales, kind, tmp_path):
    foreign = agree(means_of_additions(tmp_path / "net.onnx", scales, kind), 20)
    kinds = [type(one) for one in foreign.network.nodes]
    assert (ResidualAdd in kinds) == (scales[0] == scales[1])  # of few sums, it is counted itself


def test_that_gains_of_another_ratio_are_taken_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: one part in 20 less of the second operand."""
    gains = float_additions._gains

    def other(first, second):
        one, two, off = gains(first, second)
        return one, round(two * 0.95), off

    monkeypatch.setattr(float_additions, "_gains", other)
    foreign = read_foreign(means_of_additions(tmp_path / "net.onnx", (0.006, 0.011)), 20)
    assert any(not one.passed for one in compare_foreign(foreign))


@pytest.mark.parametrize(
    ("gains", "found"),
    [((3, 2), (3, 2)), ((2, 3), (2, 3)), ((2**22, 2**20), (4, 1)), ((7, 2**22), (0, 1))],
)
def test_gains_in_nearly_the_same_ratio(gains, found):
    assert float_additions._gains(*gains)[:2] == found


def test_a_copy_of_a_layer_counts_what_blocks_leave(tmp_path):
    foreign = agree(mean(tmp_path / "net.onnx"))
    low, layer = foreign.network.node("conv.low"), foreign.network.node("conv")
    assert isinstance(low, IntegerLayer)
    assert (low.weight[:, :3] == layer.weight).all()
    assert low.shape.ic == 3 + 4  # 127 sums are a block
    trace = reference_trace(foreign.network, foreign.stimulus.codes["conv"])
    read = trace.codes["conv.low.input:1"].astype(np.int64)
    falls = layer.requantizations[0].direction[:, None, None]
    assert (trace.sums["conv.low"] == trace.sums["conv"] - 127 * falls * read).all()


@pytest.mark.parametrize("shape", ["strided", "grouped", "signed codes"])
def test_copies_of_other_layers(shape, tmp_path):
    file = started()
    rng = np.random.default_rng(5)
    file.constants |= {"w3": rng.normal(size=(6, 2 if shape == "grouped" else 4, 3, 3))}
    attributes = {"strided": {"strides": [2, 2], "pads": [1, 1, 1, 1]}, "grouped": {"group": 2}}
    codes = SIGNED if shape == "signed codes" else STATED
    file.constants["mid_scale"] = 0.02
    file.nodes += [
        quant("mid", "norm", "mid_scale", "bits8", codes),
        quant("weight3", "w3", "w2_scale", "bits8", SIGNED),
        node("Conv", "last", ["mid", "weight3"], **attributes.get(shape, {"pads": [2, 1, 0, 1]})),
        node("Relu", "end_relu", ["last"]),
        node("GlobalAveragePool", "mean", ["end_relu"]),
    ]
    foreign = agree(ended(file, "mean", 6, scale=0.05).save(tmp_path / "net.onnx"))
    assert "last.low" in [one.name for one in foreign.network.nodes]


def test_that_a_digit_is_off_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: blocks that are taken away, and counted elsewhere."""
    low_digits = float_layers.low_digits

    def off(*given):
        copy, shift = low_digits(*given)
        return copy, shift + 60

    monkeypatch.setattr(float_layers, "low_digits", off)
    foreign = read_foreign(mean(tmp_path / "net.onnx", bits="bits8"), 12)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_that_units_are_too_large_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: units of a size that the network does not count with."""
    monkeypatch.setattr(float_sums, "_unit", lambda *_: np.full(4, 1e-3))
    summed = float_sums._summed

    def other(op, first, found, signs, unit, *rest):
        return summed(op, first, found, signs, unit * 1.1, *rest)

    monkeypatch.setattr(float_sums, "_summed", other)
    foreign = read_foreign(mean(tmp_path / "net.onnx", bits="bits8"), 12)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_what_no_quantizer_follows_is_no_part_of_the_network(tmp_path):
    file = started()
    file.nodes.append(node("GlobalAveragePool", "mean", ["relu"]))
    file.outputs = ["mean"]
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert [one.name for one in foreign.network.nodes] == ["conv"]
    assert any("mean (GlobalAveragePool)" in note for note in foreign.notes)


def test_means_before_thresholds(tmp_path):
    """As FINN writes a quantizer: MultiThreshold."""
    file = started()
    file.constants["steps"] = 0.04 * np.arange(1, 16)[None]
    file.nodes += [
        node("GlobalAveragePool", "mean", ["relu"]),
        node("MultiThreshold", "end", ["mean", "steps"], domain=DOMAIN, out_dtype="UINT4"),
        node("Flatten", "flat", ["end"], axis=1),
        quant("weight2", "w2", "w2_scale", WEIGHT_BITS, SIGNED),
        node("Gemm", "head", ["flat", "weight2"], transB=1),
    ]
    file.constants["w2"] = file.constants["w2"][:, :4]
    agree(file.save(tmp_path / "net.onnx"), 30)


def test_too_many_parts_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(float_sums, "MOST_PARTS", 2)
    with pytest.raises(
        FormatError, match=r"^node mean \(GlobalAveragePool\): it reads values .* parts of 8 bits$"
    ):
        read_onnx(mean(tmp_path / "net.onnx"))


def test_the_reach_of_a_layer_is_that_of_its_channels():
    weight = np.array([[2, -1], [3, 4]], np.int8).reshape(2, 2, 1, 1)
    layer = linear(weight)
    low, high = reach(layer)
    assert (low.tolist(), high.tolist()) == ([-15, 0], [30, 105])


def linear(weight):
    from tilewright.spec import ConvShape, NumberFormat

    return IntegerLayer(
        name="layer",
        shape=ConvShape(2, 1, 1, 2, 1, 1),
        weight=weight,
        weight_format=NumberFormat(4, is_signed=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
