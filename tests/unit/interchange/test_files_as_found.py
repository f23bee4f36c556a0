"""QONNX files as others write them: read, or refused with all that hinders them; the oracle's resolution."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.chain import tilewright
from tilewright.errors import FormatError, ShapeError, ToolError
from tilewright.interchange import read_onnx
from tilewright.interchange.source import Imported
from tilewright.pipeline.run_folder import RunFolder
from tilewright.pipeline.stages.report import judged
from tilewright.report.claims import claims
from tilewright.spec import IntegerLayer, SumPool
from tilewright.studies.imports import _compare, compare_foreign, read_foreign
from tilewright.verify import reference_sums, reference_trace

onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from tests.public_networks import NETWORKS  # noqa: E402
from tests.qonnx_files import DOMAIN, STATED, File, node, quant  # noqa: E402  (after the skip)
from tests.unit.interchange.test_read_qonnx import same  # noqa: E402


def agree(path, samples=4):
    """What was read of the file: its own executor computes the same, node by node."""
    foreign = read_foreign(path, samples)
    compared = compare_foreign(foreign)
    assert [str(one) for one in compared if not one.passed] == []
    return foreign


def plain(tmp_path):
    return read_onnx(File().save(tmp_path / "plain.onnx")).network


def edit(path, change):
    model = onnx.load(path)
    change(model)
    onnx.save(model, path)
    return path


def drop_imports(model):
    kept = [one for one in model.opset_import if not one.domain]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def list_twice(model):
    graph = model.graph
    sizes = onnx.helper.make_tensor_value_info("conv", onnx.TensorProto.FLOAT, [1, 4, 8, 6])
    graph.value_info.extend([*graph.output, *graph.input, sizes, sizes])


def leave_sizes_out(model):
    """Of the output, which engines find themselves."""
    model.graph.output[0].type.tensor_type.ClearField("shape")


def call_a_function(model):
    """The Relu as a function that the file defines itself."""
    body = [onnx.helper.make_node("Relu", ["a"], ["b"])]
    opsets = [onnx.helper.make_opsetid("", 17)]
    own = onnx.helper.make_function("own", "MyRelu", ["a"], ["b"], body, opsets)
    model.functions.append(own)
    model.opset_import.append(onnx.helper.make_opsetid("own", 1))
    relu = next(one for one in model.graph.node if one.op_type == "Relu")
    relu.op_type, relu.domain = "MyRelu", "own"


def compute_constants(model):
    """A zero-point of a constant size, and a scale that is spread."""
    graph = model.graph
    kept = [one for one in graph.initializer if one.name not in ("zero", "w1_scale")]
    del graph.initializer[:]
    sizes = [("one", [1]), ("spread", [4, 1, 1, 1])]
    kept += [onnx.numpy_helper.from_array(np.array(value), name) for name, value in sizes]
    kept.append(onnx.numpy_helper.from_array(np.array([0.1], np.float32), "step"))
    graph.initializer.extend(kept)
    graph.node.insert(0, node("ConstantOfShape", "zero", ["one"]))
    graph.node.insert(0, node("Expand", "w1_scale", ["step", "spread"]))


def write_an_einsum(model):
    """The linear layer, as torch's exporter may write it."""
    graph = model.graph
    head = next(one for one in graph.node if one.op_type == "Gemm")
    head.op_type, head.input[1] = "Einsum", "turned"
    del head.attribute[:]
    head.attribute.append(onnx.helper.make_attribute("equation", "bi,ij->bj"))
    graph.node.insert(len(graph.node) - 1, node("Transpose", "turned", ["weight2"], perm=[1, 0]))


def list_constants_as_inputs(model):
    for tensor in reversed(model.graph.initializer):
        info = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        model.graph.input.insert(0, info)


def leave_names_out(model):
    """Of the graph, which the standard wants and every engine does without, and of operations."""
    for one in (model.graph, *model.graph.node):
        one.ClearField("name")


CHANGES = [drop_imports, list_twice, list_constants_as_inputs, leave_sizes_out, call_a_function]
CHANGES += [compute_constants, write_an_einsum, leave_names_out]


@pytest.mark.parametrize("change", CHANGES)
def test_what_other_tools_overlook_changes_nothing(change, tmp_path):
    path = edit(File().save(tmp_path / "net.onnx"), change)
    before = path.read_bytes()
    same(agree(path).network, plain(tmp_path))
    assert path.read_bytes() == before


