"""Networks that Brevitas trained and exported become integer networks: its own integers, all of them."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from tests import brevitas_networks as networks
from tilewright.interchange import read_onnx
from tilewright.spec import IntegerLayer, MaxPool, NumberFormat, ResidualAdd, SumPool
from tilewright.verify import check_node, compare, reference_next_codes, reference_trace

pytestmark = [  # not imported to find out: that would take every worker seconds
    pytest.mark.skipif(find_spec(name) is None, reason=f"needs the extra '{extra}'")
    for name, extra in (("brevitas", "brevitas"), ("qonnx", "onnx"))
]

SEQUENTIAL = [(4, 4, True), (2, 8, True), (3, 2, False), (8, 5, False)]


@pytest.fixture(scope="module")
def residual(tmp_path_factory):
    path = tmp_path_factory.mktemp("brevitas") / "residual.onnx"
    return networks.train(networks.residual, path, weight_bits=4, act_bits=5)


def check(expected, actual, layer):
    comparison = compare(expected.reshape(actual.shape), actual, what="Brevitas", layer=layer)
    assert comparison.passed, str(comparison)
    return comparison.compared


@pytest.mark.parametrize(("weight_bits", "act_bits", "is_per_channel"), SEQUENTIAL)
def test_every_code_and_psum_is_that_of_brevitas(weight_bits, act_bits, is_per_channel, tmp_path):
    trained = networks.train(
        networks.sequential,
        tmp_path / "net.onnx",
        weight_bits=weight_bits,
        act_bits=act_bits,
        is_per_channel=is_per_channel,
    )
    imported = read_onnx(trained.path)
    network, found = imported.network, trained.integers
    assert [node.name for node in network.nodes] == ["first", "second", "head"]
    trace = reference_trace(network, found["pixels"])
    compared = check(found["second"], trace.sums["second"], "second")
    compared += check(found["head"], trace.sums["head"], "head")
    for act, link in (("first_act", 0), ("second_act", 1)):
        node = network.nodes[link]
        unpooled = replace(node.requantizations[0], pools=(), is_flattened=False)
        compared += check(found[act], reference_next_codes(trace.sums[node.name], unpooled), act)
    assert compared > 4000
    assert imported.notes == ()
    first = network.layer("first")
    assert first.weight_format == NumberFormat(weight_bits, is_signed=True, is_narrow=True)
    assert first.act_format == NumberFormat(8, is_signed=False)
    assert network.layer("second").act_format == NumberFormat(act_bits, is_signed=False)
    assert first.weight_scale.shape == ((8,) if is_per_channel else (1,))
    assert first.requantizations[0].pools == (MaxPool((2, 2), (2, 2)),)
    assert network.layer("head").requantizations == ()
    assert (network.classes(trace.sums["head"]) == trained.logits.argmax(axis=1)).all()


def test_a_residual_network_is_that_of_brevitas(residual):
    imported = read_onnx(residual.path)
    network, found = imported.network, residual.integers
    assert [type(node) for node in network.nodes] == [
        IntegerLayer,
        IntegerLayer,
        ResidualAdd,
        SumPool,
        IntegerLayer,
    ]
    assert [node.name for node in network.nodes] == ["stem", "body", "Add", "pool", "head"]
    trace = reference_trace(network, found["pixels"])
    compared = 0
    for name in ("stem", "body", "pool"):
        compared += check(found[name], trace.sums[name], name)
    for act, port in (
        ("stem_act", "body"),
        ("join", "Add:1"),
        ("sum_act", "pool"),
        ("pool_act", "head"),
    ):
        compared += check(found[act], np.asarray(trace.codes[port]), port)
    assert compared > 3000
    assert imported.notes == (
        "head: its bias is not in the integers: the outputs are psum * scale + bias, and the largest "
        "psum need not be the largest output",
    )
    assert network.layer("body").shape.groups == 2
    weight = network.layer("body").as_dense().weight
    assert not weight[:3, 3:].any()
    assert not weight[3:, :3].any()


def test_the_newer_exporter_gives_the_same_network(residual, tmp_path):
    again = networks.train(
        networks.residual, tmp_path / "net.onnx", weight_bits=4, act_bits=5, is_dynamo=True
    )
    ours, theirs = read_onnx(residual.path).network, read_onnx(again.path).network
    for one, other in zip(ours.nodes, theirs.nodes, strict=True):
        assert one.act_format == other.act_format
        for left, right in zip(one.requantizations, other.requantizations, strict=True):
            assert (left.thresholds == right.thresholds).all()
            assert (left.direction == right.direction).all()
            assert left.operand == right.operand
        if isinstance(one, IntegerLayer):
            assert (one.weight == other.weight).all()
            assert one.name == other.name
            assert one.shape == other.shape


def test_the_sources_own_arithmetic_agrees(residual):
    imported = read_onnx(residual.path)
    stimulus, farthest = imported.run_source(6)
    assert farthest < 0.02
    for node in imported.network.nodes:
        assert check_node(node, stimulus, psum_bits=20).passed
    assert imported.count_doubtful(stimulus) < 20
    assert stimulus.codes["Add"].dtype == np.int8
