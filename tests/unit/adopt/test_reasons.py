"""Files of numbers that no layout reads are named with what stands around the numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.unit.adopt.test_strangers_files import FASHIONS, LARGER, decimal, layer, put, rows
from tilewright.adopt import adopt
from tilewright.adopt.reasons import reason_of
from tilewright.errors import DataError

Y = layer(shape=LARGER)[2]


def lines(form, array=Y):
    return "".join(
        form.format(n=n, x=x, h=f"{x & 0xFFFF:04x}") + "\n"
        for n, x in enumerate(array.ravel().tolist())
    )


def titled(array=Y):
    cells = (f"{','.join(map(str, place))},{array[place]}\n" for place in np.ndindex(array.shape))
    return "oc,oh,ow,psum\n" + "".join(cells)


def frame(array=Y):
    table = array.reshape(-1, array.shape[-1])
    head = "," + ",".join(map(str, range(table.shape[1]))) + "\n"
    return head + "".join(f"{n},{','.join(map(str, row))}\n" for n, row in enumerate(table))


def unsigned(bits, array=Y):
    return "".join(f"{x & (1 << bits) - 1}\n" for x in array.ravel().tolist())


REASONS = {
    "titles": (titled(), r"is a table with titles \(oc,oh,ow,psum\): write them alone, one a line"),
    "titles of times": ("cycle;psum\n" + lines("{n};{x}"), r"is a table with titles \(cycle;psum\)"),
    "a data frame": (frame(), "is a data frame with its index: write it with header=False, index=False"),
    "places": (titled().partition("\n")[2], r"has their places before them \(0,0,0,-?\d+\)"),
    "16 bits": (unsigned(16), "must have signs before numbers below 0, .* of 16 bits without"),
    "32 bits": (unsigned(32), "must have signs before numbers below 0, .* of 32 bits without"),
    "8 bits": (unsigned(8, layer()[1]), "must have signs before numbers below 0, .* of 8 bits without"),
    "quotes": (lines('"{x}"'), "has quotes around them"),
    "literals": (lines("16'h{h}"), r"must hold plain digits, but has literals \(16'h"),
    "literals of VHDL": (lines("16#{h}#"), r"must hold plain digits, but has literals \(16#"),
    "decimal commas": (rows(Y, ",0;").replace("\n", ",0\n"), "has decimal commas: write integers"),
    "YAML": ("psum:\n" + lines("- {x}"), "is YAML"),
    "a transcript": (lines("# {x}"), "has # before every line, as a transcript"),
    "a log": (lines("psum = {x}"), r"has text beside them \(psum = -?\d+\)"),
    "a memory filled up": (decimal(Y) + 9 * "0\n", "ends with 9 lines of zeros, of which some may only fill"),
    "an unknown number": (lines("{x}").replace("\n", "\nxx\n", 1), r"must hold known numbers, .* \(xx\)"),
}  # fmt: skip


@pytest.mark.parametrize("form", REASONS)
def test_the_reason_is_said(form):
    text, message = REASONS[form]
    found = reason_of("y.csv", text.encode())
    assert found.startswith(("y.csv must ", "y.csv ends "))
    assert re.search(message, found)


@pytest.mark.parametrize("fashion", FASHIONS)
@pytest.mark.parametrize("part", range(3))
def test_nothing_is_said_of_numbers_that_are_read(fashion, part):
    array = layer(shape=LARGER)[part]
    assert reason_of("y.txt", FASHIONS[fashion](array, 16).encode()) == ""
    assert reason_of("y.txt", unsigned(8, np.arange(256)).encode()) == ""
    assert reason_of("y.txt", b"\0\1") == ""


def test_too_few_files_are_left(tmp_path):
    x, weight, y = layer(shape=LARGER)
    put(tmp_path, x=x, weight=weight)
    (tmp_path / "y.csv").write_text(lines('"{x}"', y))
    with pytest.raises(DataError, match=r"; y\.csv must hold numbers alone, but has quotes"):
        adopt(tmp_path)


def test_a_header_with_several_arrays_is_not_cut_at_its_short_lines(tmp_path):
    arrays = dict(zip(("x", "weight", "y"), layer(shape=LARGER), strict=True))
    texts = {
        name: f"const int {name}[{array.size}] = {{\n{rows(array.reshape(1, -1), ', ')}}};\n"
        for name, array in arrays.items()
    }
    (tmp_path / "data.h").write_text("".join(texts.values()))
    found = adopt(tmp_path)
    assert found.passed
    assert [form.array for form in found.layers[0].layout.kinds] == ["x", "weight", "y"]
    (tmp_path / "data.h").unlink()
    for name, text in texts.items():
        (tmp_path / f"{name}.h").write_text(text)
    assert adopt(tmp_path).passed


def test_a_file_that_fits_nothing_has_its_reason(tmp_path):
    """One that was read, and decimal numbers without their signs."""
    x, weight, y = layer(shape=LARGER)
    put(tmp_path, x=x, weight=weight)
    (tmp_path / "y.txt").write_text(unsigned(16, y))
    found = adopt(tmp_path, seconds=1)
    assert not found.passed
    assert any(other.startswith("y.txt must have signs before") for other in found.others)
    (tmp_path / "weight.txt").write_text(unsigned(4, weight))
    found = adopt(tmp_path, seconds=1)
    assert found.notes[-1].startswith(
        "no number is negative: where weights or sums are, write them"
    )
    put(tmp_path, y=y)
    assert decimal(y) == (tmp_path / "y.txt").read_text()
    assert not any("negative" in note for note in adopt(tmp_path, seconds=1).notes)