def test_a_constant_that_grows_too_large_is_refused(tmp_path):
    def change(model):
        compute_constants(model)
        sizes = next(one for one in model.graph.initializer if one.name == "spread")
        sizes.CopyFrom(onnx.numpy_helper.from_array(np.array([1 << 40, 1, 1, 1]), "spread"))

    with pytest.raises(FormatError, match=r"\(Expand\): its result must have at most"):
        read_onnx(edit(File().save(tmp_path / "net.onnx"), change))


@pytest.mark.parametrize("equation", ["bi,ij->jb", "bi,ki->bj"])
def test_other_equations_and_recurrent_layers_are_no_end(equation, tmp_path):
    """They have weights, so they are refused, not left out."""

    def change(model):
        write_an_einsum(model)
        model.graph.node[-1].attribute[0].s = equation.encode()

    with pytest.raises(FormatError, match=r"node head \(Einsum\): it cannot be stated in integers"):
        read_onnx(edit(File().save(tmp_path / "net.onnx"), change))


def test_a_sequence_that_nothing_reads_is_one_line(tmp_path):
    file = File()
    file.input = [1, 8, 6]
    file.find("pixels").input[0] = "w1"
    with pytest.raises(FormatError):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_a_branch_that_each_input_chooses_is_named(tmp_path):
    def change(model):
        info = onnx.helper.make_tensor_value_info("branch", onnx.TensorProto.FLOAT, None)
        bodies = [
            onnx.helper.make_graph(
                [onnx.helper.make_node(kind, ["flat"], ["branch"])], kind, [], [info]
            )
            for kind in ("Identity", "Neg")
        ]
        asks = [
            node("ReduceMax", "most", ["flat"], keepdims=0),
            node("Cast", "truth", ["most"], to=9),
        ]
        branches = {"then_branch": bodies[0], "else_branch": bodies[1]}
        place = len(model.graph.node) - 1
        for one in (node("If", "chosen", ["truth"], **branches), *asks[::-1]):
            model.graph.node.insert(place, one)
        model.graph.node[-1].input[0] = "chosen"

    message = (
        r"^node chosen \(If\): what it computes is chosen while the network runs: export it with"
    )
    with pytest.raises(FormatError, match=message):
        read_onnx(edit(File().save(tmp_path / "net.onnx"), change))


def test_a_missing_line_of_the_standard_operators_is_not_made_up(tmp_path):
    """Its version decides what the operators mean."""

    def drop(model):
        del model.opset_import[:]

    with pytest.raises(FormatError, match=r"is no valid ONNX file"):
        read_onnx(edit(File().save(tmp_path / "net.onnx"), drop))


@pytest.mark.parametrize("batch", ["batch", 0])
def test_an_open_batch_is_one_image_for_the_executor(batch, tmp_path):
    file = File()
    file.input[0] = batch
    same(agree(file.save(tmp_path / "net.onnx"), 3).network, plain(tmp_path))


def test_a_fixed_batch_says_how_many_samples_to_ask_for(tmp_path):
    file = File()
    file.input[0] = 8
    path = file.save(tmp_path / "net.onnx")
    edit(
        path,
        lambda model: (
            model.graph.output[0].type.tensor_type.shape.dim[0].__setattr__("dim_value", 8)
        ),
    )
    with pytest.raises(ShapeError, match=r"takes 8 images at a time, so 9 .*: give --samples 16$"):
        read_onnx(path).run_source(9)
    agree(path, 16)


def at_input(*nodes, **constants):
    """A file whose first nodes, from the quantizer of the input on, are these; the last one is read."""
    file = File()
    file.constants |= constants
    file.nodes.remove(file.find("pixels"))
    file.nodes[:0] = list(nodes)
    file.find("conv").input[0] = nodes[-1].output[0]
    return file


SIGNED = STATED | {"signed": 1}
PIXELS = quant("q", "x", "pixel_scale", "bits8", STATED)
POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}


def after(name, one):
    """The quantizer that reads `name`, so that `one` may stand before it."""
    return one, quant("q", name, "pixel_scale", "bits8", STATED)


