"""QONNX files: read as written, or refused with the name of the node and the reason."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest

from tests import networks
from tests.unit.interchange.networks import residual, untrained
from tests.unit.interchange.test_export import odd_network
from tilewright.errors import ArtifactError, FormatError, TilewrightError
from tilewright.interchange import export_network, read_onnx
from tilewright.spec import IntegerLayer, IntegerNetwork, ResidualAdd, SumPool
from tilewright.studies.exchange import check_export
from tilewright.verify import check_node, compare_traces, reference_next_codes, reference_trace

onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from tests.qonnx_files import DOMAIN, STATED, File, node, quant  # noqa: E402  (after the skip)


def same(one, other):
    """Whether two networks are one and the same, number by number."""
    assert one.inputs == other.inputs
    assert [node.name for node in one.nodes] == [node.name for node in other.nodes]
    for left, right in zip(one.nodes, other.nodes, strict=True):
        assert type(left) is type(right)
        assert left.act_format == right.act_format
        assert (left.input_shape, left.output_shape) == (right.input_shape, right.output_shape)
        if isinstance(left, IntegerLayer):
            assert (left.weight == right.weight).all()
            assert (left.shape, left.weight_format) == (right.shape, right.weight_format)
        for first, second in zip(left.requantizations, right.requantizations, strict=True):
            assert (first.thresholds == second.thresholds).all()
            assert (first.direction == second.direction).all()
            assert (first.port, first.pools) == (second.port, second.pools)
            assert (first.min_code, first.is_flattened) == (second.min_code, second.is_flattened)


@pytest.mark.parametrize("is_unit", [False, True])
@pytest.mark.parametrize("name", ["digits", "residual", "wide"])
def test_what_is_written_is_read_back(name, is_unit, request, tmp_path):
    if name == "residual":
        network = residual((2, 3)).network
    elif name == "wide":
        network = untrained("vgg_tiny", 1, weight_bits=8, act_bits=6).network
    else:
        network = request.getfixturevalue(name).network
    export_network(network, tmp_path / "net.onnx", form="qonnx", is_unit=is_unit)
    imported = read_onnx(tmp_path / "net.onnx")
    same(network, imported.network)
    assert imported.notes == ()
    assert imported.doubtful == 0 or name == "wide"  # sums beyond 2**19: half a step is in doubt
    if not is_unit:
        for one, other in zip(network.nodes, imported.network.nodes, strict=True):
            assert np.float32(one.act_scale) == np.float32(other.act_scale)


def test_strides_and_padded_pools_are_read_back(tmp_path):
    """Thresholds that no sum reaches or all reach come back as the same steps."""
    network = odd_network()
    export_network(network, tmp_path / "net.onnx", form="qonnx")
    found = read_onnx(tmp_path / "net.onnx").network
    sums = np.random.default_rng(3).integers(-3000, 3000, (2, 5, 5, 6))
    for one, other in zip(network.nodes[:1], found.nodes[:1], strict=True):
        codes = [reference_next_codes(sums, node.requantizations[0]) for node in (one, other)]
        assert (codes[0] == codes[1]).all()
    assert [node.output_shape for node in found.nodes] == [
        node.output_shape for node in network.nodes
    ]


def test_the_small_file_computes_what_its_executor_computes(tmp_path):
    imported = read_onnx(File().save(tmp_path / "net.onnx"))
    assert [node.name for node in imported.network.nodes] == ["conv", "head"]
    stimulus, farthest = imported.run_source(8)
    assert farthest < 0.01
    for one in imported.network.nodes:
        assert check_node(one, stimulus, psum_bits=20).passed


def test_steps_of_other_operations(tmp_path):
    """Mul, Div, Add and Sub with constants, Clip, Identity, MatMul, Transpose, ReduceMean, Squeeze."""
    file = File()
    file.constants |= {"half": 0.5, "low": 0.0, "high": 1.5, "shift": np.full((1, 4, 1, 1), 0.1)}
    file.insert("norm", node("Mul", "halved", ["norm", "half"]))
    file.insert("halved", node("Div", "doubled", ["halved", "half"]))
    file.insert("doubled", node("Add", "added", ["shift", "doubled"]))
    file.insert("added", node("Sub", "less", ["added", "half"]))
    file.insert("relu", node("Clip", "cut", ["relu", "low", "high"]))
    file.insert("cut", node("Identity", "same", ["cut"]))
    flat = file.find("flat")
    file.nodes.remove(flat)
    file.insert("pool", node("ReduceMean", "mean", ["pool"], axes=[2, 3], keepdims=1))
    file.insert("mean", quant("mean_codes", "mean", "act_scale", "bits4", STATED))
    file.insert("mean_codes", node("Squeeze", "squeezed", ["mean_codes", "plane_axes"]))
    file.constants |= {"plane_axes": np.array([2, 3]), "w2": file.constants["w2"][:, :4]}
    file.insert("weight2", node("Transpose", "turned", ["weight2"], perm=[1, 0]))
    head = file.find("head")
    head.op_type, head.input[0] = "MatMul", "squeezed"
    file.set("head", transB=None)
    imported = read_onnx(file.save(tmp_path / "net.onnx"))
    assert [type(node) for node in imported.network.nodes] == [IntegerLayer, SumPool, IntegerLayer]
    stimulus, _ = imported.run_source(8)
    for one in imported.network.nodes:
        assert check_node(one, stimulus, psum_bits=20).passed


@pytest.mark.parametrize(
    "average",
    [
        node("GlobalAveragePool", "average", ["pool"]),
        node("ReduceMean", "average", ["pool"], axes=[-1, -2], keepdims=0),
        node("AveragePool", "average", ["pool"], kernel_shape=[2, 3], strides=[2, 1]),
    ],
    ids=lambda one: one.op_type,
)
def test_average_pools(average, tmp_path):
    file = File()
    file.insert("pool", average)
    file.insert("average", quant("again", "average", "act_scale", "bits4", STATED))
    if average.op_type == "ReduceMean":
        file.nodes.remove(file.find("flat"))
        file.find("head").input[0] = "again"
    kept = 4 * (2 if average.op_type == "AveragePool" else 1)
    file.constants["w2"] = file.constants["w2"][:, :kept]
    imported = read_onnx(file.save(tmp_path / "net.onnx"))
    pool = imported.network.nodes[1]
    assert isinstance(pool, SumPool)
    assert pool.kernel == ((2, 3) if average.op_type == "AveragePool" else (4, 3))
    stimulus, _ = imported.run_source(8)
    for one in imported.network.nodes:
        assert check_node(one, stimulus, psum_bits=20).passed


def signed(rng):
    """Codes of both signs from the image on, and no max-pool, which onnx's reference does not run on int8."""
    first, second, head = networks.chain(rng, is_signed=True, edge=5).nodes
    links = [replace(one.requantizations[0], pools=()) for one in (first, second)]
    shape = replace(second.shape, ih=first.shape.oh, iw=first.shape.ow)
    flat = replace(head.shape, ic=shape.oc * shape.oh * shape.ow)
    codes = {"act_format": head.act_format, "unlinked": head.unlinked}
    return IntegerNetwork(
        (
            replace(first, requantizations=(links[0],)),
            replace(second, shape=shape, requantizations=(links[1],)),
            networks.layer(rng, "head", flat, **codes),
        )
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [networks.chain, networks.residual, signed])
def test_random_networks_go_out_and_come_back(make, seed, tmp_path):
    """Thresholds at random, signed sums, padded pools: every engine, and what is read back."""
    rng = np.random.default_rng(seed)
    network = make(rng)
    images = networks.images(rng, network, 2)
    expected = reference_trace(network, images)
    for form in ("onnx", "qonnx", "qcdq"):
        exported = export_network(network, tmp_path / "net.onnx", form=form)
        for check in check_export(network, exported, images):
            assert check.passed, str(check)
        if form == "qonnx":
            found = reference_trace(read_onnx(exported.path).network, images)
            for comparison in compare_traces(expected, found, what="the file"):
                assert comparison.passed, str(comparison)


