"""Numbers out of a wave file: sampled before edges, filled as the standard says, refused by name."""

import shutil
import subprocess

import numpy as np
import pytest

from tests.golden import regenerate as golden
from tilewright.errors import ConfigError, FormatError
from tilewright.judge import (
    Sampling,
    compare,
    dump_shape,
    expected_numbers,
    read_dump,
    read_operands,
)
from tilewright.vectors import read_bundle
from tilewright.waves import Sample, read_samples

HEADER = """$date today $end $timescale 1ns $end
$scope module tb $end
$var wire 1 ! clk $end
$scope module dut $end
$var wire 1 ! clk $end
$var wire 8 # out [7:0] $end
$var wire 8 & wide[7:0] $end
$var wire 1 % valid $end
$var real 64 r load $end
$upscope $end
$scope module other $end $var wire 1 o out $end $upscope $end
$upscope $end
$enddefinitions $end
"""


def written(tmp_path, body, header=HEADER):
    path = tmp_path / "wave.vcd"
    path.write_text(header + body)
    return path


def bits(path, *buses, clock="clk", when=()):
    return [one.bits for one in read_samples(path, Sampling(buses, clock, when))]


def test_a_sample_is_what_stood_before_the_edge(tmp_path):
    path = written(tmp_path, "#0 $dumpvars 0! b0 # 0% $end #5 1! b101 # r0.5 r #10 0! #15 1!")
    assert read_samples(path, Sampling(("dut.out",), "tb.clk")) == [
        Sample(5, "00000000"),
        Sample(15, "00000101", cycle=1),
    ]


def test_leading_digits_are_filled_by_the_first_one(tmp_path):
    body = "#0 0! bx # #5 1! #6 bz1x10 # 0! #9 1! b01 # #10 0! #11 1! #12 B11111111 # 0! #13 1!"
    path = written(tmp_path, body)
    assert bits(path, "dut.out") == ["xxxxxxxx", "zzzz1x10", "00000001", "11111111"]


def test_a_signal_chooses_samples_and_buses_are_joined(tmp_path):
    body = "#0 0! b1 # b10 & 0% #5 1! #6 0! 1% #8 1! 0% b11 # #9 0! #10 1!"
    path = written(tmp_path, body)
    assert bits(path, "dut.out", when=("valid",)) == ["00000001"]
    assert bits(path, "wide", "dut.out", when=("valid",)) == ["00000010" + "00000001"]


def test_all_signals_must_choose_a_sample(tmp_path):
    """A word counts where it is valid and taken."""
    body = "#0 0! 1% 1o b1 # #5 1! #6 0! 0o b10 # #15 1! #16 0! 1o 0% #25 1! #26 0! 1% b11 # #35 1!"
    path = written(tmp_path, body)
    chosen = bits(path, "dut.out", when=("valid", "other.out"))
    assert chosen == ["00000001", "00000011"]
    assert bits(path, "dut.out", when=("valid",)) == ["00000001", "00000010", "00000011"]


@pytest.mark.parametrize(
    ("when", "chosen"),
    [
        ("wide=2", ["00000001"]),
        ("dut.wide[1]", ["00000001", "00000011"]),
        ("wide[1]=0", ["00000010"]),
        ("wide[1:0]!=2", ["00000010", "00000011"]),
        ("valid=0", ["00000010"]),
        ("tb.dut.valid!=0", ["00000001", "00000011"]),
    ],
)
def test_a_condition_chooses_samples(tmp_path, when, chosen):
    """A sample at which the bits are x is none of either."""
    body = "#0 0! bx & b1 # #5 1! #6 0! 1% b10 & #10 1! #11 0! 0% b10 # b100 & #15 1! #16 0! 1% b11 # b111 & "
    path = written(tmp_path, body + "#20 1!")
    assert bits(path, "dut.out", when=(when,)) == chosen


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        (Sampling(("psum",), "clk"), r"no variable 'psum'; there is tb\.clk, tb\.dut\.clk, .* and 2 more"),
        (Sampling(("dut.ou",), "clk"), r"no variable 'dut\.ou'; there is tb\.dut\.out, tb\.other\.out"),
        (Sampling(("out",), "clk"), r"'out' must be one variable, but is tb\.dut\.out, tb\.other\.out"),
        (Sampling(("dut.out",), "wide"), r"tb\.dut\.wide must be one bit wide, but has 8"),
        (
            Sampling(("dut.out",), "clk", when=("wide",)),
            r"tb\.dut\.wide must be one bit wide, but has 8: name a bit of it, or say what it must be "
            r"\(wide\[0\], wide=1\)",
        ),
        (Sampling(("dut.out",), "clk", when=("wide[8]",)), r"wide has 8 bits, so there is no wide\[8\]"),
        (Sampling(("dut.out",), "clk", when=("wide>1",)), "a condition must be like x, x=0, .* not 'wide>1'"),
    ],
)  # fmt: skip
def test_names_that_do_not_fit_are_refused(tmp_path, sampling, message):
    with pytest.raises(ConfigError, match=message):
        read_samples(written(tmp_path, "#0 0!"), sampling)


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        ("", "hello", r"must be a VCD file"),
        ("", "", r"must be a VCD file"),
        (HEADER, "#0 #x1", r"a time must be '#' and a number"),
        (HEADER, "#0 b2 #", r"must be at most 8 digits 0, 1, x or z"),
        (HEADER, "#0 b111111111 #", r"must be at most 8 digits"),
        (HEADER, "#0 b #", r"must be at most 8 digits"),
    ],
)
def test_what_is_no_wave_file_is_refused(tmp_path, header, body, message):
    with pytest.raises(FormatError, match=message):
        bits(written(tmp_path, body, header), "dut.out")