AT_INPUT = {
    "relu before": (at_input(*after("r", node("Relu", "r", ["x"]))), [1, 3, 8, 6], []),
    "relu behind": (at_input(PIXELS, node("Relu", "r", ["q"])), [1, 3, 8, 6], []),
    "identity": (at_input(PIXELS, node("Identity", "r", ["q"])), [1, 3, 8, 6], []),
    "pool before": (at_input(*after("p", node("MaxPool", "p", ["x"], **POOL))), [1, 3, 16, 12], []),
    "pool behind": (
        at_input(PIXELS, node("MaxPool", "p", ["q"], **POOL)),
        [1, 3, 16, 12],
        ["input"],
    ),
    "quantized twice": (
        at_input(PIXELS, quant("again", "q", "coarse", "bits4", STATED), coarse=0.0625),
        [1, 3, 8, 6],
        ["input"],
    ),
    "signed, then relu": (
        at_input(
            quant("q", "x", "pixel_scale", "bits8", SIGNED),
            node("Relu", "r", ["q"]),
        ),
        [1, 3, 8, 6],
        ["input"],
    ),
    "signed": (at_input(quant("q", "x", "step", "bits8", SIGNED), step=0.02), [1, 3, 8, 6], []),
    "a zero-point": (
        at_input(
            node("Quant", "q", ["x", "step", "middle", "bits8"], domain=DOMAIN, **STATED),
            step=0.02,
            middle=113.0,
        ),
        [1, 3, 8, 6],
        [],
    ),
    "transposed": (
        at_input(*after("t", node("Transpose", "t", ["x"], perm=[0, 3, 1, 2]))),
        [1, 8, 6, 3],
        [],
    ),
    "transposed behind": (
        at_input(PIXELS, node("Transpose", "t", ["q"], perm=[0, 3, 1, 2])),
        [1, 8, 6, 3],
        [],
    ),
    "reshaped": (
        at_input(PIXELS, node("Reshape", "t", ["q", "to"]), to=np.array([-1, 3, 8, 6])),
        [1, 144],
        [],
    ),
    "normalized": (
        at_input(
            node("Sub", "c", ["x", "center"]),
            *after("d", node("Div", "d", ["c", "spread"])),
            center=np.full((1, 3, 1, 1), 0.1),
            spread=np.array([0.5, 1, 2]).reshape(1, 3, 1, 1),
        ),
        [1, 3, 8, 6],
        [],
    ),
}


@pytest.mark.parametrize("case", AT_INPUT)
def test_what_stands_at_the_input(case, tmp_path):
    file, sizes, first = AT_INPUT[case]
    file.input = sizes
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert [one.name for one in foreign.network.nodes] == [*first, "conv", "head"]
    assert foreign.network.inputs == (first[0] if first else "conv",)
    assert all(isinstance(one, SumPool) for one in foreign.network.nodes[: len(first)])
    foreign.network.require_whole()


@pytest.mark.parametrize("is_before", [False, True])
def test_a_flatten_at_the_input_permutes_nothing(is_before, tmp_path):
    file = File()
    file.constants["w2"] = file.constants["w2"].repeat(3, axis=1)
    flat = node("Flatten", "flat", ["x" if is_before else "pixels"], axis=1)
    pixels = quant("pixels", "flat" if is_before else "x", "pixel_scale", "bits8", STATED)
    kept = [file.find("weight2"), file.find("head")]
    file.nodes = [flat, pixels, *kept] if is_before else [pixels, flat, *kept]
    file.find("head").input[0] = "pixels" if is_before else "flat"
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert foreign.network.nodes[0].input_shape == (144, 1, 1)
    assert foreign.notes == ("the network's input is the file's, flattened",)


def test_two_readers_of_the_input_may_read_it_in_ways_of_their_own(tmp_path):
    file = File()
    file.constants["w3"] = np.ones((5, 144))
    file.nodes += [
        node("Flatten", "all", ["pixels"], axis=1),
        quant("weight3", "w3", "w2_scale", "bits4", STATED | {"signed": 1, "narrow": 1}),
        node("Gemm", "side", ["all", "weight3"], transB=1),
        quant("one", "head", "act_scale", "bits4", STATED),
        quant("other", "side", "act_scale", "bits4", STATED),
        node("Add", "sum", ["one", "other"]),
    ]
    file.outputs = ["sum"]
    foreign = agree(file.save(tmp_path / "net.onnx"))
    assert foreign.network.nodes[0].planes == ((288, 1, 1),)
    assert any("what 2 quantizers make of the file's, one behind" in one for one in foreign.notes)


