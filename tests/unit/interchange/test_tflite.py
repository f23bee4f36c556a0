"""TFLite files of int8: every code is that of LiteRT's kernels; what cannot be stated is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert.interpreter", reason="pip install 'tilewright[tflite]'")

from tests.tflite_files import TfliteFile
from tests.tflite_networks import NETWORKS, gated, random_network
from tilewright.errors import ConfigError, FormatError, UnknownNameError
from tilewright.interchange import KERNELS, NETWORK_READERS, read_tflite
from tilewright.interchange.grid import Grid
from tilewright.interchange.tflite_kernels import ROUNDINGS, Scaled, layer_factor
from tilewright.interchange.tflite_probe import run_tflite
from tilewright.spec import CodeMove, NumberFormat, ResidualAdd
from tilewright.studies.imports import compare_foreign, read_foreign, run_foreign

INT8 = NumberFormat(8, is_signed=True)
LAYERS = {
    "CONV_2D": (lambda count: (count, 1, 1, 1), (1, 1, 1)),
    "DEPTHWISE_CONV_2D": (lambda count: (1, 1, 1, count), (1, 1, 1)),
    "FULLY_CONNECTED": (lambda count: (count, 1), (1,)),
}


def differ(path, kernels, *, run_by=None, samples=3, seed=0):
    """How many codes were compared, and how many differ."""
    imported = read_tflite(path, kernels=kernels)
    if run_by is not None:
        imported = replace(imported, engine=f"litert-{run_by}")
    found = compare_foreign(run_foreign(imported, samples, seed=seed))
    assert imported.doubtful == 0
    return sum(one.compared for one in found), sum(one.mismatches for one in found)


def near_ties(path, kind, rng, *, per_channel):
    """A layer without inputs, so to say: its sums are biases beside a half, and what they are scaled by."""
    count, step, out = (
        1024,
        float(np.float32(rng.uniform(0.01, 1))),
        float(np.float32(rng.uniform(1, 5))),
    )
    scale = np.float32(
        rng.uniform(1e-3, 1e-2, count if per_channel else 1) * 10.0 ** rng.uniform(-3, 0)
    )
    factor = step * scale.astype(np.float64) / out
    codes = rng.integers(-130, 130, count)
    bias = np.rint((codes + 0.5) / factor).astype(np.int64) + rng.integers(-1, 2, count)
    sizes, plane = LAYERS[kind]
    file = TfliteFile(plane, (step, 0))
    weight = np.zeros(sizes(count))
    end = file.layer(
        kind, file.input, count, kernel=(1, 1), weight=weight, scale=scale, bias=bias, out=(out, 0)
    )
    file.save(path, end)
    return f"{kind}_{end}", plane, bias, (step, scale.astype(np.float64), out)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("per_channel", [True, False])
def test_sums_beside_a_half_are_rounded_as_each_kernel_does(tmp_path, kernels, kind, per_channel):
    rng, grid, path = np.random.default_rng(5), None, tmp_path / "net.tflite"
    wrong = dict.fromkeys(KERNELS, 0)
    for _ in range(3):
        tensor, plane, bias, scales = near_ties(path, kind, rng, per_channel=per_channel)
        found = run_tflite(
            path, np.zeros((1, *plane), np.int8), engine=f"litert-{kernels}", tensors=(tensor,)
        )[tensor].reshape(-1)
        grid = Grid(INT8, scales[2])
        for other in KERNELS:
            rounding = ROUNDINGS[other][kind == "FULLY_CONNECTED"]
            step = Scaled(rounding, layer_factor(other, *scales), bias, -128, 127).step(grid)
            codes = np.rint(step.apply(np.zeros((1, len(bias)))) / grid.scale).reshape(-1)
            wrong[other] += int((codes != found).sum())
    assert wrong.pop(kernels) == 0
    assert min(wrong.values()) > 10  # the others' rounding is not it


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("seed", [0, 3, 26, 41, 124])
def test_random_networks_have_the_codes_of_the_file(tmp_path, kernels, seed):
    compared, wrong = differ(random_network(tmp_path / "net.tflite", seed), kernels)
    assert compared > 80
    assert wrong == 0


@pytest.mark.parametrize("kernels", KERNELS)
def test_gates_up_sampling_and_an_input_of_other_codes(tmp_path, kernels):
    path = gated(tmp_path / "net.tflite")
    compared, wrong = differ(path, kernels)
    assert compared > 10_000
    assert wrong == 0


def test_codes_of_the_other_kernels_are_found_to_differ(tmp_path):
    path = gated(tmp_path / "net.tflite", width=24)
    compared, wrong = differ(path, "reference", run_by="xnnpack", samples=8)
    assert 0 < wrong < compared / 20


def linear(path, **options):
    file = TfliteFile((8,), (0.05, 3))
    end = file.layer("FULLY_CONNECTED", file.input, 4, **options)
    return file.save(path, end)


def test_the_sums_hold_the_bias_and_the_output_is_the_files_codes(tmp_path):
    imported = read_tflite(linear(tmp_path / "net.tflite"))
    assert [node.name for node in imported.network.nodes] == ["FULLY_CONNECTED_3", "output"]
    assert imported.network.layers[0].zero_point == 3
    foreign = run_foreign(imported, 5)
    network = foreign.network
    link = network.nodes[0].requantizations[0]
    moved = replace(link, thresholds=link.thresholds + 40)
    first = replace(network.nodes[0], requantizations=(moved,))
    other = replace(foreign, network=replace(network, nodes=(first, *network.nodes[1:])))
    assert sum(one.mismatches for one in compare_foreign(foreign)) == 0
    assert sum(one.mismatches for one in compare_foreign(other)) > 0


def test_a_linear_layer_needs_no_bias(tmp_path):
    assert differ(linear(tmp_path / "net.tflite", bias=False), "reference")[1] == 0


def test_a_float_input_begins_with_its_quantizer_and_a_float_output_ends_before_it(tmp_path):
    file = TfliteFile((6, 6, 2), None, kind="FLOAT32")
    x = file.step("QUANTIZE", file.input, (0.02, -7))
    x = file.layer("CONV_2D", x, 3, relu="RELU6")
    path = file.save(tmp_path / "net.tflite", file.step("DEQUANTIZE", x, to="FLOAT32"))
    imported = read_tflite(path)
    assert not imported.inputs[0].is_code
    assert differ(path, "reference")[1] == 0
    assert imported.inputs[0].grid.grid.zero_point == -7


def test_padding_of_its_own_becomes_that_of_the_convolution(tmp_path):
    file = TfliteFile((5, 5, 2), (0.02, 9))
    x = file.pad(file.input, [(0, 0), (0, 1), (2, 1), (0, 0)])
    path = file.save(tmp_path / "net.tflite", file.layer("CONV_2D", x, 3, padding="VALID"))
    imported = read_tflite(path)
    assert len(imported.network.nodes) == 2
    assert imported.network.layers[0].shape.edges == ((0, 1), (2, 1))
    assert differ(path, "xnnpack")[1] == 0


COUNTS = {
    "ResNet-8": 12_501_632,
    "DS-CNN": 2_656_768,
    "MobileNetV1": 7_489_664,
}
"""Multiply-accumulates of MLPerf Tiny's networks, counted by hand: taps times channels times pixels."""
BLOCKS = (
    (16, 1),
    (32, 2),
    (32, 1),
    (64, 2),
    (64, 1),
    (128, 2),
    *((128, 1),) * 5,
    (256, 2),
    (256, 1),
)


