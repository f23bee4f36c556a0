"""One network in the many forms in which QONNX files have its parts: its own executor agrees with each."""

import numpy as np
import pytest

from tilewright.errors import FormatError
from tilewright.interchange import read_onnx
from tilewright.spec import BIPOLAR, CodeMove, IntegerLayer, NumberFormat
from tilewright.studies.imports import compare_foreign, read_foreign

onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from tests.qonnx_files import DOMAIN, STATED, File, node, quant  # noqa: E402  (after the skip)

SIGNED = STATED | {"signed": 1}
NARROW = SIGNED | {"narrow": 1}
RNG = np.random.default_rng(1)


def agree(file, tmp_path, samples=2):
    """The network that was read; the file's own executor computes the same, node by node."""
    foreign = read_foreign(file.save(tmp_path / "net.onnx"), samples)
    compared = compare_foreign(foreign)
    assert sum(one.compared for one in compared) > 0
    assert [str(one) for one in compared if not one.passed] == []
    foreign.network.require_whole()
    return foreign.network


def head_of(file, numbers):
    """A linear layer that reads so many numbers."""
    file.constants["w2"] = np.random.default_rng(2).normal(size=(5, numbers)) * 0.3
    return file


def put(file, name, *nodes, **constants):
    """Other nodes in the place of one; the last has its name."""
    file.constants |= constants
    at = file.nodes.index(file.find(name))
    file.nodes[at : at + 1] = nodes
    return file


def behind(file, name, *nodes, **constants):
    """Nodes behind another, which whoever read it reads then."""
    file.constants |= constants
    for one in nodes:
        file.insert(name, one)
        name = one.output[0]
    return file


# --- quantizers

ROUNDINGS = (
    "CEIL",
    "FLOOR",
    "UP",
    "DOWN",
    "HALF_UP",
    "HALF_DOWN",
    "HALF_EVEN",
    "ROUND_TO_ZERO",
    "ceil",
)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_rounding_of_weights_and_activations_is_read(rounding, tmp_path):
    file = File()
    # on steps and on halves of steps, where kinds of rounding differ
    file.constants["w1"] = RNG.integers(-14, 15, (4, 3, 3, 3)) * 0.5 * np.float32(0.1)
    for name in ("codes", "weight1", "pixels"):
        file.set(name, rounding_mode=rounding)
    file.nodes.remove(file.find("relu"))
    file.find("codes").input[0] = "norm"
    file.set("codes", signed=1)
    agree(file, tmp_path)


def test_another_rounding_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: a reader that takes FLOOR for ROUND differs from the file's executor."""
    from tilewright.interchange import rounding

    monkeypatch.setitem(rounding.ROUNDINGS, "FLOOR", np.rint)
    file = File()
    file.set("codes", rounding_mode="FLOOR")
    foreign = read_foreign(file.save(tmp_path / "net.onnx"), 2)
    assert [one for one in compare_foreign(foreign) if not one.passed]


def one_bit(name, **attributes):
    file = File()
    file.constants["bits1"] = 1.0
    file.find(name).input[3] = "bits1"
    file.set(name, **attributes)
    return file


def test_codes_of_one_bit_are_signs_or_0_and_1(tmp_path):
    layer = agree(one_bit("weight1", narrow=0), tmp_path).nodes[0]
    assert layer.weight_format == BIPOLAR
    head = agree(one_bit("codes"), tmp_path).node("head")
    assert head.act_format == NumberFormat(1, is_signed=False)
    assert agree(one_bit("codes", signed=1), tmp_path).node("head").act_format == BIPOLAR


def test_narrow_unsigned_codes_never_reach_the_highest(tmp_path):
    file = File()
    file.set("codes", narrow=1)
    file.constants["act_scale"] = 0.01
    network = agree(file, tmp_path)
    assert network.nodes[0].requantizations[0].thresholds[:, -1].min() > 2**30


