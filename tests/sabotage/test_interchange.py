"""A written file that computes something else is found out, and the place is named."""

import pytest

from tests.unit.interchange.networks import residual, untrained
from tilewright.interchange import export_network
from tilewright.studies.exchange import check_export

onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
pytest.importorskip("qonnx", reason="needs the extra 'onnx'")
pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")


def spoil(path, constant, edit):
    """Change one constant of a file."""
    model = onnx.load(path)
    found = next(one for one in model.graph.initializer if one.name == constant)
    values = onnx.numpy_helper.to_array(found).copy()
    edit(values)
    found.CopyFrom(onnx.numpy_helper.from_array(values, constant))
    onnx.save(model, path)


def flip(values):
    values *= -1


def shift(values):
    values += 1


@pytest.mark.parametrize(
    ("form", "constant", "edit", "layer", "what"),
    [
        ("onnx", "second.weight", flip, "second", "sums"),
        ("onnx", "second.thresholds", shift, "second", "sums"),
        ("onnx", "pool.window", shift, "pool", "sums"),
        ("qonnx", "second.weight_values", flip, "second", "sums"),
        ("qonnx", "first.act_scale", shift, "first", "input codes"),
        ("qcdq", "second.weight_codes", flip, "second", "sums"),
        ("qcdq", "add:1.thresholds", shift, "add:1", "input codes"),
    ],
)
def test_a_changed_constant_is_found_where_it_is(form, constant, edit, layer, what, tmp_path):
    known = residual((2, 3))
    exported = export_network(known.network, tmp_path / "net.onnx", form=form)
    spoil(exported.path, constant, edit)
    for check in check_export(known.network, exported, known.pixels):
        assert not check.passed
        first = next(one for one in check.comparisons if not one.passed)
        assert (first.layer, first.what) == (layer, what)
        assert "first at sample=" in str(first)


@pytest.mark.parametrize(("form", "op"), [("onnx", "Mul"), ("qonnx", "Mul"), ("qcdq", "Clip")])
def test_a_node_left_out_is_found(form, op, tmp_path):
    """A direction (gamma < 0) or a clip that is skipped."""
    known = residual()
    exported = export_network(known.network, tmp_path / "net.onnx", form=form)
    model = onnx.load(exported.path)
    node = next(n for n in model.graph.node if n.op_type == op and "image" not in n.output[0])
    for other in model.graph.node:
        for index, name in enumerate(other.input):
            if name == node.output[0]:
                other.input[index] = node.input[0]
    model.graph.node.remove(node)
    onnx.save(model, exported.path)
    if op == "Clip":  # what a clip cuts, the count of thresholds cannot exceed
        assert all(check.passed for check in check_export(known.network, exported, known.pixels))
        return
    assert not any(check.passed for check in check_export(known.network, exported, known.pixels))


def test_a_pool_before_the_thresholds_is_found(tmp_path):
    """With gamma < 0, the largest psum of a window is not the largest code."""
    known = untrained("vgg_tiny", 2, weight_bits=4, act_bits=4)
    exported = export_network(known.network, tmp_path / "net.onnx", form="qcdq")
    model = onnx.load(exported.path)
    pool = next(node for node in model.graph.node if node.op_type == "MaxPool")
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    reader = next(node for node in model.graph.node if pool.output[0] in node.input)
    after = next(node for node in model.graph.node if conv.output[0] in node.input)
    reader.input[0] = pool.input[0]
    pool.input[0], after.input[0] = conv.output[0], pool.output[0]
    nodes = [node for node in model.graph.node if node is not pool]
    nodes.insert(nodes.index(conv) + 1, pool)
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    inferred = onnx.shape_inference.infer_shapes(model)
    onnx.save(inferred, exported.path)
    for check in check_export(known.network, exported, known.pixels):
        first = next(one for one in check.comparisons if not one.passed)
        assert (first.layer, first.what) == ("features.4", "input codes")
