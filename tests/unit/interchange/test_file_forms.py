"""Forms of a file that change nothing of what it computes: branches, weights beside it, sums of many; and
what ONNX Runtime makes of a bias of floats among them.
"""

from __future__ import annotations

import numpy as np
import onnx
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from tests.qonnx_files import File, node
from tests.unit.interchange.test_functions_of_sums import agree, layer
from tests.unit.interchange.test_own_qdq import S8, U8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import branches, held, neighbors, read_onnx

INT64 = TensorProto.INT64


def ints(net, *numbers):
    return net.constant(numbers, INT64)


def ended(net, path, x, ic, scale=0.0213):
    return net.save(path, layer(net, net.codes(x, scale, -40, S8), 2, ic, (1, 1)))


# --- branches


def branch(net, condition, x, kinds=("Relu", "Neg")):
    """An If with one operation in each branch, of a tensor of the graph around it."""
    bodies = []
    for kind in kinds:
        info = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
        nodes = [node("Identity", "copy", [x]), node(kind, "inner", ["copy"])]
        bodies.append(helper.make_graph(nodes, kind, [], [info]))
    return net.node("If", condition, then_branch=bodies[0], else_branch=bodies[1])


def of_size(net, x, size, axis=2):
    """Whether a tensor has this size along an axis, as exporters of squeeze ask."""
    found = net.node("Gather", net.node("Shape", x), ints(net, axis), axis=0)
    return net.node("Equal", found, ints(net, size))


def branching(path, condition, kinds=("Relu", "Neg")):
    net = Qdq((3, 5, 7))
    x = layer(net, net.codes("x", 0.05, 3, S8))
    for _ in range(2):  # one behind the other, with the same names inside
        x = branch(net, condition(net, x), x, kinds)
    return ended(net, path, x, 4)