def test_a_default_that_all_programs_share_may_be_left_out(tmp_path):
    file = File()
    file.set("codes", rounding_mode=None)
    agree(file, tmp_path)


@pytest.mark.parametrize("shape", [(1,), (1, 1, 1, 1), (1, 4, 1, 1), (4, 1, 1)])
def test_one_scale_and_zero_point_may_stand_there_more_than_once(shape, tmp_path):
    file = File()
    file.constants |= {"scales": np.full(shape, 0.125), "zeros": np.full(shape, 3.0)}
    file.find("codes").input[1], file.find("codes").input[2] = "scales", "zeros"
    assert agree(file, tmp_path).node("head").zero_point == 3


def test_weights_with_a_zero_point_are_read_less_it(tmp_path):
    file = File()
    file.constants["middle"] = 3.0
    file.find("weight1").input[2] = "middle"
    file.set("weight1", signed=0, narrow=0)
    layer = agree(file, tmp_path).nodes[0]
    assert layer.weight.min() == -3
    assert layer.weight_format.is_signed


@pytest.mark.parametrize(("signed", "middle"), [(0, 60.0), (0, 0.0), (1, 100.0)])
def test_weights_that_leave_8_bits_are_parts(signed, middle, tmp_path):
    """-60..195, 0..255 and -228..27."""
    file = File()
    file.constants |= {"middle": middle, "w1_scale": 0.5}
    ends = np.array([signed * -128 - middle, 255 - signed * 128 - middle]) / 2
    file.constants["w1"] = np.linspace(*ends, 108).reshape(4, 3, 3, 3)
    file.find("weight1").input[2], file.find("weight1").input[3] = "middle", "bits8"
    file.set("weight1", signed=signed, narrow=0)
    network = agree(file, tmp_path)
    assert network.layers[0].shape.ic > 3


def test_steps_of_weights_are_found_in_float32_as_every_program_does(tmp_path):
    """0.15 / 0.1 is a tie in float32 and none in float64."""
    file = File()
    file.constants["w1"] = np.full((4, 3, 3, 3), 0.15, np.float32)
    layer = agree(file, tmp_path).nodes[0]
    in_float32 = np.rint(np.float32(0.15) / np.float32(0.1))
    assert (layer.weight == in_float32).all()


# --- constants


def with_constants(change):
    file = File()
    change(file)
    return file


CONSTANTS = {
    "numbers in Constant nodes": lambda file: file.nodes.insert(
        0, node("Constant", "act_scale", [], value_float=file.constants.pop("act_scale"))
    ),
    "a scale that is computed": lambda file: (
        file.constants.update(half=0.25),
        file.nodes.insert(0, node("Mul", "computed", ["half", "half"])),
        file.find("codes").input.__setitem__(1, "computed"),
    ),
    "a width that is an integer": lambda file: file.constants.update(bits4=np.array(4)),
    "clipped weights": lambda file: (
        file.constants.update(low=-0.4, high=0.4),
        file.nodes.insert(0, node("Clip", "clipped", ["w1", "low", "high"])),
        file.find("weight1").input.__setitem__(0, "clipped"),
    ),
    "weights turned before": lambda file: (
        file.nodes.insert(0, node("Transpose", "turned", ["w2"], perm=[1, 0])),
        file.find("weight2").input.__setitem__(0, "turned"),
        put(file, "head", node("MatMul", "head", ["flat", "weight2"])),
    ),
    "weights turned behind": lambda file: put(
        file,
        "head",
        node("Transpose", "turned", ["weight2"], perm=[1, 0]),
        node("MatMul", "head", ["flat", "turned"]),
    ),
    "weights reshaped": lambda file: (
        file.constants.update(
            w1=file.constants["w1"].reshape(4, 27),
            w1_scale=np.array([[0.1], [0.2], [0.3], [0.1]]),
            to=np.array([4, 3, 3, 3]),
        ),
        file.insert("weight1", node("Reshape", "reshaped", ["weight1", "to"])),
    ),
    "weights scaled": lambda file: file.insert(
        "weight1", node("Mul", "scaled", ["act_scale", "weight1"])
    ),
    "weights named again": lambda file: file.insert(
        "weight1", node("Identity", "same", ["weight1"])
    ),
    "a bias of its own axes": lambda file: (
        file.constants.update(bias=RNG.normal(size=(1, 4, 1, 1)), bits16=16.0),
        file.nodes.insert(0, quant("q_bias", "bias", "act_scale", "bits16", SIGNED)),
        file.insert("conv", node("Add", "sum", ["conv", "q_bias"])),
    ),
    "a factor for each output": lambda file: file.set("head", alpha=0.25, beta=2.0),
    "a linear layer before others": lambda file: (
        file.constants.update(bias=np.arange(5.0) / 4, w3=RNG.normal(size=(3, 5)) * 0.3),
        file.find("head").input.append("bias"),
        file.set("head", alpha=0.3, beta=2.0),
        file.nodes.extend(
            (
                quant("more", "head", "act_scale", "bits4", STATED),
                quant("weight3", "w3", "w2_scale", "bits4", NARROW),
                node("Gemm", "last", ["more", "weight3"], transB=1),
            )
        ),
        setattr(file, "outputs", ["last"]),
    ),
}


