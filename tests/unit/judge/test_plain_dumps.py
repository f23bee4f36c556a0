"""Lists as simulators leave them: text around the numbers, hexadecimal digits, arrays in any order."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden import regenerate as golden
from tilewright.errors import FormatError
from tilewright.judge import compare, expected_numbers, read_dump, read_operands
from tilewright.vectors import read_bundle


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(golden.FOLDER)


@pytest.fixture(scope="module")
def psums(bundle):
    return expected_numbers(bundle, "psum", read_operands(bundle))


def _decimal(numbers):
    return "".join(f"{number}\n" for number in numbers.ravel().tolist())


def _hex(numbers, before=""):
    return "".join(f"{before}{number & 0xFFFF:04x}\n" for number in numbers.ravel().tolist())


LISTS = {
    "text before": lambda v: "psums of the core:\n\n" + _decimal(v),
    "text after": lambda v: _decimal(v) + "done\nfinished at 1000 ns\n",
    "hexadecimal": _hex,
    "capital": lambda v: _hex(v).upper(),
    "0x": lambda v: _hex(v, "0x"),
}


@pytest.mark.parametrize("form", LISTS)
def test_a_list_is_read_and_a_wrong_number_in_it_found(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.txt"
    path.write_text(LISTS[form](psums))
    dump = read_dump(bundle, path)
    assert compare(bundle, dump).passed
    assert dump.notes
    wrong = psums.copy()
    wrong[1, 1, 0] += 1
    path.write_text(LISTS[form](wrong))
    found = compare(bundle, read_dump(bundle, path))
    assert [one.index for one in found.first] == [(1, 1, 0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lambda v: _decimal(v[:1]) + "stop\n" + _decimal(v[1:]), r"must hold decimal numbers"),
        (lambda v: _decimal(v[1:]), r"must hold 24 numbers .*, but holds \d+"),
        (
            lambda v: "".join(
                f"oc={o} oh={i} ow={j} got {v[o, i, j]}\n" for o, i, j in np.ndindex(v.shape)
            ),
            r"its lines are those of a log: say --pattern places$",
        ),
    ],
)
def test_what_is_no_list_is_refused_with_what_it_seems_to_be(
    bundle, psums, tmp_path, text, message
):
    path = tmp_path / "dump.txt"
    path.write_text(text(psums))
    with pytest.raises(FormatError, match=message):
        read_dump(bundle, path)


def test_an_array_stands_in_the_order_that_is_said(bundle, psums, tmp_path):
    path = tmp_path / "psums.npy"
    np.save(path, psums.transpose(1, 2, 0))
    assert compare(bundle, read_dump(bundle, path, order="oh ow oc")).passed
    np.save(path, psums.transpose(1, 2, 0).ravel()[:-1])
    with pytest.raises(FormatError, match=r"must hold 24 numbers \(psum, oh ow oc\), but holds 23"):
        read_dump(bundle, path, order="oh ow oc")
