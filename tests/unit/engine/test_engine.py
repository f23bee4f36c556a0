"""Every engine equals the naive reference, number by number; an engine that would not is refused."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.networks import chain, images, layer, residual, shifted, uneven
from tilewright.engine import ENGINE_KINDS, Engine, Prepared, convolution, onednn
from tilewright.engine.matrix_product import MatrixProduct, exact_dtype
from tilewright.engine.popcount import PopcountProduct
from tilewright.errors import ConfigError, FormatError, ShapeError, ToolError
from tilewright.spec import BIPOLAR, ConvShape, IntegerNetwork, NumberFormat, PsumRegister
from tilewright.verify import (
    compare_traces,
    reference_psums,
    reference_register_psums,
    reference_trace,
)

NETWORKS = {
    "chain": lambda rng: chain(rng),
    "chain of 8 bits": lambda rng: chain(rng, bits=8, weight_bits=8),
    "chain of 2 bits": lambda rng: chain(rng, bits=2, weight_bits=3),
    "signed chain": lambda rng: chain(rng, is_signed=True),
    "signed chain of 8 bits": lambda rng: chain(rng, is_signed=True, bits=8, weight_bits=8),
    "zero-points and biases": lambda rng: shifted(rng, chain(rng)),
    "signed zero-points": lambda rng: shifted(rng, chain(rng, bits=8, is_signed=True)),
    "zeros below and right": lambda rng: uneven(chain(rng)),
    "signed codes, zeros below and right": lambda rng: uneven(chain(rng, is_signed=True)),
    "zero-points below and right": lambda rng: uneven(shifted(rng, residual(rng))),
    "zero-points alone": lambda rng: shifted(rng, residual(rng, bits=8), has_bias=False),
    "binary codes": lambda rng: binary(rng, BIPOLAR),
    "ternary codes and binary weights": lambda rng: binary(rng, NumberFormat.parse("TERNARY")),
    "bits and ternary weights": lambda rng: binary(rng, NumberFormat.parse("BINARY"), 2),
    "residual": lambda rng: residual(rng),
    "residual of 8 bits": lambda rng: residual(rng, bits=8, sum_bits=5),
}


def binary(rng, codes, weight_bits=None):
    """Three layers on 200 and more products of -1, 0 and 1; weights are -1 or 1, or of `weight_bits`."""
    made = chain(rng, bits=2, weight_bits=2, edge=11)
    nodes = []
    for node in made.nodes:
        is_first = not nodes
        if weight_bits is None:
            weight = rng.choice([-1, 1], node.weight.shape).astype(np.int8)
            node = replace(node, weight=weight, weight_format=BIPOLAR)
        links = []
        for one in node.requantizations:
            levels = one.thresholds[:, : codes.max_code - codes.min_code]
            if codes is BIPOLAR:  # never 0: both thresholds are one
                levels = np.repeat(levels[:, :1], 2, axis=1)
            levels = levels if is_first else levels // 16
            links.append(replace(one, thresholds=levels, min_code=codes.min_code))
        form = node.act_format if is_first else codes
        nodes.append(replace(node, act_format=form, requantizations=tuple(links)))
    return IntegerNetwork(tuple(nodes))


def test_popcount_is_chosen_where_codes_allow_it():
    rng = np.random.default_rng(7)
    network = binary(rng, BIPOLAR)
    arithmetic = Engine(network, kind="popcount").arithmetic
    assert arithmetic == {"first": "float32", "second": "popcount", "head": "popcount"}
    assert Engine(network, kind="blas").arithmetic["head"] == "float32"


@pytest.mark.parametrize("products", [1, 63, 64, 65, 1000])
def test_popcount_counts_every_product_once(products):
    """All that agree, all that differ, and one that is 0, in words that are full or not."""
    made = layer(
        np.random.default_rng(0),
        "one",
        ConvShape(products, 1, 1, 2, 1, 1),
        act_format=NumberFormat.parse("TERNARY"),
    )
    weight = np.ones((2, products, 1, 1), np.int8)
    weight[1] = -1
    product = PopcountProduct(replace(made, weight=weight, weight_format=BIPOLAR))
    codes = np.ones((2, 1, 1, products), np.int8)
    codes[1, 0, 0, -1] = 0
    found = product(codes)[:, 0, 0].tolist()
    assert found == [[products, -products], [products - 1, 1 - products]]


@pytest.mark.parametrize(
    ("form", "fits"),
    [
        (NumberFormat(2, is_signed=True, is_narrow=True), True),
        (NumberFormat(2, is_signed=True), False),
        (NumberFormat(2, is_signed=False), False),
        (BIPOLAR, True),
    ],
)
def test_popcount_takes_no_code_beyond_one(form, fits):
    """-2 is a code of two bits that are not narrow, and 3 of two without a sign."""
    shape = ConvShape(3, 1, 1, 2, 1, 1)
    made = layer(np.random.default_rng(0), "one", shape, weight_bits=2)
    weight = np.ones_like(made.weight)
    ternary = NumberFormat(2, is_signed=True, is_narrow=True)
    for weights, codes in ((form, ternary), (ternary, form)):
        one = replace(made, weight=weight, weight_format=weights, act_format=codes)
        assert PopcountProduct.fits(one) == fits


def engine_of(network, kind, **options):
    try:
        return Engine(network, kind=kind, **options)
    except ToolError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", ENGINE_KINDS)
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_every_engine_equals_the_reference_in_every_number(make, kind):
    rng = np.random.default_rng(7)
    network = make(rng)
    pixels = images(rng, network, 7)
    expected = reference_trace(network, pixels)
    engine = engine_of(network, kind, batch=3)  # the last batch is not full
    comparisons = compare_traces(expected, engine.trace(pixels), what="the engine")
    assert [str(one) for one in comparisons if not one.passed] == []
    assert sum(one.compared for one in comparisons) > 1_000
    for port, values in expected.codes.items():
        codes = network.node(port.partition(":")[0]).act_format
        known = codes.allowed(np.arange(codes.min_code, codes.max_code + 1)).sum()
        assert len(np.unique(values)) > min(2, known - 1)
    classes = network.classes(expected.sums["head"])
    assert engine.predict(pixels).tolist() == classes.tolist()
    assert engine.predict(pixels, threads=2).tolist() == classes.tolist()


@pytest.mark.parametrize(
    "changes",
    [
        lambda one: {"bias": one.bias * np.arange(one.shape.oc)},
        lambda one: {"zero_point": one.zero_point + 1},
        lambda one: {"zero_point": 0, "bias": one.start()},  # the padding holds 0 then
    ],
)
def test_a_start_value_or_a_padding_that_is_wrong_is_noticed(changes):
    rng = np.random.default_rng(3)
    network = shifted(rng, chain(rng, is_signed=True))
    pixels = images(rng, network, 2)
    first, second, head = network.nodes
    broken = IntegerNetwork((first, replace(second, **changes(second)), head))
    comparisons = compare_traces(
        reference_trace(network, pixels), Engine(broken, kind="blas").trace(pixels), what="engine"
    )
    wrong = [str(one) for one in comparisons if not one.passed]
    assert any(line.startswith("second: sums") for line in wrong)
    assert not any(line.startswith("second: codes") for line in wrong)


@pytest.mark.parametrize("overflow", ["wrap", "saturate"])
def test_narrow_registers_hold_plain_sums_and_start_values_come_behind_them(overflow):
    rng = np.random.default_rng(5)
    network = shifted(rng, chain(rng, is_signed=True))
    pixels = images(rng, network, 2)
    register = PsumRegister(9, overflow, "column", 4)
    engine = Engine(network, kind="blas", register=register)
    trace = engine.trace(pixels)
    limited = 0
    for one in network.layers:
        expected = reference_register_psums(trace.codes[one.name], one, register)
        assert (trace.sums[one.name] == expected).all()
        limited += (expected != reference_psums(trace.codes[one.name], one)).sum()
    assert limited > 100


def test_torch_keeps_its_number_of_threads():
    import torch

    rng = np.random.default_rng(0)
    network = chain(rng)
    engine = engine_of(network, "int8")
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        engine.predict(images(rng, network, 3), threads=2)
        engine.trace(images(rng, network, 3))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_the_listener_hears_every_batch():
    rng = np.random.default_rng(0)
    network = chain(rng)
    heard = []
    Engine(network, kind="blas", batch=2).predict(images(rng, network, 5), listener=heard.append)
    assert heard == [2, 4, 5]


@pytest.mark.parametrize(
    ("limit", "dtype"),
    [(2**24 - 1, np.float32), (2**24, np.float64), (2**53 - 1, np.float64), (2**53, np.int64)],
)
def test_the_type_holds_every_partial_sum(limit, dtype):
    assert exact_dtype(limit) == dtype


def test_psums_beyond_float32_are_computed_wider():
    """8-bit operands, 4,608 products, all at their maximum: 149,225,... beyond 2**24 and odd."""
    rng = np.random.default_rng(0)
    shape = ConvShape(512, 3, 4, 2, 3, 3)
    codes = NumberFormat(8, is_signed=False)
    wide = layer(rng, "wide", shape, weight_bits=8, act_format=codes)
    weight = np.full_like(wide.weight, 127)
    weight[1] = -127
    network = IntegerNetwork((replace(wide, weight=weight),))
    pixels = np.full((1, 512, 3, 4), 255, np.uint8)
    for kind in ENGINE_KINDS:
        engine = engine_of(network, kind)
        assert engine.arithmetic == {"wide": "int64" if kind == "int64" else "float64"}
        top = 512 * 9 * 255 * 127
        assert engine.sums(pixels)[0, :, 0].tolist() == [[top, top], [-top, -top]]


def test_the_int64_loop_is_exact_where_floats_are_not():
    """A sum of 2**53 + 1, which float64 rounds to 2**53."""
    rng = np.random.default_rng(0)
    one = layer(rng, "one", ConvShape(1, 1, 1, 1, 1, 1))
    product = MatrixProduct(
        replace(one, weight=np.ones((1, 1, 1, 1), np.int8)), dtype=np.dtype("i8")
    )
    assert product(np.full((1, 1, 1, 1), 2**53 + 1)).tolist() == [[[[2**53 + 1]]]]


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("case", [0, 1])
def test_each_probe_of_the_int8_convolution_is_compared(batch, case, monkeypatch):
    network = chain(np.random.default_rng(0))
    honest = onednn.PackedWeights.psums

    def wrong(self, codes):  # of the highest codes alone, or of others that are not 0
        psums = honest(self, codes).copy()
        is_full = (codes == codes.max()).all(axis=(1, 2, 3)) & (codes.max() > 0)
        chosen = is_full if case else ~is_full & codes.any(axis=(1, 2, 3))
        psums[chosen, 0, 0, 0] += 1
        return psums

    monkeypatch.setattr(onednn.PackedWeights, "psums", wrong)
    with pytest.raises(ToolError, match=r"^first: torch's int8 convolution is not exact here$"):
        Engine(network, kind="int8", batch=batch)


def test_engines_share_what_is_made_for_a_layer(monkeypatch):
    rng = np.random.default_rng(0)
    network, made = chain(rng), []
    choose = convolution.choose_convolution

    def counted(layer, *others, **values):
        made.append(layer.name)
        return choose(layer, *others, **values)

    monkeypatch.setattr(convolution, "choose_convolution", counted)
    first, second, head = network.nodes
    narrow = replace(second, act_format=NumberFormat(3, is_signed=False))
    links = replace(first.requantizations[0], thresholds=first.requantizations[0].thresholds[:, :7])
    other = replace(second, weight=-second.weight)
    networks = {
        "first second head": network,
        "": replace(
            network, nodes=(replace(first, weight_scale=2 * first.weight_scale), second, head)
        ),
        "second": replace(network, nodes=(first, other, head)),
        "second ": replace(network, nodes=(replace(first, requantizations=(links,)), narrow, head)),
    }
    prepared, pixels = Prepared(), images(rng, network, 3)
    for expected, one in networks.items():
        made.clear()
        found = Engine(one, batch=2, prepared=prepared).trace(pixels)
        assert made == expected.split()
        comparisons = compare_traces(reference_trace(one, pixels), found, what="the engine")
        assert [str(one) for one in comparisons if not one.passed] == []
    made.clear()
    register = PsumRegister(20, "wrap", "column", 4)
    for values in ({"batch": 3}, {"batch": 2, "kind": "blas"}, {"batch": 2, "register": register}):
        Engine(network, prepared=prepared, **values)
    assert made == 3 * ["first", "second", "head"]


def test_an_int8_convolution_that_is_off_by_one_is_refused(monkeypatch):
    network = chain(np.random.default_rng(0))
    engine_of(network, "int8")
    honest = onednn.PackedWeights.psums

    def wrong(self, codes):
        psums = honest(self, codes).copy()
        psums[-1, -1, -1, -1] += 1
        return psums

    monkeypatch.setattr(onednn.PackedWeights, "psums", wrong)
    with pytest.raises(ToolError, match=r"^first: torch's int8 convolution is not exact here$"):
        Engine(network, kind="int8")
    assert set(Engine(network, kind="auto").arithmetic.values()) == {"float32"}


def test_without_torch_the_network_runs_in_numpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    rng = np.random.default_rng(0)
    network = chain(rng)
    with pytest.raises(ToolError, match=r"^the int8 engine needs torch, .* use the engine 'blas'$"):
        Engine(network, kind="int8")
    engine = Engine(network)
    assert set(engine.arithmetic.values()) == {"float32"}
    pixels = images(rng, network, 3)
    expected = reference_trace(network, pixels).sums["head"]
    assert engine.sums(pixels).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("pixels", "error", "message"),
    [
        (np.zeros((2, 3, 9, 9), np.uint8), ShapeError, r"^the network reads .*\(n, 3, 9, 7\), not"),
        (np.zeros((0, 3, 9, 7), np.uint8), ShapeError, r"^the network reads images"),
        (
            np.full((1, 3, 9, 7), 256),
            FormatError,
            r"^input code must fit u8 .* but is 256 at \(n=0",
        ),
    ],
)
def test_other_images_are_refused(pixels, error, message):
    with pytest.raises(error, match=message):
        Engine(chain(np.random.default_rng(0)), kind="blas").predict(pixels)


def test_other_arguments_are_refused():
    network = chain(np.random.default_rng(0))
    with pytest.raises(
        ConfigError, match=r"^an engine is auto, winograd, int8, popcount, blas, int64, not 'gpu'$"
    ):
        Engine(network, kind="gpu")
    with pytest.raises(ConfigError, match=r"^threads must be at least 1, not 0$"):
        Engine(network, kind="blas").predict(np.zeros((1, 3, 9, 7), np.uint8), threads=0)
    cut = replace(
        network, nodes=(replace(network.nodes[0], requantizations=()), *network.nodes[1:])
    )
    with pytest.raises(ShapeError, match=r"does not run on integers .*: nothing feeds second$"):
        Engine(cut, kind="blas")


def test_an_output_that_is_a_plane_has_no_classes():
    rng = np.random.default_rng(0)
    network = IntegerNetwork((layer(rng, "conv", ConvShape(3, 4, 3, 2, 1, 1)),))
    with pytest.raises(ShapeError, match=r"^conv: a class must have one number"):
        Engine(network, kind="blas").predict(images(rng, network, 1))


def test_classes_of_several_scales_are_compared_as_real_values():
    rng = np.random.default_rng(0)
    head = layer(rng, "head", ConvShape(2, 1, 1, 3, 1, 1))
    sums = np.array([[10, 10, 9], [-4, -5, -9]])[:, :, None, None]
    assert IntegerNetwork((head,)).classes(sums).tolist() == [0, 0]
    scaled = replace(head, weight_scale=np.array([1.0, 2.0, 0.125]))
    assert IntegerNetwork((scaled,)).classes(sums).tolist() == [1, 2]


def test_links_are_settled_behind_those_that_were_settled_before():
    rng = np.random.default_rng(7)
    network = NETWORKS["chain"](rng)
    pixels, seen = images(rng, network, 5), {}

    def later(node, sums):
        seen[node.name] = sums
        return tuple(replace(link, thresholds=link.thresholds + 3) for link in node.requantizations)

    settled = Engine(network, batch=6).settled(pixels, later)
    expected = reference_trace(settled, pixels)
    assert seen.keys() == expected.sums.keys()
    assert all((seen[name] == sums).all() for name, sums in expected.sums.items())
    (old,), (new,) = (one.node("first").requantizations for one in (network, settled))
    assert (new.thresholds == old.thresholds + 3).all()
    assert settled.node("head").requantizations == ()
