"""Convolutions with Winograd's products: every psum and code equal to the reference, or refused."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.networks import images, layer
from tests.unit.engine.test_fused import straightened
from tilewright.engine import Engine
from tilewright.engine.units import UnitConvolution
from tilewright.engine.winograd import WinogradWeights
from tilewright.errors import ToolError
from tilewright.loops import instructions, winograd
from tilewright.loops.instructions import Registers
from tilewright.spec import ConvShape, IntegerNetwork, MaxPool, NumberFormat, Requantization
from tilewright.verify import compare_traces, reference_psums, reference_trace

U4, U2, U6 = (NumberFormat(bits, is_signed=False) for bits in (4, 2, 6))

pytestmark = pytest.mark.skipif(
    not instructions.has_registers(), reason="this processor has no AVX2"
)


def made(*sizes, act_format=U4, weight_bits=4, **values):
    rng = np.random.default_rng(3)
    shape = ConvShape(*sizes, **values)
    return layer(rng, "one", shape, act_format=act_format, weight_bits=weight_bits)


SHAPES = {
    "even": ((8, 6, 4, 32, 3, 3), {"padding": (1, 1)}),
    "odd": ((4, 5, 7, 32, 3, 3), {"padding": (1, 1)}),
    "no padding": ((4, 6, 5, 32, 3, 3), {}),
    "one output": ((12, 3, 3, 32, 3, 3), {}),
    "one pixel": ((12, 1, 1, 32, 3, 3), {"padding": (1, 1)}),
    "wide padding": ((4, 3, 2, 32, 3, 3), {"padding": (2, 3)}),
    "below and right": ((4, 5, 6, 32, 3, 3), {"padding": (0, 0), "padding_after": (2, 1)}),
    "a row of many tiles": ((4, 3, 71, 32, 3, 3), {"padding": (1, 1)}),
    "many rows": ((4, 40, 2, 32, 3, 3), {"padding": (1, 1)}),
}


@pytest.mark.parametrize(("sizes", "values"), SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("samples", [1, 3])
def test_psums_are_those_of_the_reference(sizes, values, samples):
    one = made(*sizes, **values)
    codes = np.random.default_rng(1).integers(0, 16, (samples, *sizes[:3]), np.uint8)
    found = WinogradWeights(one, one.weight).psums(codes.transpose(0, 2, 3, 1))
    expected = reference_psums(codes, one)
    assert found.shape == expected.transpose(0, 2, 3, 1).shape
    assert (found.transpose(0, 3, 1, 2) == expected).all()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("act_format", "weight_bits"), [(U4, 4), (U6, 4), (U2, 3), (U2, 4), (U6, 2)]
)
def test_the_largest_codes_and_weights_are_exact(act_format, weight_bits, sign):
    """And those in which only one tap of a position works against the others."""
    one = made(32, 4, 4, 32, 3, 3, act_format=act_format, weight_bits=weight_bits, padding=(1, 1))
    rng = np.random.default_rng(2)
    top = one.weight_format.max_code
    codes = np.full((2, 32, 4, 4), act_format.max_code, np.uint8)
    codes[1] *= rng.integers(0, 2, codes[1].shape, np.uint8)
    for weight in (np.full_like(one.weight, top), rng.choice([-top, top], one.weight.shape)):
        full = replace(one, weight=(sign * weight).astype(np.int8))
        found = WinogradWeights(full, full.weight).psums(codes.transpose(0, 2, 3, 1))
        assert (found.transpose(0, 3, 1, 2) == reference_psums(codes, full)).all()


@pytest.mark.skipif(
    instructions.REGISTERS.has_fours, reason="sums of four products in 32 bits are never cut"
)
def test_sums_cut_too_seldom_for_16_bits_are_refused(monkeypatch):
    one = made(64, 4, 4, 32, 3, 3, padding=(1, 1))
    UnitConvolution(one, WinogradWeights, samples=2)
    honest = winograd._pieces

    def too_few(weights, highest):
        pieces, steps = honest(weights, highest)
        return (1, pieces * steps)

    full = np.full_like(one.weight, 7)
    assert WinogradWeights(one, full).steps < 64 // 4
    monkeypatch.setattr(winograd, "_pieces", too_few)
    with pytest.raises(ToolError, match=r"^one: Winograd's convolution is not exact here$"):
        UnitConvolution(one, WinogradWeights, samples=2)


@pytest.mark.parametrize(
    ("sizes", "values"),
    [
        ((6, 4, 4, 32, 3, 3), {}),
        ((4, 4, 4, 12, 3, 3), {}),
        ((4, 4, 4, 32, 3, 3), {"stride": (2, 1)}),
        ((4, 4, 4, 32, 3, 1), {}),
        ((4, 4, 4, 32, 3, 3), {"act_format": NumberFormat(4, is_signed=True)}),
        ((4, 4, 4, 32, 3, 3), {"act_format": NumberFormat(7, is_signed=False)}),
        ((4, 4, 4, 32, 3, 3), {"weight_bits": 5}),
    ],
)
def test_other_layers_are_refused(sizes, values):
    one = made(*sizes, **values)
    with pytest.raises(ToolError, match=r"^one: its codes, its sizes or the processor"):
        WinogradWeights(one, one.weight)


def plain(rng):
    """3x3 layers of 16 and of 32 channels behind one of pixels, with a pool, and a classifier."""

    def link(consumer, oc, **values):
        return Requantization(
            np.zeros((oc, 15), np.int64), rng.choice([-1, 1], oc), consumer, **values
        )

    pool = MaxPool((2, 2), (2, 2))
    same = {"padding": (1, 1)}
    sizes = ConvShape(3, 8, 7, 16, 3, 3, **same), ConvShape(16, 8, 7, 32, 3, 3, **same)
    third = ConvShape(32, 4, 3, 32, 3, 3, **same)
    flat = link("head", 32, is_flattened=True)
    return IntegerNetwork(
        (
            layer(rng, "first", sizes[0], links=(link("second", 16),)),
            layer(
                rng, "second", sizes[1], act_format=U4, links=(link("third", 32, pools=(pool,)),)
            ),
            layer(rng, "third", third, act_format=U4, links=(flat,)),
            layer(rng, "head", ConvShape(384, 1, 1, 5, 1, 1), act_format=U4, unlinked="output"),
        )
    )


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(5)
    return straightened(plain(rng), rng)


@pytest.fixture(scope="module")
def engine(network):
    return Engine(network, kind="winograd", batch=3)


def test_every_code_and_sum_of_a_network_is_the_reference_s(network, engine):
    assert [engine.arithmetic[name] for name in ("second", "third")] == ["winograd"] * 2
    assert engine.arithmetic["head"] != "winograd"
    pixels = images(np.random.default_rng(8), network, 7)
    expected = reference_trace(network, pixels)
    comparisons = compare_traces(expected, engine.trace(pixels), what="the engine")
    assert [str(one) for one in comparisons if not one.passed] == []
    assert len(np.unique(expected.codes["head"])) > 8
    assert {"second", "third"} <= set(engine.fused_layers)
    for threads in (1, 2):
        assert (engine.sums(pixels, threads=threads) == expected.sums["head"]).all()


@pytest.mark.parametrize("level", [1, 15])
def test_a_code_that_is_wrong_at_one_threshold_alone_keeps_the_thresholds(
    network, monkeypatch, level
):
    honest = WinogradWeights.codes

    def wrong(self, codes, affine, highest):
        found, sums = honest(self, codes, affine, highest), self.psums(codes)[..., -1]
        channel = found[..., -1]
        at_level = sums[channel == level]
        if at_level.size:
            edge = at_level.min() if affine.slope[-1] > 0 else at_level.max()
            channel[(sums == edge) & (channel == level)] -= 1
        return found

    monkeypatch.setattr(WinogradWeights, "codes", wrong)
    fused = Engine(network, kind="winograd", batch=3).fused_layers
    assert {"second", "third"}.isdisjoint(fused)


def test_a_psum_that_is_wrong_leaves_the_layer_to_others(network, monkeypatch):
    honest = WinogradWeights.psums

    def wrong(self, codes):
        found = honest(self, codes)
        found[-1, -1, -1, -1] += 1
        return found

    monkeypatch.setattr(WinogradWeights, "psums", wrong)
    arithmetic = Engine(network, kind="winograd", batch=3).arithmetic
    assert "winograd" not in arithmetic.values()


def test_it_is_chosen_where_the_layer_gains(network):
    arithmetic = Engine(network, batch=3).arithmetic
    assert arithmetic["third"] == "winograd"
    assert arithmetic["second"] != "winograd"  # 16 channels: 4 steps are no gain


def test_without_the_instructions_nothing_is_compiled_for_them(network, monkeypatch):
    monkeypatch.setattr(instructions, "_features", lambda: ["+sse4.2", "-avx2"])
    assert not instructions.has_registers()
    monkeypatch.setattr(instructions, "_features", lambda: ["+avx2"])
    monkeypatch.setattr(instructions.config, "DISABLE_JIT", 1)
    assert not instructions.has_registers()
    arithmetic = Engine(network, kind="winograd", batch=3).arithmetic
    assert "winograd" not in arithmetic.values()


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (["+avx2"], Registers(8, has_fours=False)),
        (["+avx2", "+avxvnni"], Registers(8, has_fours=True)),
        (["+avx2", "+avx512bw", "-avx512vnni"], Registers(8, has_fours=False)),
        (["+avx2", "+avx512bw", "+avx512vnni"], Registers(16, has_fours=True)),
    ],
)
def test_registers_are_those_of_the_processor(features, expected):
    assert Registers.of(features) == expected


NARROWER = {
    "AVX2": (("avx512vnni", "avxvnni"), Registers(8, has_fours=False)),
    "sums of four in 32 bytes": (("avx512bw",), Registers(8, has_fours=True)),
}
EXACT = (
    test_psums_are_those_of_the_reference,
    test_the_largest_codes_and_weights_are_exact,
    test_sums_cut_too_seldom_for_16_bits_are_refused,
    test_every_code_and_sum_of_a_network_is_the_reference_s,
)


@pytest.mark.skipif(instructions.REGISTERS.words < 16, reason="this processor has no wider ones")
@pytest.mark.parametrize(("without", "expected"), NARROWER.values(), ids=NARROWER)
def test_what_processors_with_less_run_is_exact(tmp_path, without, expected):
    features = instructions._features()
    left = (f"-{name[1:]}" if name[1:] in without else name for name in features)
    environment = os.environ | {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": ",".join(left),
        "NUMBA_CACHE_DIR": str(tmp_path),
    }

    def output_of(*arguments):
        command = [sys.executable, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    show = "from tilewright.loops.instructions import REGISTERS; print(REGISTERS)"
    assert output_of("-c", show).strip() == str(expected)
    tests = [f"{__file__}::{test.__name__}" for test in EXACT]
    assert " passed" in output_of("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