def test_what_follows_the_last_layer_is_noted(tmp_path):
    file = File()
    file.insert("head", node("Relu", "last", ["head"]))
    file.outputs = ["last"]
    file.constants["bias"] = np.array([0.5, 0, 0, 0, 0])
    file.find("head").input.append("bias")
    notes = read_onnx(file.save(tmp_path / "net.onnx")).notes
    assert notes[0].startswith("head: its bias is not in the integers")
    assert notes[1] == "what follows head is not in the integers"


def spoil_attribute(name, **values):
    return lambda file: file.set(name, **values)


def spoil_constant(**values):
    return lambda file: file.constants.update(values)


def drop_constant(name):
    return lambda file: file.constants.pop(name)


def put_after(name, one, **constants):
    def spoil(file):
        file.constants |= constants
        file.insert(name, one)

    return spoil


def reroute(name, index, source):
    def spoil(file):
        file.find(name).input[index] = source

    return spoil


def sized(sizes):
    def spoil(file):
        file.input = sizes

    return spoil


REFUSED = [
    (
        spoil_attribute("codes", rounding_mode="STOCHASTIC"),
        "node codes (Quant): rounding_mode must be one of ROUND, HALF_EVEN, CEIL, FLOOR, UP",
    ),
    (
        spoil_attribute("weight1", rounding_mode="NEAREST"),
        "node weight1 (Quant): rounding_mode must be",
    ),
    (spoil_attribute("codes", narrow=None), "node codes (Quant): it must state signed, narrow"),
    (
        lambda file: (file.set("codes", narrow=1), file.constants.update(bits4=1.0)),
        "node codes (Quant): narrow unsigned codes of 1 bit are all 0: set narrow to 0",
    ),
    (
        spoil_constant(zero=0.5),
        "node pixels (Quant): the zero-point must be one code of u8 (0..255), not 0.5",
    ),
    (
        spoil_constant(zero=256.0),
        "node pixels (Quant): the zero-point must be one code of u8 (0..255), not 256",
    ),
    (spoil_constant(bits8=9.0), "node pixels (Quant): the bit width must be 1..8, not 9"),
    (
        spoil_constant(bits4=0.0),
        "node weight1 (Quant): the bit width must be 1..8, not 0",
    ),
    (spoil_constant(bits4=4.5), "node weight1 (Quant): the bit width must be 1..8, not 4.5"),
    (spoil_constant(act_scale=0.0), "node codes (Quant): the scale must be positive and finite"),
    (spoil_constant(act_scale=np.nan), "node codes (Quant): the scale must be positive and finite"),
    (
        spoil_constant(act_scale=np.array([1, 1.1, 1.3, 1.7]).reshape(1, 4, 1, 1)),
        "node head (Gemm): its input and its weight have scales that differ by input channel, and not",
    ),
    (
        spoil_constant(w1_scale=np.array([1e-5, 1.1, 1.3]).reshape(1, 3, 1, 1)),
        "node conv (Conv): its weight has scales that differ by input channel, and not by whole",
    ),
    (drop_constant("act_scale"), "node codes (Quant): its input 'act_scale' is missing"),
    (drop_constant("w2"), "node weight2 (Quant): its input 'w2' is missing"),
    (drop_constant("gamma"), "node norm (BatchNormalization): its input 'gamma' is missing"),
    (reroute("codes", 1, "relu"), "node codes (Quant): its input 1 must be a constant"),
    (reroute("head", 1, "w2"), "node head (Gemm): its weights are floats, and no whole multiples"),
    (reroute("flat", 0, "relu"), "node head (Gemm): its input flat is not quantized"),
    (
        put_after("relu", node("Sin", "wave", ["relu"])),
        "node wave (Sin): it must stand between two quantizers",
    ),
    (
        put_after("norm", node("Softmax", "soft", ["norm"])),
        "node soft (Softmax): it cannot be stated",
    ),
    (
        put_after("codes", node("LRN", "lrn", ["codes"], size=3)),
        "node lrn (LRN): it cannot be stated",
    ),
    (
        put_after("norm", node("Add", "wide", ["norm", "plane"]), plane=np.ones((1, 1, 8, 6))),
        "node wide (Add): its constant must be one number or one per channel, not (1, 1, 8, 6)",
    ),
    (
        put_after("norm", node("Div", "over", ["norm", "zero"])),
        "node over (Div): it divides by 0",
    ),
    (
        put_after("norm", node("Div", "under", ["bits4", "norm"])),
        "node under (Div): a constant must be on the right",
    ),
    (
        put_after("codes", node("Add", "sum", ["codes", "x"])),
        "node sum (Add): it adds values that are not quantized",
    ),
    (
        put_after(
            "relu",
            node("AveragePool", "mean", ["relu"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        ),
        "node mean (AveragePool): it averages values that are not quantized",
    ),
    (
        put_after(
            "norm",
            node("MaxPool", "early", ["norm"], kernel_shape=[2, 2], pads=[0, 0, 1, 1]),
        ),
        "node early (MaxPool): its windows must reach beyond both ends alike, or its input be",
    ),
    (spoil_attribute("pool", dilations=[2, 2]), "node pool (MaxPool): dilations must be [1, 1]"),
    (spoil_attribute("conv", auto_pad="SOME"), "node conv (Conv): auto_pad must be NOTSET, VALID"),
    (spoil_attribute("conv", dilations=[9000, 1]), "node conv (Conv): its windows must span at"),
    (
        spoil_attribute("conv", dilations=[4, 1], pads=[0] * 4),
        "node conv (Conv): the window (9, 3)",
    ),
    (spoil_attribute("conv", group=2), "node conv (Conv): its weight (4, 3, 3, 3) with 2 groups"),
    (spoil_attribute("head", alpha=0.0), "node head (Gemm): alpha must not be 0"),
    (spoil_attribute("head", transA=1), "node head (Gemm): transA must be 0, not 1"),
    (spoil_attribute("flat", axis=2), "node flat (Flatten): axis must be 1, not 2"),
    (
        sized([1, 3, "height", 6]),
        "the input x must be (n, channels), (n, channels, h, w) or a sequence (n, channels, length) with",
    ),
    (
        sized([1, 3, 8, 6, 2]),
        "the input x must be (n, channels), (n, channels, h, w) or a sequence",
    ),
    (
        sized([1, 8, 6]),
        "node pixels (Quant): it must give (n, channels) or (n, channels, h, w), not 3 axes",
    ),
    (
        sized([1, 3, 65535, 10**9]),
        "the input x must have at most 16,777,216 numbers a sample, not 196,605,000,000,000 (3 x 65535",
    ),
    (
        spoil_attribute("conv", pads=[0, 0, 2**62, 0]),
        "node conv (Conv): its padding must be at most 4096 pixels at an end, not 4611686018427387904",
    ),
    (
        spoil_constant(running_mean=np.full(1, np.nan)),
        "tensor flat: every sum of conv must have a finite value there, but a constant on the way",
    ),
    (sized([1, 4, 8, 6]), "node conv (Conv): its weight (4, 3, 3, 3) with 1 groups does not fit 4"),
    (
        lambda file: (
            file.nodes.insert(0, node("Cos", "root", ["bits4"])),
            file.insert("norm", node("Mul", "odd", ["norm", "root"])),
        ),
        "node odd (Mul): its constant root is computed in a way that is not understood",
    ),
    (spoil_constant(running_var=-np.ones(4)), "node norm (BatchNormalization): its variance must"),
    (spoil_constant(gamma=np.full(4, np.inf)), "constant gamma must be finite, but holds NaN or"),
    (spoil_attribute("norm", training_mode=1), "node norm (BatchNormalization): training_mode"),
    (
        put_after("flat", node("Add", "wide", ["flat", "many"]), many=np.ones((1, 48))),
        "node wide (Add): after a flatten, numbers per channel are not supported",
    ),
    (
        put_after("pool", node("ReduceMean", "rows", ["pool"], axes=[1, 2])),
        "node rows (ReduceMean): only a mean over the plane, axes 2 and 3 or one of them, or over the",
    ),
    (
        put_after("pool", node("Squeeze", "thin", ["pool"])),
        "node thin (Squeeze): it must leave the 1 sample apart, but gives (4, 4, 3)",
    ),
    (
        put_after("pool", node("Reshape", "odd", ["pool", "to"]), to=np.array([1, 4, 13])),
        "node odd (Reshape): its constants cannot be computed: ",
    ),
    (
        lambda file: (
            put_after("pool", node("Reshape", "odd", ["pool", "to"]), to=np.array([1, 4, 12]))(
                file
            ),
            reroute("head", 0, "odd")(file),
        ),
        "node odd (Reshape): it must give (n, channels) or (n, channels, h, w), not 3 axes, which node",
    ),
    (
        put_after("relu", node("Clip", "cut", ["relu", "zero", "weight1"])),
        "node cut (Clip): its bound must be one number, not 108",
    ),
    (
        put_after("relu", node("MultiThreshold", "t", ["relu", "levels"]), levels=np.ones((1, 3))),
        "No Op registered for MultiThreshold with domain_version of 17",
    ),
    (
        put_after(
            "relu",
            node("MultiThreshold", "t", ["relu", "levels"], domain=DOMAIN),
            levels=np.ones(3),
        ),
        "node t (MultiThreshold): its thresholds must be (channels, levels), not (3,)",
    ),
    (
        put_after(
            "relu",
            node("MultiThreshold", "t", ["relu", "levels"], domain=DOMAIN, out_scale=-1.0),
            levels=np.ones((1, 3)),
        ),
        "node t (MultiThreshold): out_scale must be positive, not -1.0",
    ),
    (sized([1, 3, 1, 6]), "node pool (MaxPool): the window (2, 2) must fit the plane (1, 6)"),
    (
        spoil_attribute("conv", pads=[0, 0, 0, 0], kernel_shape=[9, 3]),
        "node conv (Conv): kernel_shape must be [3, 3], not [9, 3]",
    ),
    (
        put_after("codes", node("AveragePool", "av", ["codes"], kernel_shape=[9, 2])),
        "node av (AveragePool): the window (9, 2) must fit the plane (8, 6)",
    ),
    (sized([1, 3, 8, 8]), "node head (Gemm): its weight takes 48 channels, but its input has 64"),
    *(
        (
            spoil_constant(bits8=width),
            f"node pixels (Quant): the bit width must be a finite number, not {width:g}",
        )
        for width in (np.inf, -np.inf, np.nan)
    ),
    (spoil_constant(act_scale=np.nan), "node codes (Quant): the scale must be positive and finite"),
    (spoil_constant(gamma=np.array(["a"], object)), "constant gamma must hold numbers, not STRING"),
    *(
        (spoil_attribute(name, **{key: value}), f"node {name} ({kind}): {key} must be ")
        for name, kind in (("conv", "Conv"), ("pool", "MaxPool"))
        for key, value in (
            *(("strides", [0, 1]), ("strides", [1]), ("strides", [-1, 1])),
            *(("pads", [-1, 1, -1, 1]), ("pads", [1, 1])),
        )
    ),
    (spoil_attribute("conv", group=0), "node conv (Conv): its weight (4, 3, 3, 3) with 0 groups"),
    (spoil_attribute("pool", kernel_shape=[0, 2]), "node pool (MaxPool): kernel_shape must be 2"),
    (spoil_attribute("pool", pads=[2, 2, 2, 2]), "a max-pool's window must be larger than its"),
    (spoil_attribute("norm", epsilon=np.inf), "node norm (BatchNormalization): epsilon must be"),
    (
        lambda file: file.find("pixels").input.pop(),
        "node pixels (Quant): it must read a value, a sc",
    ),
    (
        lambda file: setattr(file.find("conv"), "name", "a\x1b[2Jb"),
        "the name of a node must be 1..200 characters",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED]
)
def test_what_cannot_be_stated_is_refused_by_name(spoil, message, tmp_path):
    file = File()
    spoil(file)
    with pytest.raises(FormatError) as caught:
        read_onnx(file.save(tmp_path / "net.onnx"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_operations_without_one_output_are_refused(tmp_path):
    path = File().save(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.graph.node[6].output.append("indices")
    onnx.save(model, path)
    same(read_onnx(path).network, read_onnx(File().save(tmp_path / "one.onnx")).network)
    model.graph.output.append(onnx.helper.make_tensor_value_info("indices", 7, [1, 4, 4, 3]))
    onnx.save(model, path)
    with pytest.raises(
        FormatError, match=r"^node pool \(MaxPool\): it must have one output, not 2$"
    ):
        read_onnx(path)


def test_constant_nodes_are_read_and_others_refused(tmp_path):
    file = File()
    scale = onnx.numpy_helper.from_array(np.array(file.constants.pop("act_scale"), np.float32))
    file.nodes.insert(0, node("Constant", "act_scale", [], value=scale))
    same(
        read_onnx(file.save(tmp_path / "a.onnx")).network,
        read_onnx(File().save(tmp_path / "b.onnx")).network,
    )
    for numbers in ({"value_float": 0.125}, {"value_floats": [0.125]}):
        file.nodes[0] = node("Constant", "act_scale", [], **numbers)
        same(
            read_onnx(file.save(tmp_path / "c.onnx")).network,
            read_onnx(File().save(tmp_path / "b.onnx")).network,
        )
    file.nodes[0] = node("Constant", "act_scale", [], value_string="0.125")
    with pytest.raises(FormatError, match=r"^node act_scale \(Constant\): it must state a tensor"):
        read_onnx(file.save(tmp_path / "c.onnx"))


def test_outputs_that_are_constants_are_left_out(tmp_path):
    """As older exporters of Brevitas write them: the scale and the width of the output."""
    file = File()
    file.nodes.append(node("Log", "log", ["bits4"]))
    file.outputs = ["head", "log"]
    assert read_onnx(file.save(tmp_path / "net.onnx")).notes == ()
    file.outputs = ["log"]
    with pytest.raises(
        FormatError, match=r"must have one output that follows from a quantized layer"
    ):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_a_quantized_bias_is_part_of_the_step(tmp_path):
    file = File()
    file.constants |= {"bias": np.array([0.3, -0.2, 0.1, 0.0]), "bias_scale": 0.01, "bits16": 16.0}
    file.nodes.insert(2, quant("q_bias", "bias", "bias_scale", "bits16", STATED | {"signed": 1}))
    file.find("conv").input.append("q_bias")
    imported = read_onnx(file.save(tmp_path / "net.onnx"))
    stimulus, _ = imported.run_source(8)
    for one in imported.network.nodes:
        assert check_node(one, stimulus, psum_bits=20).passed
    file.find("conv").input[2] = "x"
    with pytest.raises(FormatError, match=r"^node conv \(Conv\): its bias must be a constant$"):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_an_open_batch_is_understood(tmp_path):
    file = File()
    file.input[0] = "batch"
    assert read_onnx(file.save(tmp_path / "net.onnx")).network.inputs == ("conv",)


def test_additions_of_signs_and_codes_are_refused(tmp_path):
    file = File()
    file.constants["bits1"] = 1.0
    file.nodes.insert(6, quant("again", "relu", "act_scale", "bits1", STATED | {"signed": 1}))
    file.nodes.insert(7, node("Add", "sum", ["codes", "again"]))
    file.find("pool").input[0] = "sum"
    message = r"^node sum \(Add\): it reads codes of different formats, u4 \(0..15\) and"
    with pytest.raises(FormatError, match=message):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_an_addition_of_one_grid_is_read(tmp_path):
    file = File()
    file.nodes.insert(6, node("Add", "sum", ["codes", "codes"]))
    file.nodes.insert(7, quant("summed", "sum", "act_scale", "bits4", STATED))
    file.find("pool").input[0] = "summed"
    imported = read_onnx(file.save(tmp_path / "net.onnx"))
    assert isinstance(imported.network.nodes[1], ResidualAdd)
    stimulus, _ = imported.run_source(4)
    for one in imported.network.nodes:
        assert check_node(one, stimulus, psum_bits=20).passed


def test_older_names_and_domains_are_understood(tmp_path):
    file = File()
    file.find("codes").op_type = "IntQuant"
    file.find("weight1").domain = "onnx.brevitas"
    same(
        read_onnx(file.save(tmp_path / "a.onnx")).network,
        read_onnx(File().save(tmp_path / "b.onnx")).network,
    )
    file.find("codes").domain = "onnx.brevitas"
    file.find("codes").op_type = "Quant"
    read_onnx(file.save(tmp_path / "c.onnx"))


def test_a_flipped_gamma_gives_another_network(tmp_path):
    """A sign that is lost on the way is seen in the direction of its channel."""
    file = File()
    good = read_onnx(file.save(tmp_path / "net.onnx")).network
    file.constants["gamma"] = -file.constants["gamma"]
    bad = read_onnx(file.save(tmp_path / "net.onnx")).network
    links = [network.nodes[0].requantizations[0] for network in (good, bad)]
    assert links[0].direction.tolist() == [1, -1, 1, 1]
    assert links[1].direction.tolist() == [-1, 1, -1, -1]


def test_the_judge_names_a_layer_that_the_import_got_wrong(tmp_path):
    """A reader that flips one threshold by one is found by the source's own arithmetic."""
    imported = read_onnx(File().save(tmp_path / "net.onnx"))
    stimulus, _ = imported.run_source(16)
    layer = imported.network.nodes[0]
    link = layer.requantizations[0]
    shifted = replace(layer, requantizations=(replace(link, thresholds=link.thresholds + 1),))
    verdict = check_node(shifted, stimulus, psum_bits=20)
    assert verdict.psums.passed
    assert not verdict.next_codes[0].passed
    assert str(verdict.next_codes[0]).startswith("conv: input codes of head: ")


def test_files_that_are_no_onnx_are_one_line(tmp_path):
    path = tmp_path / "net.onnx"
    with pytest.raises(ArtifactError, match=r"^cannot read "):
        read_onnx(path)
    for content in (b"", b"\x00\x01 no protobuf", b"\x08\x08" * 100):
        path.write_bytes(content)
        with pytest.raises(
            FormatError, match=r"is no valid ONNX file|must have one input"
        ) as caught:
            read_onnx(path)
        assert "\n" not in str(caught.value)


def test_mutated_files_are_refused_or_read(tmp_path):
    """Damaged copies give an error of ours or a network, never another exception."""
    path = File().save(tmp_path / "net.onnx")
    good, random = path.read_bytes(), np.random.default_rng(0)
    read = 0
    for _ in range(150):
        damaged = bytearray(good)
        for place in random.integers(0, len(good), 2):
            damaged[place] = int(random.integers(0, 256))
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(TilewrightError):
            read_onnx(path)
            read += 1
    assert 20 < read < 130


def test_a_quant_node_of_another_domain_is_refused(tmp_path):
    file = File()
    file.find("codes").domain = "com.example"
    path = file.save(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.opset_import.append(onnx.helper.make_opsetid("com.example", 1))
    onnx.save(model, path)
    with pytest.raises(
        FormatError, match=rf"its domain must be one of {DOMAIN}, .*, not 'com.example'$"
    ):
        read_onnx(path)