@pytest.mark.parametrize("name", COUNTS)
def test_layers_have_the_kernels_of_the_file(name, tmp_path):
    """SAME with stride 2 pads one pixel more below and right, and the kernel stays what it is."""
    options = {"blocks": BLOCKS} if name == "MobileNetV1" else {}
    imported = read_tflite(NETWORKS[name](tmp_path / "net.tflite", **options))
    kernels = {(layer.shape.kh, layer.shape.kw) for layer in imported.network.layers}
    assert kernels <= {(3, 3), (1, 1), (10, 4)}
    assert sum(layer.shape.macs for layer in imported.network.layers) == COUNTS[name]


def test_a_border_that_a_pool_reads_has_the_code_of_0(tmp_path):
    file = TfliteFile((8, 8, 4), (0.1, 5))
    x = file.pool("MAX_POOL_2D", file.pad(file.input, [(0, 0), (1, 1), (1, 1), (0, 0)]))
    path = file.save(tmp_path / "net.tflite", file.layer("CONV_2D", x, 4))
    moves = [node for node in read_tflite(path).network.nodes if isinstance(node, CodeMove)]
    assert [node.fill for node in moves] == [5]
    assert differ(path, "xnnpack")[1] == 0


def test_an_input_in_another_order_is_read_by_two(tmp_path):
    file = TfliteFile((6, 4, 2), (0.02, 9))
    x = file.reshape(file.input, (1, 4, 6, 2))
    x = file.add("ADD", x, file.step("RELU", x, (0.01, 3)), (0.04, 2))
    end = file.layer("FULLY_CONNECTED", file.reshape(x, (1, -1)), 3)
    assert differ(file.save(tmp_path / "net.tflite", end), "xnnpack")[1] == 0
    file.inputs[:] = [file.input]
    other = file.layer("FULLY_CONNECTED", file.reshape(file.input, (1, -1)), 3)
    assert differ(file.save(tmp_path / "net.tflite", [end, other]), "reference")[1] == 0