@pytest.mark.parametrize("form", CONSTANTS)
def test_constants_in_other_forms_are_read(form, tmp_path):
    agree(with_constants(CONSTANTS[form]), tmp_path)


# --- windows


WINDOWS = (
    {"pads": [0, 0, 1, 1]},
    {"pads": [0, 1, 1, 2], "strides": [2, 2]},
    {"pads": [2, 2, 2, 2], "dilations": [2, 2]},
    {"pads": [2, 1, 1, 0], "dilations": [2, 1], "strides": [1, 2]},
    {"pads": None, "auto_pad": "SAME_UPPER"},
    {"pads": None, "auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"pads": None, "auto_pad": "SAME_LOWER", "strides": [3, 2]},
    {"pads": None, "auto_pad": "VALID"},
)


@pytest.mark.parametrize("attributes", WINDOWS, ids=str)
def test_convolutions_with_any_padding_and_dilation_are_read(attributes, tmp_path):
    file = File()
    file.input = [1, 3, 9, 10]
    file.set("conv", **attributes)
    network = agree(planes_only(file), tmp_path)
    assert isinstance(network.nodes[0], IntegerLayer)


def planes_only(file):
    """Up to the pool, and a layer for each pixel behind it."""
    at = file.nodes.index(file.find("flat"))
    file.nodes[at:] = [
        quant("weight2", "w2", "w2_scale", "bits4", NARROW),
        node("Conv", "head", ["pool", "weight2"]),
    ]
    file.constants["w2"] = RNG.normal(size=(5, 4, 1, 1)) * 0.3
    return file


POOLS = (
    {"kernel_shape": [3, 3], "pads": [0, 0, 1, 1]},
    {"kernel_shape": [3, 2], "pads": [2, 0, 0, 1], "strides": [1, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    {"auto_pad": "VALID"},
)


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("attributes", POOLS, ids=str)
def test_pools_with_any_padding_are_read(attributes, is_signed, tmp_path):
    file = File()
    file.input = [1, 3, 8, 9]
    if is_signed:  # 0 would win over negative codes
        file.find("codes").input[0] = "norm"
        file.set("codes", signed=1)
        file.constants["beta"] = np.full(4, -1.0)
    file.set("pool", **attributes)
    agree(planes_only(file), tmp_path)


def test_a_border_of_0_instead_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: padding of a max-pool of negative codes is not 0."""
    from tilewright.interchange import read_pools
    from tilewright.spec.code_nodes import ZERO

    def with_zeros(op, value, axes):
        numbers = np.arange(np.prod(value.plane), dtype=np.int32).reshape(value.plane)
        ends = [
            read_pools.pooled_ends(op, axis, size)[1:]
            for axis, size in zip(axes, (8, 9), strict=True)
        ]
        return np.pad(numbers, ((0, 0), *ends), constant_values=ZERO)

    monkeypatch.setattr(read_pools, "_with_edges", with_zeros)
    file = File()
    file.input = [1, 3, 8, 9]
    file.find("codes").input[0] = "norm"
    file.set("codes", signed=1)
    file.constants |= {"beta": np.full(4, -1.0)}
    file.set("pool", **POOLS[0])
    foreign = read_foreign(planes_only(file).save(tmp_path / "net.onnx"), 2)
    assert [one for one in compare_foreign(foreign) if not one.passed]


def averaged(one, **constants):
    """A pool of another kind, quantized again."""
    file = put(
        File(), "pool", one, quant("again", "pool", "act_scale", "bits4", STATED), **constants
    )
    file.find("flat").input[0] = "again"
    return file


def test_other_pools_are_read(tmp_path):
    both = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}
    agree(averaged(node("AveragePool", "pool", ["codes"], count_include_pad=1, **both)), tmp_path)
    whole = {"axes": [2, 3], "keepdims": 1}
    for one in (
        node("GlobalMaxPool", "pool", ["codes"]),
        node("ReduceMax", "pool", ["codes"], **whole),
        node("ReduceMean", "pool", ["codes"], **whole),
    ):
        agree(head_of(averaged(one), 4), tmp_path)
    summed = node("ReduceSum", "pool", ["codes", "axes"], keepdims=1)
    agree(head_of(averaged(summed, axes=np.array([-2, -1])), 4), tmp_path)
    agree(averaged(node("AveragePool", "pool", ["codes"], **both)), tmp_path)


@pytest.mark.parametrize("rounding", ["FLOOR", "CEIL", "ROUND"])
def test_a_trunc_rounds_as_it_states(rounding, tmp_path):
    file = File()
    inputs = ["relu", "act_scale", "zero", "bits6", "bits4"]
    trunc = node("Trunc", "codes", inputs, domain=DOMAIN, rounding_mode=rounding)
    first = quant("fine", "norm", "fine_scale", "bits6", STATED)
    file = put(file, "codes", trunc, fine_scale=0.125, bits6=6.0)
    put(file, "relu", first, node("Identity", "relu", ["fine"]))
    agree(file, tmp_path)


# --- places

MOVED = {
    "Pad": lambda file: behind(
        file,
        "codes",
        node("Pad", "moved", ["codes", "pads"]),
        pads=np.array([0, 0, 1, 0, 0, 0, 1, 2]),
    ),
    "Pad of the input": lambda file: behind(
        file,
        "pixels",
        node("Pad", "moved", ["pixels", "pads"], mode="reflect"),
        pads=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    ),
    "Slice": lambda file: behind(
        file,
        "codes",
        node("Slice", "moved", ["codes", "first", "last", "axes", "steps"]),
        first=np.array([-1]),
        last=np.array([-9]),
        axes=np.array([3]),
        steps=np.array([-1]),
    ),
    "shuffle": lambda file: behind(
        file,
        "codes",
        node("Reshape", "groups", ["codes", "apart"]),
        node("Transpose", "across", ["groups"], perm=[0, 2, 1, 3, 4]),
        node("Reshape", "moved", ["across", "together"]),
        apart=np.array([0, 2, 2, 8, 6]),
        together=np.array([0, 4, 8, 6]),
    ),
    "DepthToSpace": lambda file: behind(
        file, "codes", node("DepthToSpace", "moved", ["codes"], blocksize=2, mode="CRD")
    ),
    "SpaceToDepth": lambda file: behind(
        file, "codes", node("SpaceToDepth", "moved", ["codes"], blocksize=2)
    ),
    "Transpose": lambda file: behind(
        file, "codes", node("Transpose", "moved", ["codes"], perm=[0, 1, 3, 2])
    ),
}


@pytest.mark.parametrize(
    ("kind", "batch"), [*((kind, 1) for kind in MOVED), ("shuffle", "n"), ("shuffle", 2)]
)
def test_codes_that_are_moved_are_read(kind, batch, tmp_path):
    file = planes_only(MOVED[kind](File()))
    for name in ("apart", "together"):
        if name in file.constants and batch == 2:
            file.constants[name][0] = 2
    channels = {"SpaceToDepth": 16, "DepthToSpace": 1}.get(kind, 4)
    file.constants["w2"] = RNG.normal(size=(5, channels, 1, 1)) * 0.3
    file.input[0] = batch
    path = file.save(tmp_path / "net.onnx")
    model = onnx.load(path)
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].type.tensor_type.shape.dim.extend(
        [onnx.TensorShapeProto.Dimension() for _ in range(4)]
    )
    onnx.save(model, path)
    foreign = read_foreign(path, 2)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert [one for one in foreign.network.nodes if isinstance(one, CodeMove)]


def test_a_place_that_is_wrong_would_be_seen(tmp_path, monkeypatch):
    """The sabotage of moves: two places exchanged."""
    from tilewright.interchange import moves

    def exchanged(op, read, opset):
        found = right(op, read, opset)
        if op.kind == "Transpose":
            found[op.output][..., [0, 1]] = found[op.output][..., [1, 0]]
        return found

    right = moves.run_alone
    monkeypatch.setattr(moves, "run_alone", exchanged)
    foreign = read_foreign(planes_only(MOVED["Transpose"](File())).save(tmp_path / "net.onnx"), 2)
    assert [one for one in compare_foreign(foreign) if not one.passed]


def test_split_parts_go_to_layers_of_their_own(tmp_path):
    file = File()
    parts = node("Split", "low", ["codes"], axis=1)
    parts.output.append("high")
    weight = quant("weight3", "w3", "w1_scale", "bits4", NARROW)
    behind_it = [
        node("Conv", "first", ["low", "weight3"]),
        node("Conv", "second", ["high", "weight3"]),
    ]
    codes = [
        quant(f"{one}_codes", one, "act_scale", "bits4", STATED) for one in ("first", "second")
    ]
    both = node("Concat", "both", ["second_codes", "first_codes"], axis=1)
    at = file.nodes.index(file.find("codes")) + 1
    file.nodes[at:at] = [parts, weight, *behind_it, *codes, both]
    file.constants["w3"] = RNG.normal(size=(2, 2, 1, 1)) * 0.4
    file.find("pool").input[0] = "both"
    assert [one.name for one in agree(file, tmp_path).layers] == ["conv", "first", "second", "head"]


def test_sizes_that_the_file_computes_are_known(tmp_path):
    """``x.view(x.size(0), -1)`` as older exporters of torch write it."""
    file = put(
        File(),
        "flat",
        node("Shape", "sizes", ["pool"]),
        node("Gather", "samples", ["sizes", "first"], axis=0),
        node("Unsqueeze", "alone", ["samples", "axes"]),
        node("Concat", "to", ["alone", "rest"], axis=0),
        node("Reshape", "flat", ["pool", "to"]),
        first=np.array(0),
        axes=np.array([0]),
        rest=np.array([-1]),
    )
    for batch in (1, "batch"):
        file.input[0] = batch
        assert len(agree(file, tmp_path).nodes) == 2


def test_numbers_that_are_not_quantized_are_cut_out_as_their_codes(tmp_path):
    """As are those that are all moved; without a quantizer behind they are refused."""
    moved = behind(File(), "norm", node("Transpose", "moved", ["norm"], perm=[0, 1, 3, 2]))
    assert len(agree(moved, tmp_path).nodes) == 3
    cut = node("Gather", "cut", ["norm", "rows"], axis=2)
    constants = {"rows": np.array([0, 0, 2, 3, 5, 5, 7, 6])}
    assert len(agree(behind(File(), "norm", cut, **constants), tmp_path).nodes) == 3
    mean = node("AveragePool", "mean", ["cut"], kernel_shape=[1, 1])
    with pytest.raises(FormatError, match=r"^node cut \(Gather\): it moves values that are not q"):
        read_onnx(behind(File(), "norm", cut, mean, **constants).save(tmp_path / "net.onnx"))


@pytest.mark.parametrize("is_first", [False, True])
def test_an_input_of_two_axes_gets_the_others_from_the_file(is_first, tmp_path):
    file = File()
    file.input = [1, 8, 6]
    file.constants |= {"axes": np.array([1]), "w1": RNG.normal(size=(4, 1, 3, 3)) * 0.3}
    made = node("Unsqueeze", "made", ["x" if is_first else "pixels", "axes"])
    file.nodes.insert(0 if is_first else 1, made)
    (file.find("pixels") if is_first else file.find("conv")).input[0] = "made"
    agree(file, tmp_path)


@pytest.mark.parametrize("kind", ["UINT8", "INT64", "FLOAT"])
def test_an_input_of_integers_is_cast(kind, tmp_path):
    file = File()
    file.nodes.insert(0, node("Cast", "cast", ["x"], to=onnx.TensorProto.FLOAT))
    file.find("pixels").input[0] = "cast"
    file.constants["pixel_scale"] = 1.0
    path = file.save(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DataType.Value(kind)
    onnx.save(model, path)
    foreign = read_foreign(path, 2)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []


# --- sequences


def sequence():
    file = head_of(File(), 40)
    file.input = [1, 3, 20]
    file.constants["w1"] = RNG.normal(size=(4, 3, 5)) * 0.3
    file.constants["w1_scale"] = np.array([0.1, 0.2, 0.15, 0.05]).reshape(4, 1, 1)
    file.set("conv", pads=[2, 2], strides=[1])
    file.set("pool", kernel_shape=[2], strides=[2])
    return file


SEQUENCES = {
    "plain": lambda file: file,
    "channels last": lambda file: (
        setattr(file, "input", [1, 20, 3]),
        put(
            file, "pixels", node("Transpose", "turned", ["x"], perm=[0, 2, 1]), file.find("pixels")
        ),
        file.find("pixels").input.__setitem__(0, "turned"),
    ),
    "padded on one side": lambda file: file.set("conv", pads=[4, 0]),
    "a bias": lambda file: behind(
        file, "conv", node("Add", "sum", ["conv", "bias"]), bias=np.arange(4.0).reshape(4, 1) / 8
    ),
    "a mean": lambda file: (
        head_of(
            put(
                file,
                "pool",
                node("ReduceMean", "pool", ["codes"], axes=[2], keepdims=0),
                quant("again", "pool", "act_scale", "bits4", STATED),
            ),
            4,
        )
        .find("flat")
        .input.__setitem__(0, "again")
    ),
}


@pytest.mark.parametrize("form", SEQUENCES)
def test_networks_of_sequences_are_read_as_planes_of_one_row(form, tmp_path):
    file = sequence()
    SEQUENCES[form](file)
    assert agree(file, tmp_path).layers[0].shape.ih == 1


def test_a_slice_of_a_sequence_must_state_its_axes(tmp_path):
    ends = {"first": np.array([0, 1]), "last": np.array([9, 3])}
    file = behind(sequence(), "codes", node("Slice", "cut", ["codes", "first", "last"]), **ends)
    with pytest.raises(FormatError, match=r"^node cut \(Slice\): it must state its axes"):
        read_onnx(file.save(tmp_path / "net.onnx"))


# --- arithmetic

TRANSPOSED = (
    {"strides": [2, 2]},
    {"strides": [2, 1], "pads": [1, 0, 0, 1], "output_padding": [1, 0]},
    {"strides": [1, 2], "group": 2, "dilations": [2, 1]},
)


@pytest.mark.parametrize("attributes", TRANSPOSED, ids=str)
def test_transposed_convolutions_are_read(attributes, tmp_path):
    file = File()
    file.input = [1, 4, 6, 5]
    groups = attributes.get("group", 1)
    file.constants["w1"] = RNG.normal(size=(4, 4 // groups, 3, 2)) * 0.3
    file.constants["w1_scale"] = np.linspace(0.05, 0.2, 4 // groups).reshape(1, -1, 1, 1)
    if groups == 2:
        file.constants["w1_scale"] = 0.1
    put(file, "conv", node("ConvTranspose", "conv", ["pixels", "weight1"], **attributes))
    agree(planes_only(file), tmp_path)


def test_factors_and_terms_behind_a_quantizer_make_another_grid(tmp_path):
    """FINN's thresholds count from 0; a term and a factor make values of the counts."""
    levels = np.sort(RNG.normal(size=(4, 15)), axis=1)
    counts = node("MultiThreshold", "counts", ["norm", "levels"], domain=DOMAIN, out_dtype="UINT4")
    file = put(
        File(),
        "codes",
        counts,
        node("Add", "moved", ["counts", "middle"]),
        node("Mul", "codes", ["moved", "act_scale"]),
        levels=levels,
        middle=-8.0,
    )
    head = agree(file, tmp_path).node("head")
    assert (head.act_scale, head.zero_point) == (0.125, 8)


@pytest.mark.parametrize(
    ("scale", "bias", "levels"), [(2.0, -1.0, 1), (2.0, -3.0, 3), (1.0, -2.0, 3)]
)
def test_counts_from_half_a_step_are_read(scale, bias, levels, tmp_path):
    """As FINN writes signs: 2 * count - 1."""
    steps = np.sort(RNG.normal(size=(4, levels)), axis=1)
    stated = {"out_scale": scale, "out_bias": bias, "out_dtype": "INT4"}
    inputs = ["norm", "levels"]
    file = put(
        File(),
        "codes",
        node("MultiThreshold", "codes", inputs, domain=DOMAIN, **stated),
        levels=steps,
    )
    head = agree(file, tmp_path).node("head")
    assert (head.act_format == BIPOLAR) == (levels == 1)


def added(first, second, bits="bits4"):
    """A sum of two codes of scales of their own."""
    return put(
        File(),
        "codes",
        quant("one", "norm", "first", bits, SIGNED),
        quant("other", "relu", "second", bits, SIGNED),
        node("Add", "sum", ["one", "other"]),
        quant("codes", "sum", "act_scale", "bits4", STATED),
        first=first,
        second=second,
    )


@pytest.mark.parametrize(("first", "second"), [(0.125, 0.5), (0.1, 0.3), (0.023, 0.1)])
def test_codes_of_two_scales_are_added_exactly(first, second, tmp_path):
    network = agree(added(first, second), tmp_path, samples=4)
    one, other = network.node("sum").gains
    assert one * np.float32(second) == other * np.float32(first)


@pytest.mark.parametrize(("first", "second"), [(0.023, 0.1), (0.125, 1e-6), (0.0371, 0.0913)])
def test_scales_that_no_whole_numbers_of_32_bits_have_leave_few_codes_open(first, second, tmp_path):
    foreign = read_foreign(added(first, second, "bits8").save(tmp_path / "net.onnx"), 8)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    summed = foreign.network.node("sum")
    assert max(summed.gains) == 2**22
    is_open = foreign.open_codes["head"]
    assert is_open.mean() < 0.05


def test_an_addition_with_other_gains_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: gains that are a hundredth off."""

    def rough(first, second):
        return round(2**22 * first.scale / second.scale * 1.01), 2**22

    monkeypatch.setattr("tilewright.interchange.additions.whole_gains", rough)
    monkeypatch.setattr("tilewright.interchange.additions._missed", lambda *_: 0.0)
    foreign = read_foreign(added(0.0371, 0.0913, "bits8").save(tmp_path / "net.onnx"), 8)
    assert any(not one.passed for one in compare_foreign(foreign))


BETWEEN = (
    "Abs",
    "Cos",
    "Exp",
    "Neg",
    "Selu",
    "Shrink",
    "Sign",
    "Softsign",
    "HardSwish",
    "ThresholdedRelu",
)


@pytest.mark.parametrize("kind", BETWEEN)
def test_functions_between_quantizers_are_read(kind, tmp_path):
    first = quant("before", "norm", "act_scale", "bits4", SIGNED)
    file = put(File(), "relu", first, node(kind, "relu", ["before"]))
    file.set("codes", signed=1)
    agree(file, tmp_path)


RISING = {
    "Celu": node("Celu", "relu", ["norm"], alpha=0.5),
    "Clip with attributes": node("Clip", "relu", ["norm"], min=0.25, max=1.0),
    "Floor": node("Floor", "relu", ["norm"]),
    "Max": node("Max", "relu", ["norm", "zero"]),
    "Min": node("Min", "relu", ["bits4", "norm"]),
    "PRelu": node("PRelu", "relu", ["norm", "slopes"]),
    "Selu": node("Selu", "relu", ["norm"]),
    "Softsign": node("Softsign", "relu", ["norm"]),
    "Sum": node("Sum", "relu", ["norm", "bits4"]),
}


@pytest.mark.parametrize("kind", RISING)
def test_functions_of_sums_that_never_fall_are_read(kind, tmp_path):
    file = put(File(), "relu", RISING[kind], slopes=np.array([0, 0.1, 0.5, 1]).reshape(4, 1, 1))
    file.set("codes", signed=1)
    path = file.save(tmp_path / "net.onnx")
    if kind.startswith("Clip"):  # in version 11 its bounds became inputs
        model = onnx.load(path)
        model.opset_import[0].version = 10
        model.graph.node[-1].input.append("bias")
        model.graph.initializer.append(
            onnx.numpy_helper.from_array(np.zeros(5, np.float32), "bias")
        )
        onnx.save(model, path)
    foreign = read_foreign(path, 2)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []


def test_a_function_that_gives_no_number_for_a_code_is_refused(tmp_path):
    first = quant("before", "norm", "act_scale", "bits4", SIGNED)
    for kind in ("Reciprocal", "Sqrt"):  # 1 / -0 is the lowest number, 1 / 0 the highest
        file = put(File(), "relu", first, node(kind, "relu", ["before"]))
        with pytest.raises(FormatError, match=rf"^node relu \({kind}\): it gives no number for "):
            read_onnx(file.save(tmp_path / "net.onnx"))


# --- the graph


def test_operations_out_of_order_and_without_use_change_nothing(tmp_path):
    file = File()
    file.nodes = file.nodes[::-1]
    file.nodes.insert(0, node("LRN", "unused", ["norm"], size=3))
    agree(file, tmp_path)


def test_what_follows_the_output_is_left_out(tmp_path):
    file = File()
    file.outputs = ["pool"]
    assert [one.name for one in agree(file, tmp_path).nodes] == ["conv"]


def test_another_name_of_the_standard_domain_is_the_same(tmp_path):
    path = File().save(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.opset_import[0].domain = "ai.onnx"
    onnx.save(model, path)
    assert len(read_onnx(path).network.nodes) == 2


def test_several_outputs_are_read(tmp_path):
    """Of those that follow from one node, the first is kept; values between layers may be outputs too."""
    file = File()
    file.constants["w3"] = RNG.normal(size=(3, 48)) * 0.3
    file.nodes += [
        quant("weight3", "w3", "w2_scale", "bits4", NARROW),
        node("Gemm", "side", ["flat", "weight3"], transB=1),
        node("Softmax", "soft", ["side"]),
    ]
    file.outputs = ["soft", "relu", "head", "side"]
    network = agree(file, tmp_path)
    assert network.outputs == ("side", "conv", "head")
    assert network.output.name == "side"
