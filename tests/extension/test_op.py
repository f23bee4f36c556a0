"""The op of the package, by its entry points alone: from torch to integers, files, engine, judge and ONNX."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.networks import images, layer, link
from tilewright.data import load_digits_images
from tilewright.engine import Engine
from tilewright.errors import ConfigError, FormatError, UnknownNameError
from tilewright.interchange.export import export_network
from tilewright.interchange.tensors import TensorNames
from tilewright.interchange.witness import run_file
from tilewright.quant import QuantConv2d, QuantLinear
from tilewright.quant.node_modules import NODE_MODULES
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
def maximum(extras):
    """Class of its nodes."""
    return OPS.get("maximum").noun


@pytest.fixture
def network(maximum):
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
            maximum("larger", (6, 5, 4), CODES, 0.5, (flat,)),
            layer(rng, "head", head, act_format=CODES, unlinked="it is the output of the network"),
        ),
        ("left", "right"),
    )


@pytest.fixture
def pixels():
    return np.random.default_rng(18).integers(0, 256, (5, 3, 5, 4)).astype(np.uint8)


def test_it_is_saved_and_read_back(network, maximum, tmp_path):
    network.save(tmp_path / "network")
    back = IntegerNetwork.load(tmp_path / "network")
    assert type(back.node("larger")) is maximum
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


def test_a_class_without_an_op_and_an_op_without_a_reference_are_named(
    network, maximum, monkeypatch
):
    @dataclass(frozen=True)
    class Stray(maximum):
        pass

    stray = Stray("odd", (1, 1, 1), CODES, 1.0)
    with pytest.raises(
        FormatError, match=r"^odd: a Stray must be the node of an op, .* layer, add"
    ):
        op_of(stray)
    with pytest.raises(ConfigError, match=r"'layer' is registered already"):
        OPS.add("layer", OPS.get("maximum"))
    assert "maximum" in REFERENCES
    monkeypatch.delitem(REFERENCES._things, "maximum")
    with pytest.raises(UnknownNameError, match=r"no reference 'maximum'"):
        reference_trace(network, images(np.random.default_rng(1), network, 1))


class _Net(nn.Module):
    """Two convolutions of the pixels, the larger of what they find, and a classifier."""

    def __init__(self):
        super().__init__()
        bits = {"weight_bits": 4, "act_bits": 4}
        first = {"stride": 4, "is_pixel_input": True, **bits}
        self.left, self.right = QuantConv2d(3, 5, 4, **first), QuantConv2d(3, 5, 4, **first)
        self.norms = nn.ModuleList([nn.BatchNorm2d(5), nn.BatchNorm2d(5)])
        self.larger = NODE_MODULES.get("maximum")(4)
        self.head = QuantLinear(5 * 8 * 8, 10, **bits)

    def forward(self, x):
        left = torch.relu(self.norms[0](self.left(x)))
        right = torch.relu(self.norms[1](self.right(x)))
        return self.head(torch.flatten(self.larger(left, right), 1))


def _train(module, images, labels):
    """Loss after each step."""
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    for _ in range(8):
        loss = nn.functional.cross_entropy(module(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield float(loss.detach())


@pytest.fixture
def trained(maximum):
    """A module that has learned from digits, and images that it has not seen."""
    torch.manual_seed(5)
    split = load_digits_images().train
    images = torch.from_numpy(split.images[:256]).float()
    module = _Net()
    losses = list(_train(module, images[:192], torch.from_numpy(split.labels[:192]).long()))
    assert losses[-1] < losses[0] / 2
    return module.eval(), images[192:]


def test_a_trained_module_of_it_becomes_integers_that_are_exact(trained, maximum):
    module, images = trained
    network, stimulus = recover(module, images[:6], np.arange(6))
    assert type(network.node("larger")) is maximum
    network.require_whole()
    for node in network.nodes:
        assert check_node(node, stimulus, psum_bits=20).passed
    engine = Engine(network, kind="blas")
    pixels = images.numpy().astype(np.uint8)
    sums = engine.sums(pixels)
    assert sums[:6].tolist() == stimulus.psums["head"].tolist()
    with torch.no_grad():
        expected = module(images).argmax(1)
    assert sums.reshape(len(images), 10).argmax(1).tolist() == expected.tolist()


def test_integers_that_are_no_maximum_are_found(trained, monkeypatch):
    module, images = trained
    integer = type(module.larger.integer)
    monkeypatch.setattr(integer, "forward", lambda _self, first, _second: first)
    network, stimulus = recover(module, images[:6], np.arange(6))
    assert not check_node(network.node("larger"), stimulus, psum_bits=20).passed


def test_an_engine_that_computes_another_op_is_found(network, pixels, maximum, monkeypatch):
    kind = type(OPS.get("maximum"))
    monkeypatch.setattr(
        kind, "operation", lambda *_: lambda a, b: np.minimum(a, b).astype(np.int32)
    )
    expected, found = reference_trace(network, pixels), Engine(network, kind="blas").trace(pixels)
    assert not all(one.passed for one in compare_traces(expected, found, what="the engine"))
