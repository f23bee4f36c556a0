"""Lanes that Verilator prints with the bits above them: 327683 for lane 0 of {5, 3}."""

from __future__ import annotations

import numpy as np
import pytest

from tests.naive import convolve
from tests.rtl.layers import Case, random_tensors, write_case
from tilewright.judge import explain, read_dump
from tilewright.judge.families.values import _with_above
from tilewright.spec import ArrayShape, ConvShape

SHAPE = ConvShape(ic=6, ih=4, iw=5, oc=5, kh=3, kw=3, padding=(1, 1))


def printed(numbers, lane, bits, *, is_signed):
    """The number of a lane with those of the lanes behind it above, 32 bits of all: text of binary digits."""
    word = "".join(
        format(int(number) % (1 << bits), f"0{bits}b") for number in numbers[lane:][::-1]
    )
    number = int(word[-32:], 2)
    return number - (1 << 32) if is_signed and number >= 1 << 31 else number


def test_of_two_lanes_as_verilator_prints_them():
    """`findings/verilator_signed_parts_in_print.sh` shows both numbers."""
    assert [printed([x, 5], 0, 16, is_signed=True) for x in (3, -3)] == [327683, 393213]


@pytest.mark.parametrize("bits", [16, 20])
@pytest.mark.parametrize("lanes", [(0,), (0, 2)])
@pytest.mark.parametrize("is_signed", [True, False])
def test_lanes_with_the_bits_above_are_named(tmp_path, bits, lanes, is_signed):
    case = Case(SHAPE, ArrayShape(4, 6, psum_bits=bits))
    codes, weight = random_tensors(case, 3)
    bundle = write_case(tmp_path / "bundle", case, codes, weight)
    rows = convolve(weight, codes, SHAPE).reshape(SHAPE.oc, -1).T
    shown = rows.copy()
    for row, numbers in zip(shown, rows, strict=True):
        row[list(lanes)] = [printed(numbers, lane, bits, is_signed=is_signed) for lane in lanes]
    sign = "signed" if is_signed else "unsigned"
    dump = tmp_path / "dump.txt"

    def causes():
        dump.write_text("".join(f"{' '.join(map(str, row))}\n" for row in shown))
        found = explain(bundle, read_dump(bundle, dump, order="oh ow oc"))
        return [cause for group in found.groups for (cause,) in group]

    (cause,) = causes()
    assert cause.key == f"printed-with-next {sign} cols={','.join(map(str, lanes))}"
    assert cause.text.endswith(f"printed with the bits of the next lane above: 32 in all, {sign}")
    shown[7, 0] += 1
    assert causes() == []


def test_lanes_of_a_tile_and_no_others():
    """Two tiles of three lanes, of 16 bits: the last lane of the first one has none above."""
    problem = type("P", (), {"array": ArrayShape(2, 3, psum_bits=16)})
    values = np.arange(1, 6)[:, None]
    every = np.ones(5, bool)
    found = _with_above(problem, values, lanes=every, step=1, is_signed=True)
    assert found.ravel().tolist() == [1 + (2 << 16), 2 + (3 << 16), 3, 4 + (5 << 16), 5]
    found = _with_above(problem, values, lanes=every, step=-1, is_signed=True)
    assert found.ravel().tolist() == [1, 2 + (1 << 16), 3 + (2 << 16), 4, 5 + (4 << 16)]
