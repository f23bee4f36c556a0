"""The number format of the package: odd codes, without 0."""

from dataclasses import replace

import numpy as np
import pytest

from tests.networks import layer
from tilewright.bundles import check_bundle
from tilewright.engine import Engine
from tilewright.errors import ConfigError, FormatError
from tilewright.spec import (
    FORMATS,
    ArrayShape,
    ConvShape,
    IntegerNetwork,
    NumberFormat,
)
from tilewright.tile import TilePlan
from tilewright.vectors import load_layout, read_bundle, write_bundle
from tilewright.verify import find_obligations, reference_outputs, reference_trace

SHAPE = ConvShape(3, 4, 5, 2, 2, 2)


@pytest.fixture
def codes(extras):
    return FORMATS.get("ODD")


@pytest.fixture
def odd(codes):
    rng = np.random.default_rng(3)
    made = layer(rng, "conv", SHAPE, act_format=NumberFormat(4, is_signed=False))
    weight = rng.choice([-3, -1, 1, 3], SHAPE.weight_sizes).astype(np.int8)
    return replace(made, weight=weight, weight_format=codes)


def test_it_is_found_by_its_name_and_is_not_the_format_of_the_same_width(codes):
    assert NumberFormat.parse("ODD") is codes
    assert codes.name == "ODD"
    assert NumberFormat(3, is_signed=True, is_narrow=True).name == "INT3N"
    with pytest.raises(ConfigError, match=r"'ODD' is registered already"):
        FORMATS.add("ODD", NumberFormat(1, is_signed=True))


def test_a_layer_refuses_other_codes(odd):
    weight = odd.weight.copy()
    weight[1, 2, 0, 1] = 0
    with pytest.raises(
        FormatError, match=r"odd \(-3, -1, 1 or 3\), but is 0 at \(oc=1, ic=2, kh=0, kw=1\)"
    ):
        replace(odd, weight=weight)


def test_a_network_of_it_is_saved_run_and_judged(odd, codes, tmp_path):
    network = IntegerNetwork((odd,))
    network.save(tmp_path / "network")
    back = IntegerNetwork.load(tmp_path / "network")
    assert back.layers[0].weight_format is codes
    assert back.fingerprint() == network.fingerprint()
    images = np.random.default_rng(4).integers(0, 16, (3, 3, 4, 5)).astype(np.uint8)
    expected = reference_trace(back, images).sums["conv"]
    assert Engine(back, kind="blas").sums(images).tolist() == expected.tolist()
    assert all(one.holds for one in find_obligations(back, {}, {}) if "codes" in one.name)


def test_a_bundle_of_it_proves_itself(odd, codes, tmp_path):
    acts = np.random.default_rng(5).integers(0, 16, (3, 4, 5)).astype(np.uint8)
    psums = reference_trace(IntegerNetwork((odd,)), acts[None]).sums["conv"][0]
    layout = load_layout("ece284-ws")
    write_bundle(
        tmp_path / "bundle",
        layer=odd,
        plan=TilePlan(SHAPE, ArrayShape(2, 2, 12)),
        layout=layout,
        codes=acts,
        psums=psums,
        outputs=reference_outputs(psums, layout.output),
        sample=0,
    )
    assert read_bundle(tmp_path / "bundle").weight_format is codes
    assert check_bundle(tmp_path / "bundle").passed
