"""A convolution in groups: saved, run, exported, and refused where it does not run."""

import numpy as np
import pytest

from tests.networks import images, layer, link
from tilewright.cost import LayerOutline
from tilewright.engine import Engine
from tilewright.errors import FormatError
from tilewright.interchange.export import export_network
from tilewright.interchange.tensors import TensorNames
from tilewright.interchange.witness import run_file
from tilewright.spec import ConvShape, IntegerNetwork, NumberFormat
from tilewright.verify import reference_trace

CODES = NumberFormat(4, is_signed=False)


@pytest.fixture
def network():
    """A depthwise convolution, one in two groups, and a linear layer in two groups."""
    rng = np.random.default_rng(23)
    depthwise = ConvShape(4, 6, 5, 4, 3, 3, padding=(1, 1), groups=4)
    halves = ConvShape(4, 6, 5, 6, 3, 2, (2, 1), groups=2)
    head = ConvShape(6 * 2 * 4, 1, 1, 4, 1, 1, groups=2)
    flat = link(rng, "head", 6, CODES, reach=200, is_flattened=True)
    return IntegerNetwork(
        (
            layer(rng, "depth", depthwise, links=(link(rng, "halves", 4, CODES, reach=2000),)),
            layer(rng, "halves", halves, act_format=CODES, links=(flat,)),
            layer(rng, "head", head, act_format=CODES),
        )
    )


def test_it_is_saved_with_its_groups(network, tmp_path):
    network.save(tmp_path / "network")
    back = IntegerNetwork.load(tmp_path / "network")
    assert [layer.shape.groups for layer in back.layers] == [4, 2, 2]
    assert back.fingerprint() == network.fingerprint()


@pytest.mark.parametrize("kind", ["blas", "int64"])
def test_the_engine_is_the_reference(network, kind):
    pixels = images(np.random.default_rng(1), network, 3)
    expected = reference_trace(network, pixels).sums["head"]
    assert Engine(network, kind=kind).sums(pixels).tolist() == expected.tolist()


@pytest.mark.parametrize("form", ["onnx", "qcdq"])
def test_onnx_knows_groups(network, tmp_path, form):
    pixels = images(np.random.default_rng(2), network, 3)
    expected = reference_trace(network, pixels)
    path = export_network(network, tmp_path / "net.onnx", form=form, is_unit=True).path
    names = TensorNames(form, is_unit=True)
    tensors = tuple(names.sums(node) for node in network.nodes)
    batch = pixels if form == "onnx" else pixels.astype(np.float32)
    found = run_file(path, batch, engine="onnxruntime", tensors=tensors)
    for node in network.nodes:
        sums = expected.sums[node.name]
        assert found[names.sums(node)].reshape(sums.shape).tolist() == sums.tolist()


def test_cost_counts_them_and_scalesim_has_no_column(network, tmp_path):
    halves = network.layer("halves")
    outline = LayerOutline("halves", halves.shape, CODES, halves.weight_format, halves.weight)
    assert outline.shape.macs == 8 * 6 * 2 * 6
    with pytest.raises(
        FormatError, match=r"^layer depth: SCALE-Sim has no column for its 4 groups"
    ):
        export_network(network, tmp_path / "topology.csv", form="scalesim")
