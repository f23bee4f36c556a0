"""VCD files with a variable for each bit of a bus, as ModelSim writes them, and with what has no bits."""

import numpy as np
import pytest

from tilewright.errors import ConfigError, FormatError
from tilewright.judge.in_layout import split_bits
from tilewright.waves import Sample, Sampling, read_samples

HEAD = "$scope module tb $end\n$var wire 1 ! clk $end\n$var reg 1 v valid [0] $end\n"
HEAD += "".join(f"$var wire 1 {code} psum [{bit}] $end\n" for bit, code in enumerate(",;+"))
END = "$var real 64 r scale $end\n$upscope $end\n$enddefinitions $end\n"
BODY = "#0\n0!\n1v\n0,\n1;\n1+\nr1.5 r\n#5\n1!\n#10\n0!\n1,\nx+\n#15\n1!\n"


def written(tmp_path, text=HEAD + END + BODY):
    path = tmp_path / "wave.vcd"
    path.write_text(text)
    return path


def test_the_bits_of_a_bus_are_joined(tmp_path):
    path = written(tmp_path)
    found = read_samples(path, Sampling(("psum",), "clk", ("valid",)))
    assert found == [Sample(5, "110"), Sample(15, "x11", 1)]
    assert [one.bits for one in read_samples(path, Sampling(("tb.psum[2]",), "clk"))] == ["1", "x"]
    assert [one.time for one in read_samples(path, Sampling(("psum",), "clk", ("psum=6",)))] == [5]


def test_a_bus_that_lacks_a_bit_is_none(tmp_path):
    path = written(tmp_path, HEAD.replace("psum [1]", "other [1]") + END + BODY)
    with pytest.raises(ConfigError, match=r"no variable 'psum'; there is tb\.psum\[0\]"):
        read_samples(path, Sampling(("psum",), "clk"))


def test_real_numbers_have_no_bits(tmp_path):
    with pytest.raises(ConfigError, match=r"no variable 'scale'"):
        read_samples(written(tmp_path), Sampling(("scale",), "clk"))


@pytest.mark.parametrize("bits", [64, 70, 128])
def test_numbers_of_64_bits_and_wider_registers(bits):
    numbers = [-(1 << 63), -1, 7, (1 << 63) - 1]
    digits = np.array([[int(x >> at & 1) for at in range(bits)][::-1] for x in numbers])
    values, known = split_bits(digits, 1, bits)
    assert values.ravel().tolist() == numbers
    assert known.all()


def test_a_number_of_more_than_64_bits_is_refused():
    digits = np.zeros((1, 70), np.int64)
    digits[0, 1] = 1
    with pytest.raises(FormatError, match="at most 64 bits, but one has 70"):
        split_bits(digits, 1, 70)
