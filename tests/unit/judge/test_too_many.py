"""Dumps with more numbers than the layer: the message says why, where the numbers show it."""

from __future__ import annotations

import pytest

from tilewright.errors import FormatError
from tilewright.judge import read_dump
from tilewright.judge.too_many import why_more

FORMS = {"list": "{x}\n", "log": "cycle {n}: out={x}\n"}


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ("0 0 7 8", "the first 2 numbers are 0 or x: cycles before"),
        ("0x00 7 8", "the first number is 0 or x"),
        ("xx 7 8", "the first number is 0 or x"),
        ("7 8 0 0", "the last 2 numbers are 0 or x: cycles behind"),
        ("7 8 7 9", "2 times as many: 2 runs"),
        ("0 7 8 0", "2 times as many"),
        ("1 7 8", ""),
        ("0 7 0", ""),
        ("7 8", ""),
        ("0", ""),
    ],
)
def test_why_there_are_more(cells, says):
    """Two are wanted; where both ends are 0, nothing shows which one counts."""
    found = why_more(cells.split(), 2)
    assert found.startswith(says) if says else not found


@pytest.mark.parametrize("form", FORMS)
def test_cycles_before_the_sums_and_two_runs(bundle, psums, tmp_path, form):
    flat = psums.ravel().tolist()
    path = tmp_path / "dump.txt"

    def write(numbers):
        path.write_text("".join(FORMS[form].format(n=n, x=x) for n, x in enumerate(numbers)))

    assert flat[0] != 0
    assert flat[-1] != 0
    write([0, 0, 0, *flat])
    with pytest.raises(FormatError, match=r"the first 3 numbers are 0 or x: cycles before"):
        read_dump(bundle, path, order="oc oh ow")
    write([*flat, *flat[:-1], flat[-1] + 1])
    with pytest.raises(FormatError, match=r"2 times as many: 2 runs in one file"):
        read_dump(bundle, path, order="oc oh ow")
    write(flat)
    assert read_dump(bundle, path, order="oc oh ow").values.tolist() == psums.tolist()
