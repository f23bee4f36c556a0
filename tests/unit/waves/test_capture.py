"""Captures of Vivado's logic analyzer: rows as samples, radixes, names, gaps, and damage by its line."""

import pytest

from tests.golden import regenerate as golden
from tilewright.errors import ConfigError, FormatError
from tilewright.judge import compare, expected_numbers, read_dump, read_operands
from tilewright.vectors import read_bundle
from tilewright.waves import Sample, Sampling, is_capture, read_samples

HEAD = "Sample in Buffer,Sample in Window,TRIGGER,u_top/core/psum[7:0],u_top/core/valid,u_top/addr[3:0]"
RADIX = "Radix - UNSIGNED,UNSIGNED,UNSIGNED,HEX,BINARY,UNSIGNED"
ROWS = ["0,-1,0,7f,0,0", "1,0,1,80,1,9", "2,1,0,ff,1,15"]
SAMPLING = Sampling(("core/psum",), "", ("core.valid",), "addr")


def written(tmp_path, *lines, end="\n"):
    path = tmp_path / "iladata.csv"
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


@pytest.mark.parametrize("name", ["core/valid", "u_top/core/valid=1", "core/valid!=0"])
def test_a_condition_names_a_signal_as_the_capture_does(tmp_path, name):
    path = written(tmp_path, HEAD, RADIX, *ROWS)
    found = read_samples(path, Sampling(("core/psum",), "", (name,), "addr"))
    assert [one.bits for one in found] == ["10000000", "11111111"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_each_row_is_a_sample(tmp_path, start, end):
    path = written(tmp_path, start + HEAD, RADIX, *ROWS, end=end)
    assert is_capture(path)
    assert read_samples(path, SAMPLING) == [
        Sample(1, "10000000", 1, "1001"),
        Sample(2, "11111111", 2, "1111"),
    ]


def test_without_a_line_of_radixes_probes_are_hexadecimal(tmp_path):
    path = written(tmp_path, HEAD, "0,0,1,10,1,a")
    assert read_samples(path, SAMPLING) == [Sample(0, "00010000", 0, "1010")]


@pytest.mark.parametrize(
    ("radix", "cell", "bits"),
    [
        ("SIGNED", "-3", "11111101"),
        ("SIGNED", "127", "01111111"),
        ("UNSIGNED", "200", "11001000"),
        ("OCTAL", "377", "11111111"),
        ("BINARY", "101", "00000101"),
        ("HEX", "", "xxxxxxxx"),
    ],
)
def test_a_value_is_read_in_the_radix_of_its_column(tmp_path, radix, cell, bits):
    path = written(tmp_path, HEAD, RADIX.replace("HEX", radix), f"0,0,1,{cell},1,0")
    assert [one.bits for one in read_samples(path, SAMPLING)] == [bits]


def test_a_gap_is_unknown(tmp_path):
    head, radix = HEAD.replace("TRIGGER", "TRIGGER,GAP"), RADIX.replace("HEX", "UNSIGNED,HEX", 1)
    path = written(tmp_path, head, radix, "0,0,1,0,12,1,0", "1,1,0,1,00,0,0")
    found = read_samples(path, Sampling(("psum",), ""))
    assert [one.bits for one in found] == ["00010010", "xxxxxxxx"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            (HEAD, RADIX, "0,0,1,100,1,0"),
            r"iladata\.csv:3: u_top\.core\.psum must be 8 bits in rad",
        ),
        ((HEAD, RADIX, ROWS[0], "1,0,1,fg,1,0"), r"iladata\.csv:4: .*, not 'fg'"),
        ((HEAD, "0,0,1,100,1,0"), r"iladata\.csv:2: u_top\.core\.psum must be 8 bits"),
        ((HEAD, RADIX, "0,0,1"), r"iladata\.csv:3: a row must have 6 cells, as the first, not 3"),
        ((HEAD, RADIX, "x,0,1,0,1,0"), r"iladata\.csv:3: a row must begin with its number"),
        ((HEAD, RADIX.replace("HEX", "ENUM"), ROWS[1]), r"one of the radixes HEX, .*, not ENUM"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, lines, message):
    with pytest.raises(FormatError, match=message):
        read_samples(written(tmp_path, *lines), SAMPLING)


def test_a_capture_has_no_clock_and_a_wave_file_has_one(tmp_path):
    path = written(tmp_path, HEAD, RADIX, *ROWS)
    with pytest.raises(ConfigError, match=r"each row is an edge of the clock: leave --clock out"):
        read_samples(path, Sampling(("psum",), "clk"))
    with pytest.raises(
        ConfigError, match=r"there is no variable 'out'; there is u_top\.core\.psum"
    ):
        read_samples(path, Sampling(("out",), ""))
    with pytest.raises(ConfigError, match=r"is a capture: name --bus"):
        read_dump(read_bundle(golden.FOLDER), path)
    (tmp_path / "run.vcd").write_text("")
    with pytest.raises(ConfigError, match=r"at --clock NAME, from --bus NAME: give both"):
        read_samples(tmp_path / "run.vcd", Sampling(("psum",), ""))


@pytest.mark.parametrize("wrong", [None, 5])
def test_psums_of_a_capture_are_judged(tmp_path, wrong):
    bundle = read_bundle(golden.FOLDER)
    expected = expected_numbers(bundle, "psum", read_operands(bundle))
    numbers = expected.reshape(-1).tolist()
    if wrong is not None:
        numbers[wrong] += 1
    rows = [f"{place},{place},0,{number & 0xFFFF:x},1" for place, number in enumerate(numbers)]
    head = "Sample in Buffer,Sample in Window,TRIGGER,psum[15:0],valid"
    path = written(tmp_path, head, *rows)
    sampling = Sampling(("psum",), "", ("valid",))
    dump = read_dump(bundle, path, sampling=sampling, order="oc oh ow")
    found = compare(bundle, dump)
    assert (found.compared, found.differ) == (len(numbers), int(wrong is not None))
    if wrong is not None:
        assert "iladata.csv time 5 lane 0 (cycle 5)" in str(found.first[0])