def test_a_difference_is_the_interpreter_s_for_every_pair(tmp_path):
    """Of scales in no whole ratio, with zero-points; nothing is doubtful."""
    file = TfliteFile((16, 16, 4), (0.031, 9))
    x = file.add("SUB", file.input, file.step("RELU", file.input, (0.012, -90)), (0.04, 2))
    path = file.save(tmp_path / "net.tflite", file.layer("CONV_2D", x, 3))
    assert differ(path, "xnnpack")[1] == 0
    network = read_tflite(path).network
    (node,) = (node for node in network.nodes if isinstance(node, ResidualAdd))
    assert node.gains[1] < 0


def test_all_that_hinders_is_listed_by_name(tmp_path):
    file = TfliteFile((8, 8, 4), (0.02, 9))
    x = file.step("CUMSUM", file.input)
    x = file.layer("CONV_2D", x, 4)
    x = file.step("SOFTMAX", x)
    x = file.layer("CONV_2D", x, 4)
    x = file.by_constant("PRELU", x, np.array([[[20, 0, -90, 5]]]), (0.1, 0))
    path = file.save(tmp_path / "net.tflite", file.layer("CONV_2D", x, 4))
    with pytest.raises(FormatError, match="3 things hinder this network") as found:
        read_tflite(path)
    text = str(found.value)
    assert "(CUMSUM): it cannot be stated in integers" in text
    assert "(PRELU): it rises and falls in a channel" in text


def with_floats(path):
    file = TfliteFile((8, 8, 4), None, kind="FLOAT32")
    file.grids[file.input] = (0.1, 0)
    return file.save(path, file.layer("CONV_2D", file.input, 4))


def with_two_inputs(path):
    file = TfliteFile((4, 4, 2))
    other = file.tensor("other", (1, 4, 4, 2), (0.1, 0))
    file.inputs.append(other)
    return file.save(path, file.add("ADD", file.input, other, (0.1, 0)))


def with_two_samples(path):
    file = TfliteFile((8,), samples=2)
    return file.save(path, file.layer("FULLY_CONNECTED", file.input, 4))


def with_odd_weights(path):
    file = TfliteFile((8,))
    end = file.layer("FULLY_CONNECTED", file.input, 4, weight_zero=3)
    return file.save(path, end)


def with_large_biases(path):
    return linear(path, bias=np.full(4, 2**31 - 5))