TAILS = {
    "softmax": [node("Softmax", "soft", ["head"], axis=1)],
    "argmax": [node("ArgMax", "best", ["head"], axis=1)],
    "sigmoid and more": [
        node("Sigmoid", "soft", ["head"]),
        node("Mul", "scaled", ["soft", "act_scale"]),
        node("Tanh", "last", ["scaled"]),
    ],
    "softmax behind a quantizer": [
        quant("codes_out", "head", "act_scale", "bits8", STATED | {"signed": 1}),
        node("Softmax", "soft", ["codes_out"]),
    ],
    "quantizer of another rounding": [
        quant("codes_out", "head", "act_scale", "bits8", STATED | {"rounding_mode": "FLOOR"})
    ],
    "bipolar": [node("BipolarQuant", "sign", ["head", "act_scale"], domain=DOMAIN)],
}


@pytest.mark.parametrize("case", TAILS)
def test_what_stands_behind_the_last_layer_is_dropped_with_a_note(case, tmp_path):
    file = File()
    file.nodes += TAILS[case]
    file.outputs = [TAILS[case][-1].output[0]]
    foreign = agree(file.save(tmp_path / "net.onnx"))
    same(foreign.network, plain(tmp_path))
    assert any("is not in the integers" in note and "head" in note for note in foreign.notes), (
        foreign.notes
    )


def test_several_outputs_at_the_end_are_dropped_too(tmp_path):
    file = File()
    file.constants["many"] = np.array([2])
    best = node("TopK", "best", ["head", "many"])
    best.output.append("places")
    file.nodes.append(best)
    file.outputs = ["best"]
    notes = agree(file.save(tmp_path / "net.onnx")).notes
    assert notes == ("node best (TopK), which follows head, is not in the integers",)


def test_the_same_operation_between_layers_is_refused(tmp_path):
    """The sabotage of what is dropped: it is dropped only where nothing follows."""
    file = File()
    file.insert("relu", node("Softmax", "soft", ["relu"]))
    with pytest.raises(FormatError, match=r"^node soft \(Softmax\): it cannot be stated in int"):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_all_that_hinders_is_listed_at_once(tmp_path):
    file = File()
    file.set("conv", pads=[1, 0])
    file.insert("norm", node("LRN", "wave", ["norm"], size=3))
    file.set("codes", rounding_mode="STOCHASTIC")
    file.constants["weight_bits"] = 9.0
    file.find("weight2").input[3] = "weight_bits"
    with pytest.raises(FormatError) as caught:
        read_onnx(file.save(tmp_path / "net.onnx"))
    expected = (
        "node conv (Conv): pads must be 4 integers of at least 0, not [1, 0]",
        "node wave (LRN): it cannot be stated in integers between quantized layers",
        "node codes (Quant): rounding_mode must be one of ROUND",
        "node weight2 (Quant): the bit width must be 1..8, not 9",
    )
    assert len(caught.value.reasons) == len(expected)
    for number, (reason, start) in enumerate(zip(caught.value.reasons, expected, strict=True), 1):
        assert reason.startswith(start)
        assert f"({number}) {reason}" in str(caught.value)
    assert str(caught.value).startswith("4 things hinder this network: ")
    assert "\n" not in str(caught.value)


NAMED = {
    "FloatQuant": (["act_scale"], DOMAIN, "codes are integers: quantize with a Quant node"),
}


@pytest.mark.parametrize("kind", NAMED)
def test_operations_that_others_use_are_named_with_what_to_do(kind, tmp_path):
    inputs, domain, message = NAMED[kind]
    file = File()
    file.insert("relu", node(kind, "odd", ["relu", *inputs], domain=domain))
    with pytest.raises(FormatError, match=rf"^node odd \({kind}\): .*{message}"):
        read_onnx(file.save(tmp_path / "net.onnx"))


