"""Codes that leave the convolution itself: equal to the thresholds for every sum, or not used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.networks import chain, images, layer
from tilewright.engine import Engine, affine, onednn, units
from tilewright.engine.affine import fit_affine
from tilewright.engine.matrix_product import MatrixProduct
from tilewright.engine.probes import threshold_probes
from tilewright.errors import ToolError
from tilewright.spec import NEVER, ConvShape, IntegerNetwork, NumberFormat, Requantization
from tilewright.verify import reference_next_codes, reference_trace

LOW, HIGH = -700, 650


def straight(slope, offset, *, levels, direction=1):
    """Thresholds of one channel where round(slope * sum + offset) steps."""
    edges = (np.arange(levels) + 0.5 - offset) / slope
    thresholds = np.ceil(edges).astype(np.int64)[None]
    return Requantization(thresholds, np.array([direction]), "next")


def every_code(found, sums):
    line = found.slope * sums[:, None].astype(np.float32) + found.offset
    return np.rint(line)


def straightened(network, rng):
    """The network with thresholds that are lines, of both directions; channel 0 is never reached."""
    nodes = []
    for node in network.nodes:
        links = []
        for link in node.requantizations:
            channels, levels = link.thresholds.shape
            step = rng.uniform(1.5, 3, (channels, 1)) * node.psum_bound() / 40 / levels
            first = rng.integers(-20, 5, (channels, 1)) * step
            thresholds = np.ceil(first + step * np.arange(levels)).astype(np.int64)
            thresholds[0] = NEVER
            links.append(replace(link, thresholds=thresholds))
        nodes.append(replace(node, requantizations=tuple(links)))
    return IntegerNetwork(tuple(nodes))


@given(st.floats(0.004, 3), st.floats(-30, 30), st.integers(1, 63), st.sampled_from([1, -1]))
def test_a_line_is_found_again_and_right_for_every_sum(slope, offset, levels, direction):
    link = straight(slope, offset, levels=levels, direction=direction)
    found = fit_affine(link, LOW, HIGH)
    if found is None:  # an edge falls on a sum, or nearly so: then the thresholds are kept
        return
    sums = np.arange(LOW, HIGH + 1)
    expected = reference_next_codes(sums.reshape(1, 1, 1, -1), link).ravel()
    assert (every_code(found, sums).clip(0, levels).ravel() == expected).all()


@pytest.mark.parametrize(("slope", "offset"), [(0.011, 0.3), (1.7, 2.2), (0.3, -20.1)])
def test_usual_lines_are_found(slope, offset):
    for direction in (1, -1):
        found = fit_affine(straight(slope, offset, levels=15, direction=direction), LOW, HIGH)
        assert found is not None
        assert np.sign(found.slope[0]) == direction


def test_thresholds_that_are_no_line_have_none():
    bent = Requantization(np.array([[0, 10, 20, 100]]), np.array([1]), "next")
    assert fit_affine(bent, LOW, HIGH) is None
    assert fit_affine(bent, LOW, 25) is not None  # no sum comes to the bend


@pytest.mark.parametrize("threshold", [LOW - 5, LOW, 0, HIGH, HIGH + 1, int(NEVER)])
@pytest.mark.parametrize("direction", [1, -1])
def test_ends_of_the_range(threshold, direction):
    """Always, never, and at the very ends, in one channel beside a usual one."""
    thresholds = np.array([[threshold, threshold], [-50, 60]])
    link = Requantization(thresholds, np.array([direction, 1]), "next")
    found = fit_affine(link, LOW, HIGH)
    reached = 2 if -HIGH <= threshold <= -LOW and direction < 0 else 0
    reached = 2 if LOW < threshold <= HIGH and direction > 0 else reached
    sums = np.arange(LOW, HIGH + 1)
    planes = np.stack([sums, sums]).reshape(1, 2, 1, -1)
    expected = reference_next_codes(planes, link)[0, :, 0].T
    if found is not None:
        assert (every_code(found, sums).clip(0, 2) == expected).all()
    else:
        assert reached == 2  # two codes at one sum: no line


@pytest.mark.parametrize(
    "samples", [4, 1]
)  # one: many probes, of sums that one tap reaches in part
@pytest.mark.parametrize("sizes", [(5, 6, 6, 4, 3, 3), (1, 5, 5, 3, 2, 2), (16, 1, 1, 6, 1, 1)])
@pytest.mark.parametrize("direction", [1, -1])
def test_probes_hold_the_sums_that_they_say(sizes, direction, samples):
    rng = np.random.default_rng(5)
    codes = NumberFormat(4, is_signed=False)
    pad = (sizes[4] // 2, sizes[5] // 2)
    one = layer(rng, "one", ConvShape(*sizes, (1, 1), pad), act_format=codes)
    low, high = one.psum_range()
    thresholds = np.sort(rng.integers(low - 3, high + 3, (sizes[3], 15)), axis=1)
    link = Requantization(thresholds, np.full(sizes[3], direction), "next")
    compared, seen = 0, set()
    for probe in threshold_probes(one, link, samples=samples):
        product = MatrixProduct(replace(one, weight=probe.weight), dtype=np.dtype(np.int64))
        sums = product(probe.codes)[probe.place].astype(np.int64)  # place oc
        assert (sums == sums[:, :1]).all()
        expected = reference_next_codes(sums.T[None, :, None], link)[0, :, 0].T
        assert (probe.expected == expected).all()
        compared += expected.size
        seen |= set(sums[:, 0].tolist())
    wanted = {direction * int(t) - less * direction for t in thresholds.ravel() for less in (0, 1)}
    assert seen == {one_sum for one_sum in wanted if low <= one_sum <= high}
    assert compared >= 15


def test_sums_that_no_probe_makes_are_said():
    """Weights of 1 bit or so need more taps than there are: 3 times 1 at most, and 4 are asked for."""
    rng = np.random.default_rng(0)
    one = layer(
        rng, "one", ConvShape(1, 1, 1, 1, 1, 1), act_format=NumberFormat(2, is_signed=False)
    )
    one = replace(one, weight=np.full((1, 1, 1, 1), 7, np.int8))
    link = Requantization(np.array([[14]]), np.array([1]), "next")
    with pytest.raises(ToolError, match=r"^one: no probe reaches the psum 14$"):
        list(threshold_probes(one, link, samples=2))


@pytest.fixture(scope="module")
def lines():
    rng = np.random.default_rng(11)
    return straightened(chain(rng), rng)


def fused_engine(network, **options):
    try:
        engine = Engine(network, kind="int8", **options)
    except ToolError as error:
        pytest.skip(str(error))
    return engine


def test_fused_layers_give_the_reference_s_sums(lines):
    rng = np.random.default_rng(3)
    engine = fused_engine(lines, batch=3)
    assert engine.fused_layers == ("first", "second")
    pixels = images(rng, lines, 40)
    expected = reference_trace(lines, pixels)
    assert all(len(np.unique(codes)) > 8 for codes in expected.codes.values())
    assert (engine.sums(pixels) == expected.sums["head"]).all()
    assert (engine.sums(pixels, threads=2) == expected.sums["head"]).all()
    # A trace shows sums, so it computes them.
    assert (engine.trace(pixels).sums["first"] == expected.sums["first"]).all()


def test_layers_without_a_line_keep_their_thresholds():
    engine = fused_engine(chain(np.random.default_rng(7)))
    assert engine.fused_layers == ()


@pytest.mark.parametrize("place", ["first", "last"])
def test_an_operation_that_rounds_otherwise_at_one_threshold_is_refused(lines, monkeypatch, place):
    """Each code of one channel is lowered at one single threshold: its lowest, or its highest."""
    honest = onednn.PackedWeights.codes
    fused_engine(lines)
    level = {"first": 1, "last": 15}[place]

    def wrong(self, codes, affine_map, highest):
        sums = self.psums(codes)
        found = honest(self, codes, affine_map, highest).copy()
        channel = found[..., -1]
        reached = sums[..., -1][channel >= level]
        edge = reached.min() if affine_map.slope[-1] > 0 else reached.max()
        channel[(sums[..., -1] == edge) & (channel == level)] -= 1
        return found

    def wrong_somewhere(self, codes, affine_map, highest):
        try:
            return wrong(self, codes, affine_map, highest)
        except ValueError:  # this batch does not reach the level
            return honest(self, codes, affine_map, highest)

    monkeypatch.setattr(onednn.PackedWeights, "codes", wrong_somewhere)
    assert Engine(lines, kind="int8").fused_layers == ()


def test_a_line_with_another_offset_is_refused(lines, monkeypatch):
    """A fit that moves one channel by a twentieth of a code: the probes see it."""
    honest = affine.fit_affine

    def moved(link, low, high):
        found = honest(link, low, high)
        offset = found.offset.copy()
        offset[-1] += max(0.05, 1.01 * 2 * found.margin[-1])
        return replace(found, offset=offset)

    fused_engine(lines)
    monkeypatch.setattr(units, "fit_affine", moved)
    assert Engine(lines, kind="int8").fused_layers == ()