def with_no_bias(path):
    file = TfliteFile((4, 4, 2))
    return file.save(path, file.layer("DEPTHWISE_CONV_2D", file.input, bias=False))


def with_other_sizes(path):
    file = TfliteFile((8, 8, 4))
    end = file.layer("CONV_2D", file.input, 4)
    file._graph.tensors[end].shape = [1, 3, 8, 4]
    return file.save(path, end)


def with_sizes_below_zero(path):
    file = TfliteFile((8, 8, 4))
    end = file.layer("CONV_2D", file.input, 4)
    file._graph.tensors[end].shape = [1, -8, -8, 4]
    return file.save(path, end)


def with_an_unknown_type(path):
    file = TfliteFile((8,))
    end = file.layer("FULLY_CONNECTED", file.input, 4)
    file._graph.tensors[end].type = 41
    return file.save(path, end)


def with_an_operand_too_many(path):
    file = TfliteFile((8, 4))
    x = file.reshape(file.input, (1, -1))
    file._graph.operators[-1].inputs = [file.input, x]
    return file.save(path, file.layer("FULLY_CONNECTED", x, 4))


def with_no_options(path, kind="MAX_POOL_2D"):
    file = TfliteFile((8, 8, 4))
    end = file.pool(kind, file.input)
    file._graph.operators[-1].builtinOptions = None
    return file.save(path, end)


def with_no_options_of_a_mean(path):
    return with_no_options(path, "AVERAGE_POOL_2D")


def with_no_options_of_a_layer(path):
    file = TfliteFile((8, 8, 4))
    end = file.layer("CONV_2D", file.input, 4)
    file._graph.operators[-1].builtinOptions = None
    return file.save(path, end)


def with_an_unknown_padding(path):
    file = TfliteFile((8, 8, 4))
    end = file.pool("MAX_POOL_2D", file.input)
    file._graph.operators[-1].builtinOptions.padding = 7
    return file.save(path, end)


def with_no_weight(path):
    file = TfliteFile((8,))
    end = file.layer("FULLY_CONNECTED", file.input, 4)
    file._graph.operators[-1].inputs = file._graph.operators[-1].inputs[:1]
    return file.save(path, end)


def with_a_huge_tensor(path):
    file = TfliteFile((8, 8, 4))
    end = file.layer("CONV_2D", file.input, 4)
    file._graph.tensors[end].shape = [1, 2**20, 2**15, 4]
    return file.save(path, file.pool("MAX_POOL_2D", end))


def with_scales_far_apart(path):
    file = TfliteFile((4, 4, 2))
    x = file.layer("CONV_2D", file.input, 2)
    return file.save(path, file.add("ADD", file.input, x, (1e-30, 0)))


def with_a_sum_of_one_axis(path):
    file = TfliteFile((1,))
    both = [file.reshape(file.input, (1,)) for _ in range(2)]
    return file.save(path, file.add("ADD", *both, (0.1, 0)))


def with_nothing(path):
    file = TfliteFile((8,))
    return file.save(path, file.input)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (with_floats, "convert with full integer quantization"),
        (with_two_inputs, "must have one input, not"),
        (with_two_samples, "one sample at a time"),
        (with_odd_weights, "zero-points of 0"),
        (with_large_biases, "below 2\\*\\*31"),
        (with_no_bias, "must have a bias"),
        (with_no_options, "its options must state filterHeight"),
        (with_no_options_of_a_mean, "its options must state filterHeight"),
        (with_no_options_of_a_layer, "its options must state strideH"),
        (with_an_unknown_padding, "must be SAME or VALID, not number 7"),
        (with_no_weight, "must read 2 tensors, but reads 1"),
        (with_a_huge_tensor, "must have at most 16,777,216 numbers"),
        (with_scales_far_apart, "within a factor of 262,144, not 1e-30 and"),
        (with_a_sum_of_one_axis, "must have 2 to 4 axes, not 1"),
        (with_nothing, "must have one output that follows"),
        (with_other_sizes, "must hold 256 numbers a sample, .* not 3x8x4"),
        (with_sizes_below_zero, "must hold 256 numbers a sample, .* not -8x-8x4"),
        (with_an_unknown_type, "must have codes of int8 with a scale, not type 41"),
        (with_an_operand_too_many, r"\(RESHAPE\): it must read 1 tensors that are no constants"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, make, words):
    with pytest.raises(FormatError, match=words):
        read_tflite(make(tmp_path / "net.tflite"))


