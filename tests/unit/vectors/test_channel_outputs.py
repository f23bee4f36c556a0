"""Biases and requantized outputs in files: written, read back, judged by the reference, and broken."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.vectors import course_example as example
from tests.unit.vectors.test_partial_layouts import GEOMETRY, layout
from tilewright.bundles import check_bundle, check_foreign, convert_bundle, stated_tensors
from tilewright.bundles.drawing import draw
from tilewright.errors import ConfigError, FormatError, ShapeError
from tilewright.spec import ChannelConstants, ChannelOutput
from tilewright.vectors import Layout, decode_bundle, read_bundle, write_bundle
from tilewright.vectors.bundle_reader import decode_constants
from tilewright.verify import reference_outputs

BIAS, MULTIPLIER = np.array([3, -5, 20]), np.array([1, 7, 2])
LEVELS = np.array([[-4, 0, 2], [-1, 3, 30], [-9, 0, 90]])
CONSTANTS = ChannelConstants(BIAS, MULTIPLIER, LEVELS)
ROW = {"lines": "otile", "word": "-col", "bits": 16, "header": []}
BIAS_FILE = {"file": "bias.txt"} | ROW
MULTIPLIER_FILE = {"file": "multiplier.txt"} | ROW
THRESHOLD_FILE = {
    "file": "threshold.txt",
    "lines": "otile level",
    "word": "-col",
    "bits": 16,
    "levels": 3,
}
CODES = {"function": "requantized", "bits": 4, "shift": 2, "high": 15}
CASES = {
    "a bias": {"bias": BIAS_FILE, "output": {"biased": True}},
    "a bias in psums": {"bias": BIAS_FILE, "psum": {"biased": True}},
    "signed": {"bias": BIAS_FILE, "output": {"biased": True, "function": "signed"}},
    "codes": {"output": CODES | {"rounding": "half_up"}},
    "codes of both signs": {"output": CODES | {"low": -8, "high": 7}},
    "codes with a bias and multipliers": {
        "bias": BIAS_FILE,
        "multiplier": MULTIPLIER_FILE,
        "output": CODES | {"biased": True, "multiplier": 0},
    },
    "thresholds": {"threshold": THRESHOLD_FILE, "output": {"function": "thresholds", "bits": 3}},
}


def write(folder, stated):
    return write_bundle(
        folder,
        layer=example.layer(),
        plan=example.PLAN,
        layout=stated,
        codes=example.CODES,
        psums=example.PSUMS,
        outputs=reference_outputs(example.PSUMS, stated.output, constants=CONSTANTS),
        constants=CONSTANTS,
        sample=0,
    )


@pytest.mark.parametrize("case", CASES)
def test_written_read_back_and_judged(tmp_path, case):
    stated = layout(**CASES[case])
    assert Layout.from_facts(stated.to_facts()) == stated
    write(tmp_path / "b", stated)
    bundle = read_bundle(tmp_path / "b")
    assert check_bundle(bundle.folder).passed
    found = decode_constants(bundle)
    for form in stated.kinds:
        if form.tensor in ("bias", "multiplier", "threshold"):
            np.testing.assert_array_equal(
                getattr(found, form.tensor), getattr(CONSTANTS, form.tensor)
            )
    again = convert_bundle(bundle, tmp_path / "c", layout=stated).target
    for file in again.files:
        assert (again.folder / file.name).read_bytes() == (bundle.folder / file.name).read_bytes()
    assert list(draw(stated))


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("a bias", "bias.txt"),
        ("a bias in psums", "bias.txt"),
        ("codes with a bias and multipliers", "multiplier.txt"),
        ("thresholds", "threshold.txt"),
    ],
)
def test_another_constant_is_not_what_the_outputs_say(tmp_path, case, name):
    stated = layout(**CASES[case])
    write(tmp_path / "b", stated)
    (tmp_path / "b" / "manifest.json").unlink()
    assert check_foreign(tmp_path / "b", stated, GEOMETRY).passed
    path = tmp_path / "b" / name
    lines = path.read_text().splitlines()
    at = min(i for i, line in enumerate(lines) if set(line) <= {"0", "1"})
    lines[at] = f"{int(lines[at], 2) ^ (9 << 16):048b}"  # channel 1
    path.write_text("\n".join([*lines, ""]))
    verdict = check_foreign(tmp_path / "b", stated, GEOMETRY)
    assert not verdict.passed
    assert {kind.first.oc for kind in verdict.kinds if kind.first} == {1}


def test_the_functions_by_hand():
    psums = np.array([[-9, 6], [5, 100], [-70, 7]])  # oc pixel
    rounded = ChannelOutput("requantized", 2, is_rounded=True, high=15)
    np.testing.assert_array_equal(reference_outputs(psums, rounded), [[0, 2], [1, 15], [0, 2]])
    each = ChannelOutput("requantized", 2, 0, low=-8, high=15, is_biased=True)
    np.testing.assert_array_equal(  # (-9 + 3) >> 2, 9 >> 2; 0, 7 * 95 >> 2; 2 * -50 >> 2, 2 * 27 >> 2
        reference_outputs(psums, each, constants=CONSTANTS), [[-2, 2], [0, 15], [-8, 13]]
    )
    reached = ChannelOutput("thresholds")
    np.testing.assert_array_equal(
        reference_outputs(psums, reached, constants=CONSTANTS), [[0, 3], [2, 3], [0, 2]]
    )
    with pytest.raises(FormatError, match=r"the bias of each channel: there is none"):
        reference_outputs(psums, each)


def test_constants_that_are_not_there_are_asked_for(tmp_path):
    stated = layout(**CASES["a bias"])
    with pytest.raises(ShapeError, match=r"give bias \(3,\) in the constants, not none"):
        write_bundle(
            tmp_path / "b",
            layer=example.layer(),
            plan=example.PLAN,
            layout=stated,
            codes=example.CODES,
            psums=example.PSUMS,
            outputs=np.maximum(example.PSUMS, 0),
            sample=0,
        )
    write(tmp_path / "b", stated)
    (tmp_path / "b" / "manifest.json").unlink()
    (tmp_path / "b" / "bias.txt").unlink()
    verdict = check_foreign(tmp_path / "b", stated, GEOMETRY)
    assert "the bias of each channel: there is none" in verdict.faults[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": CODES | {"high": 0}}, "needs low .* and high, the least and the largest code"),
        ({"output": {"multiplier": 3}}, "multiplier, rounding and high are for function"),
        ({"output": CODES | {"rounding": "up"}}, "rounding must be down or half_up"),
        ({"output": {"low": 1}}, "low is for functions"),
        ({"weight": {"biased": True}}, "biased is for outputs and psums"),
        ({"threshold": THRESHOLD_FILE | {"levels": 0}}, "levels is the number of thresholds"),
    ],
)
def test_keys_that_do_not_belong_together_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        layout(**changes)


def test_decode_shows_constants_by_channel(tmp_path):
    write(tmp_path / "b", layout(**CASES["thresholds"]))
    bundle = read_bundle(tmp_path / "b")
    assert decode_bundle(bundle).psums.shape == (3, 2, 2)
    (found,) = [one for one in stated_tensors(bundle) if one.kind == "threshold"]
    assert found.axes == ("oc", "level")
    np.testing.assert_array_equal(found.values, LEVELS)
