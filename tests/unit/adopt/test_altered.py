"""Files that fit nothing as they stand: numbers from before the first one, and other codes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.adopt.test_strangers_files import decimal, hexadecimal, layer, rows
from tilewright.adopt import adopt, adoption
from tilewright.spec import ConvShape

SHAPE = ConvShape(8, 4, 5, 8, kh=3, kw=3, padding=(1, 1))
SECONDS = 1.5


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """No search for altered files ends early, however slow the machine is."""
    monkeypatch.setattr(adoption, "MORE", 20.0)


def folder_of(tmp_path, x, weight, y):
    for name, text in (("x", x), ("weight", weight), ("y", y)):
        (tmp_path / f"{name}.txt").write_text(text)
    return tmp_path


def pixels(y):
    return rows(y.reshape(len(y), -1).T)


WARM_UP = {
    "zeros": (lambda y: "0\n0\n" + decimal(y), 2),
    "the first line": (lambda y: pixels(y).splitlines(True)[0] * 3 + pixels(y), 3),
    "one line of zeros": (lambda y: "0 " * (len(y) - 1) + "0\n" + pixels(y), 1),
}


@pytest.mark.parametrize("form", WARM_UP)
def test_numbers_from_before_the_first_one_are_left_out_and_said(tmp_path, form):
    x, weight, y = layer(shape=SHAPE)
    write, count = WARM_UP[form]
    found = adopt(folder_of(tmp_path, decimal(x), decimal(weight), write(y)), seconds=SECONDS)
    assert found.passed, found.to_json()
    assert found.layers[0].verdict.compared == y.size
    assert found.notes[-1].startswith(f"y.txt: {count} line{'s' * (count > 1)} before the others")


def test_a_wrong_number_behind_them_is_named(tmp_path):
    x, weight, y = layer(shape=SHAPE)
    y[1, 1, 2] += 1
    text = WARM_UP["the first line"][0](y)
    found = adopt(folder_of(tmp_path, decimal(x), decimal(weight), text), seconds=SECONDS)
    assert not found.passed
    (first,) = [kind.first for kind in found.layers[0].verdict.kinds if kind.first]
    assert (first.oc, first.oh, first.ow, first.found - first.expected) == (1, 1, 2, 1)


def test_lines_before_the_first_one_that_differ_stay(tmp_path):
    x, weight, y = layer(shape=SHAPE)
    text = "3\n5\n" + decimal(y)
    assert not adopt(folder_of(tmp_path, decimal(x), decimal(weight), text), seconds=1).layers


CODES = {
    "sign and magnitude of 4 bits": lambda w: np.where(w < 0, 8 - w, w),
    "one's complement of 4 bits": lambda w: np.where(w < 0, w + 15, w),
    "8 above what they stand for": lambda w: w + 8,
}


@pytest.mark.parametrize(("code", "is_hex"), list(zip(CODES, (True, False, False), strict=True)))
def test_codes_that_no_layout_has_are_said(tmp_path, code, is_hex):
    x, weight, y = layer(shape=SHAPE)
    digits = CODES[code](weight)
    text = hexadecimal(digits, 4) if is_hex else decimal(digits)
    found = adopt(folder_of(tmp_path, decimal(x), text, decimal(y)), seconds=SECONDS)
    assert not found.passed
    assert found.notes == (
        f"weight.txt fits if its numbers are {code}: write them in two's complement",
    )


def test_numbers_at_random_fit_no_code(tmp_path):
    x, weight, y = layer(shape=SHAPE)
    other = np.random.default_rng(5).integers(0, 16, weight.shape)
    found = adopt(folder_of(tmp_path, decimal(x), decimal(other), decimal(y)), seconds=1)
    assert not found.passed
    assert not any("fits" in note for note in found.notes)


def test_the_code_is_said_beside_a_wrong_sum(tmp_path):
    x, weight, y = layer(shape=SHAPE)
    y[1, 1, 2] += 1
    found = adopt(folder_of(tmp_path, decimal(x), decimal(weight + 8), decimal(y)), seconds=SECONDS)
    assert found.notes[-1].startswith("weight.txt fits, but for 1 sum, if its numbers are 8 above")