CONDITIONS = {
    "a constant": lambda net, _: net.constant(True, TensorProto.BOOL),
    "a size": lambda net, x: of_size(net, x, 3),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_branch_of_a_known_condition_is_taken(condition, tmp_path):
    foreign = agree(branching(tmp_path / "net.onnx", CONDITIONS[condition]))
    assert len(foreign.network.layers) == 2


def test_the_other_branch_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: a Neg where the file has a Relu; ONNX Runtime chooses by itself."""
    path = branching(tmp_path / "net.onnx", CONDITIONS["a size"])
    wanted = onnxruntime.InferenceSession(path)
    x = np.random.default_rng(0).normal(size=(1, 3, 5, 7)).astype(np.float32)
    taken = onnx.load(path)
    monkeypatch.setattr(branches, "_condition", lambda *_: False)
    branches.take_branches(taken)
    found = onnxruntime.InferenceSession(taken.SerializeToString())
    assert (wanted.run(None, {"x": x})[0] != found.run(None, {"x": x})[0]).any()


@pytest.mark.parametrize(
    "condition",
    [
        lambda net, x: of_size(net, x, 1, axis=0),  # the samples, which the file leaves open
        lambda net, x: net.node("Cast", net.node("ReduceMax", x, keepdims=0), to=TensorProto.BOOL),
    ],
)
def test_branches_that_are_chosen_later_are_refused(condition, tmp_path):
    with pytest.raises(FormatError, match=r"^node if\d+ \(If\): what it computes is chosen while"):
        read_onnx(branching(tmp_path / "net.onnx", condition))


# --- weights beside the file


def beside(path, location="weights.bin"):
    model = onnx.load(File().save(path))
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for one in tensor.external_data:
            if one.key == "location":
                one.value = location
    path.write_bytes(model.SerializeToString())
    return path


def test_weights_beside_the_file_are_read(tmp_path):
    foreign = agree(beside(tmp_path / "net.onnx"))
    inside = agree(File().save(tmp_path / "inside.onnx"))
    for one, other in zip(foreign.network.layers, inside.network.layers, strict=True):
        assert (one.weight == other.weight).all()


def test_another_file_of_weights_would_be_seen(tmp_path):
    path = beside(tmp_path / "net.onnx")
    before = read_onnx(path).network.layers[0].weight
    content = bytearray((tmp_path / "weights.bin").read_bytes())
    content[3::4] = bytes(one ^ 0x80 for one in content[3::4])  # the signs of floats
    (tmp_path / "weights.bin").write_bytes(content)
    with pytest.raises(FormatError, match=r"the bit width must be 1..8, not -8"):
        read_onnx(path)
    assert before.any()


@pytest.mark.parametrize(
    "location", ["../weights.bin", "/etc/hosts", "folder/../../weights.bin", ""]
)
def test_weights_in_another_folder_are_refused(location, tmp_path):
    (tmp_path / "weights.bin").write_bytes(bytes(1 << 16))
    (tmp_path / "inner").mkdir()
    with pytest.raises(
        FormatError, match=r"which is not in its folder: save the model with its wei"
    ):
        read_onnx(beside(tmp_path / "inner" / "net.onnx", location))


def test_weights_that_are_not_there_are_named(tmp_path):
    path = beside(tmp_path / "net.onnx")
    content = (tmp_path / "weights.bin").read_bytes()
    (tmp_path / "weights.bin").write_bytes(content[:-9])
    with pytest.raises(
        FormatError, match=r" in bytes \d+\.\.\d+ of weights.bin, which has \d+: it is"
    ):
        read_onnx(path)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(
        FormatError, match=r"in weights.bin, which cannot be read beside it: put it"
    ):
        read_onnx(path)


# --- other words for the same


def of_three(net, kind):
    a = net.codes(layer(net, net.codes("x", 0.05, 3, S8)), 0.041, -28, S8)
    b = net.codes(layer(net, a, 4, 4, (1, 1)), 0.033, 5, S8)
    c = net.codes(layer(net, b, 4, 4, (1, 1)), 0.057, 11, S8)
    return net.node(kind, a, b, c)


@pytest.mark.parametrize("kind", ["Sum", "Mean"])
def test_sums_and_means_of_several_tensors(kind, tmp_path):
    net = Qdq((3, 5, 7))
    agree(ended(net, tmp_path / "net.onnx", of_three(net, kind), 4, 0.0611))


@pytest.mark.parametrize(("equation", "sizes"), [("bi,oi->bo", (6, 8)), ("...k,kn->...n", (8, 6))])
def test_equations_of_a_linear_layer(equation, sizes, tmp_path):
    net = Qdq((8,))
    x = net.codes("x", 0.05, 3, S8)
    x = net.node("Einsum", x, net.weight(sizes, 0.0071, 0, kind=S8), equation=equation)
    end = net.weight((6, 3), 0.0071, 0, kind=S8)
    agree(net.save(tmp_path / "net.onnx", net.node("MatMul", net.codes(x, 0.02, 3, S8), end)))


def test_weights_on_the_left_mix_channels(tmp_path):
    net = Qdq((6, 5))
    x = net.node("MatMul", net.weight((7, 6), 0.0071, 0, kind=S8), net.codes("x", 0.05, 3, S8))
    x = net.node("MatMul", net.weight((3, 7), 0.0053, 0, kind=S8), net.codes(x, 0.02, 3, S8))
    foreign = agree(net.save(tmp_path / "net.onnx", x))
    assert [one.shape.ow for one in foreign.network.layers] == [5, 5]


def test_weights_on_the_left_of_planes_are_refused(tmp_path):
    net = Qdq((3, 5, 7))
    x = net.node("MatMul", net.weight((4, 5), 0.0071, 0, kind=S8), net.codes("x", 0.05, 3, S8))
    with pytest.raises(
        FormatError, match=r"\(MatMul\): its weight is on the left, which is read of"
    ):
        read_onnx(net.save(tmp_path / "net.onnx", x))


def last_token(path):
    """A step of the tokens behind a convolution over a sequence."""
    net = Qdq((6, 20))
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), net.weight((8, 6, 5), 0.0071, 0, kind=S8))
    x = net.node("Transpose", net.codes(x, 0.11, 3, S8), perm=[0, 2, 1])
    x = net.codes(net.node("MatMul", x, net.weight((8, 4), 0.0071, 0, kind=S8)), 0.05, 3, S8)
    x = net.node("Gather", x, net.constant(-2, INT64), axis=1)
    return net.save(path, net.node("MatMul", x, net.weight((4, 3), 0.0071, 0, kind=S8)))


def test_a_step_of_tokens_that_were_a_sequence(tmp_path):
    agree(last_token(tmp_path / "net.onnx"))


def test_tokens_in_another_shape_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: their sizes are those of the planes, as if these were the file's."""
    monkeypatch.setattr(
        "tilewright.interchange.views.tokens_of",
        lambda plane, sizes: held.tokens_of(plane, (1, int(np.prod(sizes)))),
    )
    with pytest.raises(FormatError, match=r"\(Gather\): its constants cannot be computed"):
        read_onnx(last_token(tmp_path / "net.onnx"))


def test_a_border_of_a_code_that_float32_rounds(tmp_path):
    """20 steps of 0.02 are 0.4, but not in float32."""
    net = Qdq((3, 5, 7))
    x = net.codes("x", 0.02, 3, S8)
    x = net.node("Pad", x, ints(net, 0, 0, 1, 0, 0, 0, 0, 2), net.constant(np.float32(0.4)))
    agree(net.save(tmp_path / "net.onnx", layer(net, x)))


def test_codes_of_2_bits(tmp_path):
    kinds = TensorProto.UINT2, TensorProto.INT2
    net = Qdq((3, 5, 7))
    weight = net.constant(net.rng.integers(-2, 2, (4, 3, 3, 1)), kinds[1])
    weight = net.node("DequantizeLinear", weight, net.constant(0.37), net.constant(0, kinds[1]))
    x = net.node("Conv", net.codes("x", 0.71, 1, kinds[0]), weight)
    path = ended(net, tmp_path / "net.onnx", x, 4)
    model = onnx.load(path)
    model.opset_import[0].version, model.ir_version = 25, 13
    onnx.save(model, path)
    foreign = agree(path)
    assert foreign.network.layers[0].act_format.name == "UINT2"
    assert foreign.network.layers[0].weight_format.name == "INT2"


@pytest.mark.parametrize("kind", [TensorProto.INT2, TensorProto.UINT2])
def test_ten_classes_behind_weights_of_2_bits(tmp_path, kind):
    """ONNX Runtime is wrong where nobody looks at the product: findings/onnxruntime_two_bit_columns.sh."""
    net = Qdq((3, 4, 4))
    lowest = -2 if kind == TensorProto.INT2 else 0
    weight = net.constant(net.rng.integers(lowest, lowest + 4, (48, 10)), kind)
    weight = net.node("DequantizeLinear", weight, net.constant(0.37))
    x = net.node("Reshape", net.codes("x", 0.25, 3, TensorProto.INT8), ints(net, -1, 48))
    path = net.save(tmp_path / "net.onnx", net.node("MatMul", x, weight))
    model = onnx.load(path)
    model.opset_import[0].version, model.ir_version = 25, 13
    onnx.save(model, path)
    foreign = agree(path)
    assert foreign.network.layers[0].weight.shape[:2] == (10, 48)


def test_a_file_of_the_third_version_may_state_constants_alone(tmp_path):
    path = File().save(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.ir_version = 3
    onnx.save(model, path)
    agree(path)


def test_scales_that_are_computed_are_known_before_them(tmp_path):
    """Of a quantizer behind a mean of floats, whose scale a Mul gives that stands behind the mean."""
    net = Qdq((3, 5, 7))
    x = net.node("GlobalAveragePool", net.node("Relu", layer(net, net.codes("x", 0.05, 3, S8))))
    scale = net.node("Mul", net.constant(0.5), net.constant(0.0426))
    zero = net.constant(-60, S8)
    x = net.node("DequantizeLinear", net.node("QuantizeLinear", x, scale, zero), scale, zero)
    agree(net.save(tmp_path / "net.onnx", layer(net, x, 2, 4, (1, 1))))


# --- a bias of floats


def cut(net, x):
    return net.node("Slice", x, ints(net, 1), ints(net, 3), ints(net, 2))


def dropped(net, x):
    return net.node("Dropout", x)


def cast(net, x):
    return net.node("Cast", x, to=TensorProto.FLOAT)


def wide(net, x):
    return net.node("Squeeze", net.node("Unsqueeze", x, ints(net, 1)), ints(net, 1))


def bordered(*pads, **attributes):
    return lambda net, x: net.node("Pad", x, ints(net, *pads), **attributes)


BEFORE = {
    "cut": (cut, True),
    "dropped": (dropped, True),
    "cast": (cast, True),
    "wide": (wide, True),
    "bordered": (bordered(0, 0, 1, 0, 0, 0, 0, 2), True),
    "bordered by what is there": (bordered(0, 0, 1, 0, 0, 0, 0, 2, mode="edge"), False),
    "bordered by less": (bordered(0, 0, -1, 0, 0, 0, 0, 2), False),
    "gathered": (lambda net, x: net.node("Gather", x, ints(net, 1, 2), axis=2), False),
}
BEHIND = {
    "cut": (cut, True),
    "dropped": (dropped, True),
    "cast": (cast, True),
    "wide": (wide, True),
    "bordered": (bordered(0, 0, 1, 0, 0, 0, 0, 2), False),
    "cut, then not negative": (lambda net, x: net.node("Relu", cut(net, x)), False),
    "not negative, then cut": (lambda net, x: cut(net, net.node("Relu", x)), True),
}


def biased(path, change, *, is_before):
    net = Qdq((3, 5, 7))
    x = net.codes("x", 0.05, 3, U8)
    x = layer(net, change(net, x) if is_before else x, kernel=(1, 1))
    x = net.codes(x if is_before else change(net, x), 0.0213, 40, U8)
    return net.save(path, layer(net, x, 2, 4, (1, 1)))


def is_rounded(path):
    """Whether the first layer of what ONNX Runtime makes of a file has a bias of whole numbers."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(path.with_suffix(".optimized"))
    options.log_severity_level = 4
    level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.graph_optimization_level = level
    onnxruntime.InferenceSession(path, options)
    graph = onnx.load(options.optimized_model_filepath).graph
    first = next(one for one in graph.node if "Conv" in one.op_type)
    kinds = {one.name: one.data_type for one in graph.initializer}
    return kinds.get(first.input[-1]) != TensorProto.FLOAT


@pytest.mark.parametrize(
    ("cases", "name"),
    [(cases, name) for cases in (BEFORE, BEHIND) for name in cases],
)
def test_a_bias_of_floats_is_rounded_where_onnx_runtime_rounds_it(cases, name, tmp_path):
    change, wanted = cases[name]
    path = biased(tmp_path / "net.onnx", change, is_before=cases is BEFORE)
    assert is_rounded(path) == wanted
    found = agree(path).notes
    assert any("the bias is a float in the file" in one for one in found) == wanted


def test_a_bias_that_is_not_rounded_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: no quantizer moves through a Slice."""
    monkeypatch.setattr(
        neighbors, "PASSED", tuple(one for one in neighbors.PASSED if one != "Slice")
    )
    path = biased(tmp_path / "net.onnx", cut, is_before=False)
    said = any("the bias is a float in the file" in one for one in read_onnx(path).notes)
    assert is_rounded(path)
    assert not said


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 2.0), (1.0, 0.5), (-1.0, 1.0), (2.0, 0.0)])
def test_factors_of_a_gemm(alpha, beta, tmp_path):
    net = Qdq((12,))
    bias = net.constant(net.rng.normal(size=6).astype(np.float32))
    weight = net.weight((12, 6), 0.0071, 0, kind=S8)
    x = net.node("Gemm", net.codes("x", 0.05, 3, S8), weight, bias, alpha=alpha, beta=beta)
    end = net.weight((6, 3), 0.0071, 0, kind=S8)
    agree(net.save(tmp_path / "net.onnx", net.node("MatMul", net.codes(x, 0.02, 3, S8), end)))


def test_floats_of_8_bits_say_what_to_do(tmp_path):
    net = Qdq((3, 5, 7))
    x = net.codes("x", 0.05, 0.0, TensorProto.FLOAT8E4M3FN)
    with pytest.raises(
        FormatError, match=r"not FLOAT8E4M3FN: codes are integers here; quantize to"
    ):
        read_onnx(net.save(tmp_path / "net.onnx", layer(net, x)))


def test_constants_inside_a_branch_get_names_of_their_own():
    inner = numpy_helper.from_array(np.array([2.0], np.float32), "two")
    info = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    body = helper.make_graph([node("Mul", "y", ["x", "two"])], "body", [], [info], [inner])
    truth = numpy_helper.from_array(np.array(True), "truth")
    chosen = node("If", "z", ["truth"], then_branch=body, else_branch=body)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
    end = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    graph = helper.make_graph([chosen], "net", [x], [end], [truth])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    branches.take_branches(model)
    assert [one.op_type for one in model.graph.node] == ["Mul", "Identity"]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert session.run(None, {"x": np.ones((1, 3), np.float32)})[0].tolist() == [[2, 2, 2]]
