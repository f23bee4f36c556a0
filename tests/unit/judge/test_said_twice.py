"""Logs that say a number in two radices, and places in words or brackets of others' order."""

from __future__ import annotations

import pytest

from tests.unit.judge.test_strangers_dumps import WRONG, faulty, lines
from tests.unit.judge.test_untitled_places import ALIKE, bundle_of
from tilewright.errors import FormatError
from tilewright.judge import compare, read_dump


def by_pixel(form):
    """A line for each number, channels fastest; p counts the pixels."""

    def write(psums):
        width = psums.shape[2]
        return "".join(
            form.format(oc=oc, oh=oh, ow=ow, p=oh * width + ow, x=int(psums[oc, oh, ow]),
                        h=f"{int(psums[oc, oh, ow]) & 0xFFF:03x}") + "\n"
            for oh in range(psums.shape[1])
            for ow in range(width)
            for oc in range(len(psums))
        )  # fmt: skip

    return write


TWICE = {
    "digits, decimal in parentheses": lines("[{t}] psum=0x{h} ({x})"),
    "bare digits": lines("[{t}] psum={h} ({x})"),
    "decimal, digits in parentheses": lines("t={t} psum={x} (0x{h})"),
    "another word": lines("@{n} psum = {x}, hex = {h}"),
    "indices, digits of Intel": lines("psum[{oc}][{oh}][{ow}] = {x} / 0{h}h"),
    "unsigned decimal": lines("[{t}] psum={h} ({u})"),
}
PLACES = {
    "pixel and channel": by_pixel("psum[{p}][{oc}] = {x}"),
    "row, column, channel": by_pixel("out[{oh}][{ow}][{oc}] = {x}"),
    "row, channel, column": by_pixel("out[{oh}][{oc}][{ow}] = {x}"),
    "px and oc": by_pixel("oc={oc} px={p} psum={x}"),
    "px and CH": by_pixel("PX {p:3d} CH {oc}: 0x{h}"),
}


def read(bundle, tmp_path, content):
    path = tmp_path / "run.log"
    path.write_text(content)
    return read_dump(bundle, path)


@pytest.mark.parametrize("form", [*TWICE, *PLACES])
def test_it_is_read_and_one_wrong_number_in_it_is_named(bundle, psums, tmp_path, form):
    for values in (psums, faulty(psums)):
        dump = read(bundle, tmp_path, (TWICE | PLACES)[form](values))
        found = compare(bundle, dump)
        assert found.compared == psums.size
        assert [one.index for one in found.first] == ([] if values is psums else [WRONG])
        assert ("al, too" in dump.notes[0]) == (form in TWICE)


@pytest.mark.parametrize("form", TWICE)
def test_numbers_that_differ_once_are_not_said_twice(bundle, psums, tmp_path, form):
    text, said = TWICE[form](psums), str(psums[0, 0, 0])
    assert text.splitlines()[0].count(said) == 1
    with pytest.raises(FormatError, match="nobody knows which number counts"):
        read(bundle, tmp_path, text.replace(said, str(psums[0, 0, 0] + 1), 1))


def test_indices_that_may_count_two_things_are_not_guessed(tmp_path):
    """The map is as wide as there are channels."""
    bundle, psums = bundle_of(tmp_path / "bundle", ALIKE)
    for form in ("out[{oh}][{ow}][{oc}] = {x}", "out[{oh}][{oc}][{ow}] = {x}"):
        with pytest.raises(FormatError, match="nobody knows which number counts"):
            read(bundle, tmp_path, by_pixel(form)(psums))
