"""Biases and codes: told from the numbers, judged by their own reference, and refused where they are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.rtl.layers import Case, random_tensors
from tilewright.judge import Dump, explain
from tilewright.spec import ArrayShape, ChannelConstants, ConvShape, IntegerLayer, NumberFormat
from tilewright.tile import TilePlan
from tilewright.vectors import Layout, load_layout, write_bundle
from tilewright.verify import reference_outputs, reference_tap_psums

SHAPE = ConvShape(ic=6, ih=4, iw=5, oc=5, kh=3, kw=3, padding=(1, 1))
CASE = Case(SHAPE, ArrayShape(4, 6, psum_bits=16))
BIAS = np.array([9, -40, 31, 0, 77])
CONSTANTS = ChannelConstants(bias=BIAS)
CODES = {"function": "requantized", "bits": 4, "shift": 6, "high": 15, "rounding": "half_up"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bundle whose outputs are codes of biased sums, and its psums."""
    codes, weight = random_tensors(CASE, 3)
    facts = load_layout("ece284-ws").to_facts() | {"name": "codes"}
    facts["bias"] = {"file": "bias.txt", "lines": "otile", "word": "-col", "bits": 16}
    facts["output"] |= CODES | {"biased": True}
    layout = Layout.from_facts(facts)
    psums = reference_tap_psums(codes[None], weight, SHAPE)[:, 0].sum(axis=0)
    layer = IntegerLayer(
        name="codes",
        shape=SHAPE,
        weight=weight.astype(np.int8),
        weight_format=NumberFormat(4, is_signed=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    bundle = write_bundle(
        tmp_path_factory.mktemp("codes") / "b",
        layer=layer,
        plan=TilePlan(SHAPE, CASE.array),
        layout=layout,
        codes=codes.astype(np.uint8),
        psums=psums,
        outputs=reference_outputs(psums, layout.output, constants=CONSTANTS),
        constants=CONSTANTS,
        sample=0,
    )
    return bundle, psums


def _keys(bundle, numbers, kind):
    found = explain(bundle, Dump(kind, numbers, np.ones(numbers.shape, bool)))
    return found, [cause.key for group in found.groups for causes in group for cause in causes]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda v: v + BIAS[:, None, None], "bias n=9,-40,31,0,77"),
        (lambda v: np.clip((v + 8) // 16, 0, 15), "requantized shift=4 half_up 0..15"),
        (lambda v: np.clip(v // 32, -8, 7), "requantized shift=5 down -8..7"),
    ],
)
def test_what_sums_were_made_into_is_named(made, change, key):
    bundle, psums = made
    found, keys = _keys(bundle, change(psums), "psum")
    assert found.is_explained
    assert key in keys


@pytest.mark.parametrize(("shift", "most", "is_end"), [(4, 5, True), (3, 27, False)])
def test_codes_are_cut_at_what_many_of_them_are(made, shift, most, is_end):
    """Nine numbers reach 5, and two 27: that is too seldom for the end of a range."""
    bundle, psums = made
    _, keys = _keys(bundle, np.clip(psums >> shift, 0, most), "psum")
    assert (f"requantized shift={shift} down 0..{most}" in keys) == is_end


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"is_biased": False}, "bias-missing"),
        ({"is_rounded": False}, "rounding"),
        ({"shift": 7}, "requantize-shift n=7"),
    ],
)
def test_a_wrong_part_of_the_stated_function_is_named(made, changes, key):
    bundle, psums = made
    rule = bundle.layout.output
    right = reference_outputs(psums, rule, constants=CONSTANTS)
    assert _keys(bundle, right, "output")[0].passed
    wrong = reference_outputs(psums, replace(rule, **changes), constants=CONSTANTS)
    found, keys = _keys(bundle, wrong, "output")
    assert found.is_explained
    assert key in keys


def test_one_number_beside_the_bias_is_no_bias(made):
    bundle, psums = made
    numbers = psums + BIAS[:, None, None]
    numbers[2, 1, 1] += 1
    found, keys = _keys(bundle, numbers, "psum")
    assert not any(key.startswith("bias") for key in keys)
    assert not found.is_explained
