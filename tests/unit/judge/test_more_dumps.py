"""Dumps with sizes, addresses, several lists, or several lines a record; and one wrong number in each."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.unit.judge.test_strangers_dumps import WRONG, faulty, lines, numbers, pixels, places
from tilewright.errors import FormatError
from tilewright.judge import compare, read_dump, read_plain
from tilewright.judge.dump_text import plain_text


def column(values):
    return "".join(f"{x}\n" for x in values)


def eights(form):
    def write(psums):
        flat = numbers(psums)
        return "".join(
            form.format(at) + " ".join(map(str, flat[at : at + 7])) + "\n"
            for at in range(0, len(flat), 7)
        )

    return write


def uvm(psums):
    rule = "-" * 40 + "\n"
    return "".join(
        f"{rule}Name   Type       Size  Value\n{rule}item   psum_item  -     @{300 + n}\n"
        + "".join(f"  {k}   integral   32    'd{v}\n" for k, v in zip(["oc", "oh", "ow"], at, strict=True))
        + f"  psum   integral   12    {x}\n{rule}"
        for n, *at, x in places(psums)
    )  # fmt: skip


def matlab(psums, width=4):
    rows = psums.reshape(4, 6).tolist()
    blocks = [
        f"  Columns {at + 1} through {min(at + width, 6)}:\n\n"
        + "".join("".join(f"{x:8d}" for x in row[at : at + width]) + "\n" for row in rows)
        for at in range(0, 6, width)
    ]
    return "psum =\n\n" + "\n".join(blocks)


TEXTS = {
    "sizes first": lambda v: "4 2 3\n" + column(numbers(v)),
    "a count first": lambda v: "24\n" + column(numbers(v)),
    "an array of Octave": lambda v: "# name: psum\n# ndims: 3\n 4 2 3\n" + column(numbers(v.T)),
    "such an array of pixels": lambda v: (
        "# name: y\n# type: int16 matrix\n# ndims: 3\n 2 3 4\n" + column(numbers(v.transpose(0, 2, 1)))
    ),
    "places in other words": lines("row={oh} ch={oc} x={ow} acc={x}"),
    "another first address": lambda v: "@400\n" + lines("{h}")(v),
    "an index in brackets": eights("[{:3d}] "),
    "lanes by index": lambda v: "".join(
        f"@{10 * n}: " + ", ".join(f"out[{c}]={x}" for c, x in enumerate(row)) + "\n"
        for n, row in enumerate(pixels(v))
    ),
    "places of UVM": lines("[MON] item: {{ oc: 'd{oc}  oh: 'h{oh}  ow: 'd{ow}  psum: {x} }}"),
    "records of UVM": uvm,
    "records in lines": lines("oc: {oc}\noh: {oh}\now: {ow}\npsum: {x}\n"),
    "blocks of columns": matlab,
    "blocks of columns, the last alone": lambda v: matlab(v, 5).replace("Columns 6 through 6", "Column 6"),
    "several arrays of C": lambda v: (
        f"const int8_t w[2] = {{1, -2}};\nconst int16_t psum[24] = {{{', '.join(map(str, numbers(v)))}}};\n"
    ),
    "several lists of YAML": lambda v: f"x: {[1] * 24}\npsum: {numbers(v)}\nbias: [0, 0, 0, 1]\n",
    "several lists under titles": lambda v: "weights\n1\n-2\npsums\n" + column(numbers(v)),
    "points between thousands": lambda v: "".join(f"{1000 * x:,}\n".replace(",", ".") for x in numbers(v)),
    "such points in a table": lambda v: "oc;oh;ow;psum\n" + "".join(
        f"{c};{i};{j};{1000 * x:,}\n".replace(",", ".") for _, c, i, j, x in places(v)
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", TEXTS)
def test_it_is_read_and_one_wrong_number_in_it_is_named(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.txt"
    scale = 1000 if "points" in form else 1
    path.write_text(TEXTS[form](psums))
    dump = read_dump(bundle, path)
    assert dump.known.all()
    assert (dump.values == scale * psums).all()
    path.write_text(TEXTS[form](faulty(psums)))
    found = read_dump(bundle, path)
    assert np.argwhere(found.values != scale * psums).tolist() == [list(WRONG)]


NOTES = {
    "sizes first": "3 sizes before the numbers: 4 2 3, left out",
    "several arrays of C": "read as psum: the list 'const int16_t psum[24] ='",
    "points between thousands": "points part thousands: 22.000 is read as 22000",
}


@pytest.mark.parametrize("form", NOTES)
def test_what_was_overlooked_is_said(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.txt"
    path.write_text(TEXTS[form](psums))
    assert NOTES[form] in read_dump(bundle, path).notes


REFUSED = {
    "sizes of Octave of another layer": lambda v: "# ndims: 3\n 4 3 3\n" + column(numbers(v)),
    "other sizes": lambda v: "4 2 4\n" + column(numbers(v)),
    "two lists of one count": lambda v: f"psum_a: {numbers(v)}\npsum_b: {numbers(v)}\n",
    "fractions beside whole numbers": lambda v: "4.125\n" + column(numbers(v)[1:]),
    "points and large numbers": lambda v: "1.500\n4000\n" + column(numbers(v)[2:]),
    "lanes with a gap": lambda v: "".join(
        ", ".join(f"out[{c + (c > 1)}]={x}" for c, x in enumerate(row)) + "\n" for row in pixels(v)
    ),
    "a first address and too few numbers": lambda v: "@400\n" + column(lines("{h}")(v).split()[1:]),
}  # fmt: skip


@pytest.mark.parametrize("form", REFUSED)
def test_what_leaves_it_open_is_refused(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.txt"
    path.write_text(REFUSED[form](psums))
    with pytest.raises(FormatError):
        read_dump(bundle, path)


@pytest.mark.parametrize("name", ["oc{}", "psum.{}", "lane[{}]"])
def test_arrays_that_number_the_channels_are_one(bundle, psums, tmp_path, name):
    path = tmp_path / "dump.json"
    for wrong in (psums, faulty(psums)):
        path.write_text(json.dumps({name.format(n): one.tolist() for n, one in enumerate(wrong)}))
        found = compare(bundle, read_dump(bundle, path))
        assert found.compared == psums.size
        assert [one.index for one in found.first] == ([] if wrong is psums else [WRONG])
    path.write_text(json.dumps({name.format(n): one for n, one in enumerate(pixels(psums))}))
    with pytest.raises(FormatError, match="name it with --dump-array"):
        read_dump(bundle, path)


def test_numbers_of_time_stamps_are_no_thousands():
    text = "1.000 ns psum=5\n2.000 ns psum=-7\n"
    assert plain_text(text.encode()) == text.rstrip("\n")


def test_points_between_thousands_in_one_of_two_files(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("77\n-1.000\n12.345.678\n")
    assert read_plain(path).values.tolist() == [77, -1000, 12345678]
