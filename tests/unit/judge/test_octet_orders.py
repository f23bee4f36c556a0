"""Octets of which nothing says how long a number is, or which one is the lowest: sums of 16 bits."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rtl.layers import Case, random_tensors, write_case
from tests.unit.judge.test_memory_dump import lines_of, xxd
from tilewright.judge import compare, expected_numbers, read_dump, read_operands
from tilewright.spec import ArrayShape, ConvShape

SHAPE = ConvShape(ic=6, ih=4, iw=5, oc=5, kh=3, kw=3, padding=(1, 1))
CASE = Case(SHAPE, ArrayShape(4, 6, psum_bits=16))
PLACE = (2, 1, 3)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_case(tmp_path_factory.mktemp("octets") / "bundle", CASE, *random_tensors(CASE, 3))


@pytest.fixture(scope="module")
def psums(bundle):
    return expected_numbers(bundle, "psum", read_operands(bundle))


def intel_hex(content):
    def record(address, kind, data):
        octets = bytes([len(data), *address.to_bytes(2), kind, *data])
        return f":{octets.hex()}{-sum(octets) & 0xFF:02x}\n"

    lines = (record(at, 0, row) for at, row in lines_of(content))
    return "".join(lines) + record(0, 1, b"")


def s_records(content):
    def record(kind, address, data):
        octets = bytes([len(data) + 3, *address.to_bytes(2), *data])
        return f"S{kind}{octets.hex()}{~sum(octets) & 0xFF:02x}\n"

    return "".join(record(1, at, row) for at, row in lines_of(content)) + record(9, 0, b"")


FORMS = {
    "xxd": (xxd, "<i2"),
    "xxd of a big-endian memory": (xxd, ">i2"),
    "xxd -e -g2": (lambda content: xxd(content, 2, -1), "<i2"),
    "xxd -g4": (lambda content: xxd(content, 4), "<i2"),
    "xxd -e": (lambda content: xxd(content, 4, -1), "<i2"),
    "Intel HEX, 16 bits": (intel_hex, "<i2"),
    "Intel HEX, the highest octet first": (intel_hex, ">i2"),
    "Intel HEX, 32 bits, the highest octet first": (intel_hex, ">i4"),
    "Intel HEX, 64 bits": (intel_hex, "<i8"),
    "S-records, 32 bits, the highest octet first": (s_records, ">i4"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_order_in_which_numbers_fit_counts(bundle, psums, tmp_path, form):
    write, dtype = FORMS[form]
    path = tmp_path / "psums.txt"
    path.write_text(write(psums.astype(dtype).tobytes()))
    assert compare(bundle, read_dump(bundle, path)).passed


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_number_is_named(bundle, psums, tmp_path, form):
    write, dtype = FORMS[form]
    wrong = psums.copy()
    wrong[PLACE] += 1
    path = tmp_path / "psums.txt"
    path.write_text(write(wrong.astype(dtype).tobytes()))
    found = compare(bundle, read_dump(bundle, path))
    assert (found.differ, found.first[0].index) == (1, PLACE)


def test_numbers_that_are_all_wrong_stay_wrong(bundle, psums, tmp_path):
    path = tmp_path / "psums.txt"
    path.write_text(xxd((psums + 1).astype("<i2").tobytes()))
    found = compare(bundle, read_dump(bundle, path))
    assert found.differ == np.prod(psums.shape)
