"""Captures of Quartus' Signal Tap and of Gowin's analyzer: names, radixes, bits by column, and damage."""

import pytest

from tilewright.errors import ConfigError, FormatError
from tilewright.waves import Sample, Sampling, is_capture, read_samples

VALUES = [-77, 5, 90, -128]
FORMS = {
    "hexadecimal with an h": "{u:02X}h",
    "hexadecimal": "{u:02x}",
    "signed": "{x}",
    "unsigned": "{u}",
    "binary": "{u:08b}",
}


def written(tmp_path, text):
    path = tmp_path / "capture.csv"
    path.write_text(text)
    return path


def tap(form, *, head="top:t|core:u|psum[7..0]", unknown="X"):
    """A row without a value, and before each valid row one that is not."""
    rows = [f"-1, X, {unknown},"]
    for at, x in enumerate(VALUES):
        shown, nothing = (form.format(x=n, u=n & 0xFF) for n in (x, 0))
        rows += [f"{2 * at}, 0, {nothing},", f"{2 * at + 1}, 1, {shown},"]
    names = f"time unit: ns, top:t|core:u|valid, {head},"
    return "\n".join(["Groups:", "", "Data:", names, *rows, ""])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bus", ["psum", "u|psum", "core:u|psum", "t.u.psum"])
def test_a_group_is_read_in_the_radix_in_which_it_is_shown(tmp_path, form, bus):
    path = written(tmp_path, tap(FORMS[form]))
    assert is_capture(path)
    found = read_samples(path, Sampling((bus,), "", ("core:u|valid",)))
    assert [one.bits for one in found] == [f"{x & 0xFF:08b}" for x in VALUES]
    assert [one.time for one in found] == [1, 3, 5, 7]


def test_bits_that_have_a_column_each_are_a_bus(tmp_path):
    head = ", ".join(f"top:t|core:u|psum[{bit}]" for bit in (0, 2, 1))
    path = written(tmp_path, f"Data:\ntime unit: ns, {head},\n0, 1, 0, 1,\n1, X, 1, 0,\n")
    assert read_samples(path, Sampling(("psum",), "")) == [Sample(0, "011"), Sample(1, "10x", 1)]
    assert [one.bits for one in read_samples(path, Sampling(("u|psum[2]",), ""))] == ["0", "1"]


def test_without_all_of_its_bits_there_is_no_bus(tmp_path):
    path = written(tmp_path, "Data:\ntime unit: ns, u|psum[2], u|psum[0],\n0, 1, 0,\n")
    with pytest.raises(ConfigError, match=r"no variable 'psum'; there is u\.psum\[2\]"):
        read_samples(path, Sampling(("psum",), ""))


def test_gowin_says_the_radix(tmp_path):
    text = "Clock period: 10.000 ns\nRadix: hex\nData:\ntime unit: us,top/u/valid,top/u/psum[7:0]\n"
    path = written(tmp_path, text + "0,0,10\n1,1,12\n")
    assert read_samples(path, Sampling(("u/psum",), "", ("valid",))) == [Sample(1, "00010010", 1)]


def test_a_row_of_another_length_is_named(tmp_path):
    """Quartus 17 leaves out the column of a channel that triggers, and all others move."""
    text = tap("{x}", head="top:t|core:u|psum[7..0], top:t|core:u|fire")
    with pytest.raises(
        FormatError, match=r"csv:5: a row must have 5 cells, as the names, not 4: Q"
    ):
        read_samples(written(tmp_path, text), Sampling(("psum",), ""))


def test_a_value_that_is_none_is_named(tmp_path):
    text = tap("{x}").replace("90", "9k")
    with pytest.raises(FormatError, match=r"psum must be 8 bits in radix SIGNED, not '9k'"):
        read_samples(written(tmp_path, text), Sampling(("psum",), ""))


@pytest.mark.parametrize("text", ["time unit: ns\nWaves, psum\n0, 5\n", "Data:\n5\n7\n", ""])
def test_other_text_is_no_capture(tmp_path, text):
    assert not is_capture(written(tmp_path, text))