def test_a_bus_and_a_clock_must_be_named(tmp_path):
    with pytest.raises(ConfigError, match=r"give both"):
        Sampling((), "clk")
    bundle = read_bundle(golden.FOLDER)
    with pytest.raises(ConfigError, match=r"is a wave file: name --bus and --clock"):
        read_dump(bundle, written(tmp_path, "#0"))
    (tmp_path / "wave.fst").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"is a wave file: name --bus and --clock"):
        read_dump(bundle, tmp_path / "wave.fst")
    (tmp_path / "wave.fsdb").write_bytes(b"")
    with pytest.raises(FormatError, match=r"as waves: fsdb2vcd wave.fsdb -o wave.vcd"):
        read_dump(bundle, tmp_path / "wave.fsdb")


PLAYER = """
module tb;
  reg clk = 0, valid = 0;
  reg signed [15:0] number = 'x, list [0:COUNT-1];
  integer at;
  always #5 clk = ~clk;
  initial begin
    $readmemh("numbers.hex", list);
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    for (at = 0; at < COUNT; at = at + 1) begin
      @(posedge clk); #1 valid = at[0]; number = list[at];
      if (!valid) begin @(posedge clk); #1 valid = 1; end
    end
    @(posedge clk); #1 valid = 0;
    @(posedge clk); $finish;
  end
endmodule
"""


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus Verilog")
@pytest.mark.parametrize("fault", [0, 1])
def test_the_waves_of_a_simulator_give_its_numbers(tmp_path, fault):
    bundle = read_bundle(golden.FOLDER)
    psums = expected_numbers(bundle, "psum", read_operands(bundle))
    numbers = psums.reshape(-1).copy()
    numbers[3] += fault
    text = "\n".join(format(int(number) & 0xFFFF, "04x") for number in numbers)
    (tmp_path / "numbers.hex").write_text(text + "\n")
    (tmp_path / "tb.sv").write_text(PLAYER.replace("COUNT", str(numbers.size)))
    subprocess.run(["iverilog", "-g2012", "-o", "sim", "tb.sv"], cwd=tmp_path, check=True)
    subprocess.run(["vvp", "-n", "sim"], cwd=tmp_path, check=True, capture_output=True)
    sampling = Sampling(("number",), "clk", ("valid",), address="at")
    dump = read_dump(bundle, tmp_path / "wave.vcd", sampling=sampling, order="oc oh ow")
    assert dump.known.all()
    assert np.array_equal(dump.values, numbers.reshape(dump_shape(bundle, "psum")))
    found = compare(bundle, dump)
    assert (found.compared, found.differ) == (numbers.size, fault)
    if fault:
        assert "wave.vcd time" in str(found.first[0])
        assert "(cycle 6, address 4)" in str(found.first[0])
    else:
        first = read_samples(tmp_path / "wave.vcd", sampling)[0]
        told = f"wave.vcd time {first.time} lane 0 (cycle 2, address 1)"
        assert str(dump.where((0, 0, 0))) == told
    with pytest.raises(
        FormatError, match=rf"must have {numbers.size} samples of number \(psum\) at rising"
    ):
        read_dump(
            bundle, tmp_path / "wave.vcd", sampling=Sampling(("number",), "clk"), order="oc oh ow"
        )


def test_a_wide_bus_of_one_number_a_sample(tmp_path):
    """A psum of 16 bits on a bus of 32, its sign repeated: there are as many samples as numbers."""
    bundle = read_bundle(golden.FOLDER)
    psums = expected_numbers(bundle, "psum", read_operands(bundle))
    header = "$var wire 1 ! clk $end $var wire 32 # out [31:0] $end $enddefinitions $end\n"
    body = "#0 0!" + "".join(
        f" #{10 * at + 5} b{int(number) & 0xFFFFFFFF:b} # #{10 * at + 7} 1! #{10 * at + 9} 0!"
        for at, number in enumerate(psums.ravel())
    )
    path, sampling = written(tmp_path, body, header), Sampling(("out",), "clk")
    dump = read_dump(bundle, path, sampling=sampling, order="oc oh ow")
    assert np.array_equal(dump.values, psums)
