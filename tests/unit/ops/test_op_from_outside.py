"""An op added through the registries alone: from torch to integers, files, engine, judge and ONNX."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.networks import images, layer, link
from tests.unit.ops.maximum import Maximum
from tests.unit.ops.quant_maximum import QuantMaximum
from tilewright.engine import Engine
from tilewright.errors import ConfigError, FormatError, UnknownNameError
from tilewright.interchange.export import export_network
from tilewright.interchange.tensors import TensorNames
from tilewright.interchange.witness import run_file
from tilewright.quant import QuantConv2d, QuantLinear
from tilewright.recover import recover
from tilewright.spec import (
    OPS,
    ConvShape,
    DataClaim,
    IntegerNetwork,
    NumberFormat,
    PackedNetwork,
    Stimulus,
    op_of,
)
from tilewright.verify import (
    REFERENCES,
    check_node,
    compare_traces,
    find_obligations,
    reference_trace,
)

CODES = NumberFormat(4, is_signed=False)


@pytest.fixture
def network():
    """Two convolutions of the pixels, the larger of their codes, and a classifier."""
    rng = np.random.default_rng(17)
    shape = ConvShape(3, 5, 4, 6, 3, 3, padding=(1, 1))
    larger = {"oc": 6, "codes": CODES, "reach": 3000}
    head = ConvShape(6 * 5 * 4, 1, 1, 4, 1, 1)
    flat = link(rng, "head", 6, CODES, reach=12, is_flattened=True)
    return IntegerNetwork(
        (
            layer(rng, "left", shape, links=(link(rng, "larger", **larger),)),
            layer(rng, "right", shape, links=(link(rng, "larger", operand=1, **larger),)),
            Maximum("larger", (6, 5, 4), CODES, 0.5, (flat,)),
            layer(rng, "head", head, act_format=CODES, unlinked="it is the output of the network"),
        ),
        ("left", "right"),
    )


@pytest.fixture
def pixels():
    return np.random.default_rng(18).integers(0, 256, (5, 3, 5, 4)).astype(np.uint8)


def test_it_is_saved_and_read_back(network, tmp_path):
    network.save(tmp_path / "network")
    back = IntegerNetwork.load(tmp_path / "network")
    assert type(back.node("larger")) is Maximum
    assert back.fingerprint() == network.fingerprint()
    data = DataClaim("none", 1, "0" * 64)
    packed = PackedNetwork(network, tuple("abcd"), data, np.zeros(1, np.int64), {})
    packed.save(tmp_path / "tiny.v1")
    again = PackedNetwork.load(tmp_path / "tiny.v1").network
    assert again.fingerprint() == network.fingerprint()


@pytest.mark.parametrize("kind", ["blas", "int64"])
def test_the_engine_computes_what_its_reference_does(network, pixels, kind):
    expected = reference_trace(network, pixels)
    assert len(np.unique(expected.sums["larger"])) > 8
    assert (expected.codes["larger"] != expected.codes["larger:1"]).any()
    engine = Engine(network, kind=kind)
    found = engine.trace(pixels)
    assert all(one.passed for one in compare_traces(expected, found, what="the engine"))
    assert engine.arithmetic["larger"] == "int32"


def test_it_is_judged_and_its_fault_is_named(network, pixels):
    trace = reference_trace(network, pixels)
    stimulus = Stimulus(np.arange(5), dict(trace.codes), dict(trace.sums))
    node = network.node("larger")
    verdict = check_node(node, stimulus, psum_bits=16)
    assert verdict.passed
    assert verdict.width is None
    wrong = trace.sums["larger"].copy()
    wrong[2, 3, 1, 0] += 1
    lie = replace(stimulus, psums=stimulus.psums | {"larger": wrong})
    first = check_node(node, lie, psum_bits=16).psums.first[0]
    assert (first.sample, first.oc, first.oh, first.ow) == (2, 3, 1, 0)


def test_the_certificate_bounds_its_sums(network):
    duties = {one.name: one for one in find_obligations(network, {"larger": "int32"}, {})}
    row = duties["exact arithmetic"].numbers["larger"]
    assert (row["by_type"], row["reachable"], row["bits_needed"]) == (15, [0, 15], 5)
    assert duties["integers from input to output"].holds


def test_onnx_computes_it_with_integers(network, pixels, tmp_path):
    names = TensorNames("onnx", is_unit=False)
    path = export_network(network, tmp_path / "net.onnx", form="onnx").path
    tensors = tuple(names.sums(node) for node in network.nodes)
    found = run_file(path, pixels, engine="onnxruntime", tensors=tensors)
    expected = reference_trace(network, pixels)
    for node in network.nodes:
        sums = found[names.sums(node)].reshape(expected.sums[node.name].shape)
        assert sums.tolist() == expected.sums[node.name].tolist()


def test_what_it_does_not_say_is_refused_by_its_name(network, tmp_path):
    with pytest.raises(FormatError, match=r"^larger: op maximum has no float operator in ONNX$"):
        export_network(network, tmp_path / "net.onnx", form="qonnx")
    assert not list(tmp_path.iterdir())


def test_a_class_without_an_op_and_an_op_without_a_reference_are_named(network, monkeypatch):
    @dataclass(frozen=True)
    class Stray(Maximum):
        pass

    stray = Stray("odd", (1, 1, 1), CODES, 1.0)
    with pytest.raises(
        FormatError, match=r"^odd: a Stray must be the node of an op, .* layer, add"
    ):
        op_of(stray)
    with pytest.raises(ConfigError, match=r"'layer' is registered already"):
        OPS.add("layer", OPS.get("maximum"))
    monkeypatch.delitem(REFERENCES._things, "maximum")
    with pytest.raises(UnknownNameError, match=r"no reference 'maximum'"):
        reference_trace(network, images(np.random.default_rng(1), network, 1))


class _Net(nn.Module):
    def __init__(self):
        super().__init__()
        bits = {"weight_bits": 4, "act_bits": 4}
        self.left = QuantConv2d(3, 5, 3, is_pixel_input=True, **bits)
        self.right = QuantConv2d(3, 5, 3, is_pixel_input=True, **bits)
        self.norms = nn.ModuleList([nn.BatchNorm2d(5), nn.BatchNorm2d(5)])
        self.larger = QuantMaximum(4)
        self.head = QuantLinear(5 * 4 * 3, 4, **bits)

    def forward(self, x):
        left = torch.relu(self.norms[0](self.left(x)))
        right = torch.relu(self.norms[1](self.right(x)))
        return self.head(torch.flatten(self.larger(left, right), 1))


def test_a_module_of_it_becomes_integers_that_are_exact():
    torch.manual_seed(5)
    module, batch = _Net(), torch.randint(0, 256, (6, 3, 6, 5)).float()
    module(batch)  # the first batch sets the steps
    network, stimulus = recover(module, batch, np.arange(6))
    assert type(network.node("larger")) is Maximum
    network.require_whole()
    for node in network.nodes:
        assert check_node(node, stimulus, psum_bits=20).passed
    pixels = batch.numpy().astype(np.uint8)
    assert Engine(network, kind="blas").sums(pixels).tolist() == stimulus.psums["head"].tolist()