@pytest.mark.parametrize("name", ["conv", "pool", "norm"])
def test_operators_for_channels_last_are_no_standard_ones(name, tmp_path):
    """They have the same names in a domain of their own, and would be read as another network."""
    file = File()
    file.find(name).domain = "qonnx.custom_op.channels_last"
    path = edit(file.save(tmp_path / "net.onnx"), drop_imports)
    with pytest.raises(
        FormatError,
        match=rf"^node {name} .*: its domain 'qonnx.custom_op.channels.*export with channels first",
    ):
        read_onnx(path)


@pytest.mark.parametrize(
    ("domain", "advice"),
    [
        ("mct_quantizers", r"export with QuantizationFormat\.FAKELY_QUANT$"),
        ("com.amd.quark", r"block floats .* quantize to int8 or uint8, as .* XINT8, .* do$"),
        ("com.example", r"export with operators of ONNX alone$"),
    ],
)
def test_operators_of_other_tools_say_what_to_export(domain, advice, tmp_path):
    file = File()
    file.find("pool").domain = domain
    path = edit(file.save(tmp_path / "net.onnx"), drop_imports)
    with pytest.raises(FormatError, match=rf"^node pool .*: its domain '{domain}' .* {advice}"):
        read_onnx(path)


@pytest.mark.parametrize(
    ("one", "constants"),
    [
        (node("Transpose", "t", ["x"], perm=[0, 1, 1, 2]), {}),
        (node("Transpose", "t", ["x"], perm=[1, 0, 2, 3]), {}),
        (node("Transpose", "t", ["x"], perm=[0, 1]), {}),
        (node("Reshape", "t", ["x", "to"]), {"to": np.zeros(0, np.int64)}),
        (node("Reshape", "t", ["x", "to"]), {"to": np.array([1, -1, 0, 6])}),
        (node("Reshape", "t", ["x", "to"]), {"to": np.array([1, 3, -1, -1])}),
        (node("Reshape", "t", ["x", "to"]), {"to": np.array([1, 7, 9, 9])}),
        (node("Reshape", "t", ["x", "to"]), {"to": np.array([1, 144, 1])}),
    ],
)
def test_an_input_that_cannot_be_laid_out_so_is_refused(one, constants, tmp_path):
    file = at_input(*after("t", one), **constants)
    with pytest.raises(FormatError, match=r"node t "):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_weights_of_minus_one_and_one_are_read(tmp_path):
    file = File()
    file.constants["w1"][0, 0, 0, 0] = 0.0  # counts as +1
    file.nodes[1] = node("BipolarQuant", "weight1", ["w1", "w1_scale"], domain=DOMAIN)
    layer = agree(file.save(tmp_path / "net.onnx")).network.nodes[0]
    assert set(np.unique(layer.weight)) == {-1, 1}
    assert layer.weight[0, 0, 0, 0] == 1
    assert layer.weight_format.name == "BIPOLAR"


@pytest.mark.parametrize("kind", ["Quant", "BipolarQuant"])
def test_a_scale_that_does_not_fit_its_constant_is_refused(kind, tmp_path):
    file = File()
    file.constants["w1_scale"] = np.full(4, 0.1)  # the last axis has 3
    if kind == "BipolarQuant":
        file.nodes[1] = node(kind, "weight1", ["w1", "w1_scale"], domain=DOMAIN)
    with pytest.raises(FormatError, match=r"\(4, 3, 3, 3\), not be \(4,\)$"):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_a_constant_computed_in_another_way_names_who_computes_it(tmp_path):
    file = File()
    file.nodes.insert(0, node("Cos", "root", ["bits4"]))
    file.insert("norm", node("Mul", "odd", ["norm", "root"]))
    with pytest.raises(FormatError, match=r"is not understood, by node root \(Cos\)$"):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_codes_that_nobody_gave_their_values_are_refused(tmp_path):
    file = File()
    file.insert("relu", node("QuantizeLinear", "odd", ["relu", "act_scale"]))
    with pytest.raises(
        FormatError, match=r"^node codes \(Quant\): it computes with codes: put a DequantizeLinear"
    ):
        read_onnx(file.save(tmp_path / "net.onnx"))


