"""Dumps of VHDL benches, of raw octets that are no integers of their size, and of tables of capture tools."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.judge.test_strangers_dumps import MASK, WRONG, faulty, lines, numbers, pixels
from tilewright.errors import FormatError
from tilewright.judge import compare, read_dump


def aggregate(psums, order=1):
    entries = list(enumerate(numbers(psums)))[::order]
    return f"({', '.join(f'{at} => {x}' for at, x in entries)})\n"


def quads(psums):
    return "".join(
        f"{p},{n // 3},{n % 3},{x}\n"
        for p, row in enumerate(pixels(psums))
        for n, x in enumerate(row)
    )


TEXTS = {
    "based literals": lines("16#{h}#"),
    "based literals of bits": lines("2#{b}#"),
    "such a literal in a log": lines("{t} ns: psum = 16#{h}#"),
    "calls of numeric_std": lines("to_signed({x}, 12),"),
    "an aggregate": aggregate,
    "a time and a number": lines("{t} ns: {x}"),
    "a time with its unit in the title": lambda v: "Time[ns],psum\n" + lines("{t},{x}")(v),
    "a title of moments": lambda v: "timestamp,psum\n" + lines("2026-11-30T10:00:{n:02d},{x}")(v),
    "lanes of tiles": lambda v: "pixel,tile,lane,value\n" + quads(v),
}


def nan_free(psums, kind):
    return psums.astype(kind).tobytes()


def four_state(psums):
    return np.stack([psums.ravel(), 0 * psums.ravel()], axis=1).astype("<i4").tobytes()


OCTETS = {
    "%z": (four_state, 'as "%z" writes them'),
    "floats": (lambda v: nan_free(v, "<f4"), "floats of 32 bits, little-endian"),
    "floats, the highest octet first": (lambda v: nan_free(v, ">f4"), "32 bits, big-endian"),
    "doubles": (lambda v: nan_free(v, "<f8"), "floats of 64 bits, little-endian"),
    "24 bits": (
        lambda v: b"".join((x & 0xFFFFFF).to_bytes(3, "big") for x in numbers(v)),
        "24 bits each, big-endian",
    ),
    "48 bits": (
        lambda v: b"".join((x & (1 << 48) - 1).to_bytes(6, "little") for x in numbers(v)),
        "48 bits each, little-endian",
    ),
}


def read(bundle, tmp_path, content, name="dump.txt"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_dump(bundle, path)


@pytest.mark.parametrize("form", TEXTS)
def test_it_is_read_and_one_wrong_number_in_it_is_named(bundle, psums, tmp_path, form):
    assert (psums.ravel() & MASK).max() > MASK // 2
    for values in (psums, faulty(psums)):
        found = compare(bundle, read(bundle, tmp_path, TEXTS[form](values)))
        assert found.compared == psums.size
        assert [one.index for one in found.first] == ([] if values is psums else [WRONG])


@pytest.mark.parametrize("form", OCTETS)
def test_octets_are_read_as_what_fits(bundle, psums, tmp_path, form):
    write, said = OCTETS[form]
    for values in (psums, faulty(psums)):
        dump = read(bundle, tmp_path, write(values), "dump.bin")
        found = compare(bundle, dump)
        assert said in dump.notes[0]
        assert [one.index for one in found.first] == ([] if values is psums else [WRONG])


def test_an_aggregate_that_counts_down_is_not_read_as_one_that_counts_up(bundle, psums, tmp_path):
    with pytest.raises(FormatError):
        read(bundle, tmp_path, aggregate(psums, -1))


@pytest.mark.parametrize("spoil", [0.5, 1e9, np.nan])
def test_octets_of_which_one_is_no_such_float_are_no_floats(bundle, psums, tmp_path, spoil):
    floats = psums.astype("<f4")
    floats[1, 0, 0] = spoil
    dump = read(bundle, tmp_path, floats.tobytes(), "dump.bin")
    assert "floats" not in dump.notes[0]


def test_numbers_with_bits_of_x_are_not_taken_as_known(bundle, psums, tmp_path):
    pairs = np.frombuffer(four_state(psums), "<i4").copy()
    pairs[9] = 1
    assert "%z" not in read(bundle, tmp_path, pairs.tobytes(), "dump.bin").notes[0]


def test_numbers_of_32_bits_are_no_floats(bundle, psums, tmp_path):
    dump = read(bundle, tmp_path, psums.astype("<i4").tobytes(), "dump.bin")
    assert dump.notes[0].endswith("32 bits each, little-endian")
    assert dump.values.tolist() == psums.tolist()