def test_bytes_that_are_no_file_are_refused(tmp_path):
    path = linear(tmp_path / "net.tflite")
    content, rng = path.read_bytes(), np.random.default_rng(0)
    broken = [
        b"",
        b"TFL3",
        b"0000TFL3",
        b"\0\0\0\0ONNX" + content[8:],
        content[:200],
        content[: len(content) // 2],
    ]
    for _ in range(20):
        changed = bytearray(content)
        changed[int(rng.integers(8, 400))] ^= 1 << int(rng.integers(8))
        broken.append(bytes(changed))
    refused = 0
    for one in broken:
        path.write_bytes(one)
        try:
            read_tflite(path)
        except FormatError:
            refused += 1
    assert refused >= 6


def test_readers_are_found_by_the_end_of_a_name(tmp_path):
    assert NETWORK_READERS.names() == ("onnx", "tflite")
    path = linear(tmp_path / "NET.TFLITE")
    assert compare_foreign(read_foreign(path, 2, kernels="reference"))
    with pytest.raises(UnknownNameError, match="kernels"):
        read_foreign(path, 2, kernels="other")
    with pytest.raises(ConfigError, match=r"chosen for a \.tflite file"):
        read_foreign(tmp_path / "net.onnx", 2, kernels="reference")


@pytest.mark.rtl
def test_zeros_below_and_right_alone_go_through_the_chain(tmp_path):
    """SAME of stride 2 on a plane of even size: the RTL computes 3x3 taps, the model and the files too."""
    from tests.chain import read, tilewright
    from tests.rtl.layers import require_simulator

    require_simulator("icarus")
    file = TfliteFile((4, 4, 2), (0.05, 0))
    x = file.layer("CONV_2D", file.input, 3, stride=2, relu="RELU")
    path, run = file.save(tmp_path / "net.tflite", x), tmp_path / "run"
    sizes = [f"--set=array.{one}" for one in ("rows=2", "cols=2", "psum_bits=24")]
    for words in (
        ("import-network", path, "--out", run),
        ("verify", run, *sizes),
        ("export", run, "--set=vectors.samples=1", "--set=vectors.corners=false"),
        ("simulate", run),
        ("cosim", run, "--set=cosim.simulator=icarus"),
    ):
        done = tilewright(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    done = tilewright("plan", run, "--json")
    assert json.loads(done.stdout)["arrays"][0]["total"]["macs"] == 2 * 2 * 3 * 2 * 9
    manifest = read(run / "05_vectors" / "CONV_2D_3" / "sample0" / "manifest.json")
    assert manifest["version"] == 3
    assert (manifest["shape"]["padding"], manifest["shape"]["padding_after"]) == ([0, 0], [1, 1])
    cosim = read(run / "07_cosim" / "cosim.json")
    assert (cosim["psums_compared"], cosim["mismatches"]) == (2 * 2 * 3, 0)


def test_a_file_goes_through_the_chain(tmp_path):
    from tests.chain import tilewright

    path = linear(tmp_path / "net.tflite")
    run = tmp_path / "run"
    command = ("import-network", path, "--out", run, "--kernels", "reference", "--json")
    facts = json.loads(tilewright(*command).stdout)
    assert (facts["mismatches"], facts["doubtful_thresholds"]) == (0, 0)
    tilewright("verify", run)


def test_a_model_without_its_parts_is_named_in_words(tmp_path):
    path = tmp_path / "empty.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(50))
    with pytest.raises(
        FormatError, match=r"no valid TFLite file: a part that every model has is missing"
    ):
        read_tflite(path)