def test_the_way_out_of_qcdq_works(tmp_path):
    """What export-network writes as QCDQ is QONNX after qonnx's own conversion, and is read back."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.qcdq_to_qonnx import QCDQToQuant

    from tests.unit.interchange.networks import residual
    from tilewright.interchange import export_network

    path = tmp_path / "net.onnx"
    network = residual((2, 3)).network
    export_network(network, path, form="qcdq", batch=1)
    ModelWrapper(str(path)).transform(QCDQToQuant()).save(str(path))
    shape = network.node(network.inputs[0]).shape
    pixels = np.random.default_rng(0).integers(0, 256, (4, shape.ic, shape.ih, shape.iw), np.uint8)
    found, expected = (
        reference_trace(one, pixels).sums[one.outputs[0]]
        for one in (read_onnx(path).network, network)
    )
    np.testing.assert_array_equal(found, expected)


def test_the_executors_exceptions_are_its_own(tmp_path, monkeypatch):
    import qonnx.core.onnx_exec

    def fail(*_arguments, **_options):
        raise AssertionError("inputs of\nthe executor")

    monkeypatch.setattr(qonnx.core.onnx_exec, "execute_onnx", fail)
    imported = read_onnx(File().save(tmp_path / "net.onnx"))
    with pytest.raises(
        ToolError, match=r"^qonnx \d.* cannot compute .*: AssertionError: inputs of the executor$"
    ):
        imported.run_source(2)
    done = tilewright("import-network", tmp_path / "net.onnx", "--out", tmp_path / "run")
    assert (done.returncode, "a fault in tilewright" in done.stderr) == (2, False)
    assert not (tmp_path / "run").exists()


def dead_channel(**changes):
    """A channel of the floor scale, whose bias leaves float32 no digit for the sum."""
    file = File()
    scale = np.full((4, 1, 1, 1), 0.1)
    scale[2] = 1e-10 / 7
    file.constants |= {"w1_scale": scale, "bias": np.array([0.1, 0, 1.0, 0.2])} | changes
    file.find("conv").input.append("bias")
    return file


def test_sums_that_float32_cannot_carry_count_as_unresolved(tmp_path):
    foreign = agree(dead_channel().save(tmp_path / "net.onnx"))
    masks = foreign.open_sums["conv"]
    assert masks[:, 2].all()
    assert not masks[:, [0, 1, 3]].any()
    first = foreign.network.nodes[0]
    expected = reference_sums(first, foreign.stimulus.codes["conv"])
    assert (expected != foreign.stimulus.psums["conv"]).any()  # which is why they do not count
    done = tilewright("import-network", tmp_path / "net.onnx", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert f"{4 * 48:,} are not resolved: the source's float32 values do not carry" in done.stdout
    assert tilewright("verify", tmp_path / "run").returncode == 0
    stored = read_onnx(tmp_path / "net.onnx")
    assert stored.network.fingerprint() == foreign.network.fingerprint()


@pytest.mark.parametrize("channel", [0, 1, 3])
def test_a_wrong_weight_of_a_resolved_channel_is_still_found(channel, tmp_path):
    foreign = read_foreign(dead_channel().save(tmp_path / "net.onnx"), 4)
    layer = foreign.network.nodes[0]
    assert isinstance(layer, IntegerLayer)
    weight = layer.weight.copy()
    weight[channel, 0, 1, 1] += 1 if weight[channel, 0, 1, 1] < 7 else -1
    sums, _ = _compare(replace(layer, weight=weight), foreign)
    assert not sums.passed
    assert sums.first[0].oc == channel


def test_thresholds_that_exact_arithmetic_decides_are_not_doubtful(tmp_path):
    """With scales that are powers of two float32 rounds nothing, though ties stand at every step."""
    doubtful = {}
    for scale in (2.0**-7, 0.1):
        file = File()
        file.constants |= {"pixel_scale": 2.0**-8, "w1_scale": scale, "act_scale": 0.125}
        file.nodes.remove(file.find("norm"))
        file.find("relu").input[0] = "conv"
        path = file.save(tmp_path / "net.onnx")
        doubtful[scale] = agree(path).doubtful
    assert doubtful[2.0**-7] == 0
    assert doubtful[0.1] > 0


def all_ties(**changes):
    """A link of whose sums, 0 to 3, each lies at a step that float32 rounds."""
    file = File()
    one = np.full((4, 3, 1, 1), 0.3)
    file.constants |= {"bits8": 1.0, "pixel_scale": 0.1, "w1": one, "w1_scale": 0.3}
    file.constants |= {"act_scale": 0.03, "bias": np.full(4, 0.015)} | changes
    file.nodes.remove(file.find("norm"))
    file.find("relu").input[0] = "conv"
    file.set("conv", pads=[0, 0, 0, 0])
    file.find("conv").input.append("bias")
    return file


def test_a_link_of_which_nothing_can_be_compared_neither_fails_nor_passes(tmp_path):
    path = all_ties().save(tmp_path / "net.onnx")
    link = [one for one in compare_foreign(read_foreign(path, 4)) if one.is_open]
    assert [(one.layer, one.passed, one.compared) for one in link] == [("conv", False, 0)]
    done = tilewright("import-network", path, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    text = (
        f"conv: input codes of head: none of {4 * 48:,} could be compared, because rounding of the source's "
        "floats decides each of them"
    )
    assert done.stderr.splitlines() == [f"NOT COMPARED {text}"]
    stored = json.loads((tmp_path / "run" / "02_recover" / "recover.json").read_text())
    assert stored["not_compared"] == [text]
    assert not [check for check in stored["checks"] if "input codes of head" in check["name"]]
    assert all(check["passed"] for check in stored["checks"])
    found, summary = judged(RunFolder(tmp_path / "run"))
    assert f"{text}." in claims(summary, found).open


def test_an_import_of_which_nothing_at_all_can_be_compared_fails(tmp_path, monkeypatch):
    """Comparing nothing is no pass: here the source's floats carry no sum of any node either."""
    monkeypatch.setattr(
        Imported, "unresolved_sums", lambda _, _node, sums, *_of: np.full(sums.shape, True)
    )
    monkeypatch.setattr(
        Imported, "unresolved_codes", lambda _, _link, sums: np.full(sums.shape, True)
    )
    done = tilewright(
        "import-network",
        all_ties().save(tmp_path / "net.onnx"),
        "--out",
        tmp_path / "run",
        "--json",
    )
    assert done.returncode == 1
    failed = [line for line in done.stderr.splitlines() if line.startswith("FAILED")]
    assert [line.partition(" could be")[0] for line in failed] == [
        f"FAILED none of the source's {4 * (48 * 4 * 2 + 5 - 48 * 3):,} codes and sums"
    ]
    assert json.loads(done.stdout)["compared"] == 0


