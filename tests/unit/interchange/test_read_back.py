"""What `export-network` writes is read back as the same network, from thresholds as comparisons, too."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from onnx import TensorProto, helper, numpy_helper

from tests import networks
from tests.unit.interchange.networks import residual
from tests.unit.interchange.test_export import odd_network
from tilewright.errors import FormatError
from tilewright.interchange import export_network, read_onnx
from tilewright.studies.imports import compare_foreign, run_foreign
from tilewright.verify import reference_trace

KINDS = {
    "pools, flatten, channels that fall": odd_network,
    "of 2 bits": lambda: odd_network(2),
    "a chain": lambda: networks.chain(np.random.default_rng(2)),
    "pads that differ": lambda: networks.uneven(networks.chain(np.random.default_rng(2))),
    "residual": lambda: residual().network,
}


def sums(network, pixels):
    return reference_trace(network, pixels).sums[network.outputs[0]].reshape(len(pixels), -1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["onnx", "qonnx", "qcdq"])
def test_what_is_written_is_read(form, kind, tmp_path):
    network, path = KINDS[kind](), tmp_path / "net.onnx"
    export_network(network, path, form=form)
    imported = read_onnx(path)
    found = compare_foreign(run_foreign(imported, 4))
    assert [str(one) for one in found if not one.passed or one.unresolved] == []
    shape = network.node(network.inputs[0]).shape
    pixels = np.random.default_rng(0).integers(0, 256, (4, shape.ic, shape.ih, shape.iw), np.uint8)
    assert (sums(network, pixels) == sums(imported.network, pixels)).all()


def test_another_threshold_is_another_network(tmp_path):
    network, path = residual().network, tmp_path / "net.onnx"
    export_network(network, path, form="onnx")
    model = onnx.load(path)
    levels = next(one for one in model.graph.initializer if one.name.endswith(".thresholds"))
    levels.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(levels) + 300, levels.name))
    onnx.save(model, path)
    shape = network.node(network.inputs[0]).shape
    pixels = np.random.default_rng(0).integers(0, 256, (4, shape.ic, shape.ih, shape.iw), np.uint8)
    assert (sums(network, pixels) != sums(read_onnx(path).network, pixels)).any()


def counted(path, levels, *, compared="GreaterOrEqual"):
    """ConvInteger, how many thresholds each sum reaches, and ConvInteger."""
    rng = np.random.default_rng(0)
    axis = np.array([-1], np.int64)
    nodes = [
        helper.make_node("ConvInteger", ["x", "w"], ["sum"]),
        helper.make_node("Unsqueeze", ["sum", "axis"], ["column"]),
        helper.make_node(compared, ["column", "levels"], ["reached"]),
        helper.make_node("Cast", ["reached"], ["ones"], to=TensorProto.INT32),
        helper.make_node("ReduceSum", ["ones", "axis"], ["count"], keepdims=0),
        helper.make_node("Cast", ["count"], ["codes"], to=TensorProto.UINT8),
        helper.make_node("ConvInteger", ["codes", "v"], ["y"]),
    ]
    known = {
        "w": rng.integers(-9, 9, (4, 2, 3, 3)).astype(np.int8),
        "v": rng.integers(-9, 9, (1, 4, 1, 1)).astype(np.int8),
        "axis": axis,
        "levels": levels.astype(np.int32),
    }
    graph = helper.make_graph(
        nodes,
        "counts",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 2, 8, 7])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, None)],
        [numpy_helper.from_array(one, name) for name, one in known.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)]), path)
    return path


@pytest.mark.parametrize("compared", ["GreaterOrEqual", "Greater"])
@pytest.mark.parametrize("sizes", [(3,), (4, 1, 1, 3), (1, 4, 1, 1, 3), (1, 1, 1, 255)], ids=str)
def test_thresholds_as_comparisons(sizes, compared, tmp_path):
    levels = np.sort(np.random.default_rng(1).integers(-4000, 4000, sizes), axis=-1)
    path = counted(tmp_path / "net.onnx", levels, compared=compared)
    found = compare_foreign(run_foreign(read_onnx(path), 4))
    assert [str(one) for one in found if not one.passed or one.unresolved] == []
    assert sum(one.compared for one in found) > 1_000


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((1, 1, 1, 256), "it must count 1 to 255 thresholds, not 256"),
        ((6, 5, 3), r"its thresholds must be \(levels\)"),
    ],
)
def test_thresholds_that_are_none_are_refused(sizes, message, tmp_path):
    levels = np.sort(np.random.default_rng(1).integers(-4000, 4000, sizes), axis=-1)
    with pytest.raises(FormatError, match=message):
        read_onnx(counted(tmp_path / "net.onnx", levels))