def test_a_wrong_code_beside_open_ones_fails(tmp_path):
    """Sums of 16 and more lie at no step: one of their codes that differs is a difference."""
    foreign = read_foreign(all_ties(bits8=4.0).save(tmp_path / "net.onnx"), 4)
    link = foreign.network.nodes[0].requantizations[0]
    wrong = replace(link, thresholds=link.thresholds + 25)
    layer = replace(foreign.network.nodes[0], requantizations=(wrong,))
    found = list(_compare(layer, foreign))[1]
    assert (found.passed, found.is_open, found.unresolved > 0) == (False, False, True)


CASES = Path(os.environ.get("TILEWRIGHT_CASES", "/nowhere")) / "qonnx"


@pytest.mark.skipif(not CASES.is_dir(), reason="TILEWRIGHT_CASES is not set")
@pytest.mark.parametrize("path", sorted(CASES.glob("*.onnx")), ids=lambda path: path.stem)
def test_the_cases_that_users_brought(path):
    agree(path)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_with_the_structure_of_public_files(name, tmp_path):
    """All are read as they are found; ``benchmarks/import_networks.py`` compares 1,000 inputs of each."""
    foreign = agree(NETWORKS[name](tmp_path / "net.onnx", batch=2), 2)
    foreign.network.require_whole()
    assert foreign.doubtful < foreign.thresholds / 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rounding_mode": "STOCHASTIC"}, "rounding_mode must be one of ROUND, .*, not STOCHASTIC"),
        ({"domain": "elsewhere"}, "its domain must be one of"),
    ],
)
def test_a_trunc_of_another_kind_is_refused(change, message, tmp_path):
    file = File()
    stated = {"rounding_mode": "FLOOR", "domain": DOMAIN} | change
    inputs = ["relu", "act_scale", "zero", "bits8", "bits4"]
    file.insert("relu", node("Trunc", "odd", inputs, **stated))
    with pytest.raises(FormatError, match=rf"^node odd \(Trunc\): .*{message}"):
        read_onnx(file.save(tmp_path / "net.onnx"))
